//! A packet socket and the questions that can be asked of an interface (packet(7), netdevice(7)).

use std::ffi::{CString, c_int, c_void};
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{SOL_PACKET, SOL_SOCKET, socklen_t};

use crate::filter::Instruction;
use crate::sys::poll::poll_for_input;
use crate::sys::ring::Shape;

/// PACKET_FANOUT_FLAG_IGNORE_OUTGOING (linux/if_packet.h, since Linux 5.7).
const FANOUT_FLAG_IGNORE_OUTGOING: u32 = 0x4000;

/// Since the last look: packets lost for want of room, and times the ring was full.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) drops: u32,
    pub(crate) freezes: u32,
}

/// Why a wait ended.
#[derive(Debug)]
pub(crate) enum Wake {
    Ready,
    TimedOut,
    Failed(io::Error),
}

/// A packet socket; closing it gives back its ring and its wish for promiscuity.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// Opens a socket that receives nothing until it is bound (protocol 0).
    pub(crate) fn open() -> io::Result<Self> {
        // SAFETY: a plain system call without pointers.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call above has just made this descriptor and nobody else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Puts a filter in place of the present one, without a gap.
    pub(crate) fn attach(&self, program: &[Instruction]) -> io::Result<()> {
        self.set_program(SOL_SOCKET, libc::SO_ATTACH_FILTER, program)
    }

    fn set_program(&self, level: c_int, option: c_int, program: &[Instruction]) -> io::Result<()> {
        let mut copy: Vec<libc::sock_filter> = program
            .iter()
            .map(|step| libc::sock_filter { code: step.code, jt: step.jt, jf: step.jf, k: step.k })
            .collect();
        let len = u16::try_from(copy.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let filter = libc::sock_fprog { len, filter: copy.as_mut_ptr() };
        self.set(level, option, &filter)
    }

    /// Shares the packets of its interface with others: takes a place in `group`, or in a new one. Returns the group.
    ///
    /// Which member a packet goes to, `spread` tells; members count from 0 in the order in which they joined. A group
    /// does not know what its members leave out: `ignores_outgoing` says it of all.
    pub(crate) fn join(&self, group: Option<u16>, ignores_outgoing: bool) -> io::Result<u16> {
        let new = if group.is_some() { 0 } else { libc::PACKET_FANOUT_FLAG_UNIQUEID };
        let leaves_out = if ignores_outgoing { FANOUT_FLAG_IGNORE_OUTGOING } else { 0 };
        let kind = libc::PACKET_FANOUT_CBPF | new | leaves_out;
        self.set(SOL_PACKET, libc::PACKET_FANOUT, &(u32::from(group.unwrap_or(0)) | kind << 16))?;
        // The lower half is the group's number.
        Ok(self.get::<u32>(SOL_PACKET, libc::PACKET_FANOUT)? as u16)
    }

    /// Puts the program in place that tells the members of its group apart.
    pub(crate) fn spread(&self, program: &[Instruction]) -> io::Result<()> {
        self.set_program(SOL_PACKET, libc::PACKET_FANOUT_DATA, program)
    }

    /// Asks for a receive ring of version 3 of this shape.
    pub(crate) fn make_ring(&self, shape: Shape) -> io::Result<()> {
        let version: c_int = libc::tpacket_versions::TPACKET_V3 as c_int;
        self.set(SOL_PACKET, libc::PACKET_VERSION, &version)?;
        self.set(SOL_PACKET, libc::PACKET_RX_RING, &shape.request())
    }

    /// Begins to receive from the interface with this index, all protocols.
    pub(crate) fn bind(&self, index: u32) -> io::Result<()> {
        // SAFETY: all-zero bytes are a valid sockaddr_ll.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = index as c_int;
        // SAFETY: the pointer and the length describe `address`, which outlives the call.
        let failed = unsafe {
            libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), size_of::<libc::sockaddr_ll>() as socklen_t)
        };
        if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// The index of the interface that the socket is bound to; None once that interface is gone.
    pub(crate) fn bound_to(&self) -> Option<u32> {
        // SAFETY: all-zero bytes are a valid sockaddr_ll.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        let mut length = size_of::<libc::sockaddr_ll>() as socklen_t;
        // SAFETY: the pointers describe `address` and its length, and both outlive the call.
        let failed = unsafe { libc::getsockname(self.0.as_raw_fd(), (&raw mut address).cast(), &raw mut length) };
        if failed == 0 { u32::try_from(address.sll_ifindex).ok().filter(|&index| index > 0) } else { None }
    }

    /// Wants frames for other hosts too, as long as this socket lives.
    pub(crate) fn be_promiscuous(&self, index: u32) -> io::Result<()> {
        self.set(SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &promiscuity(index))
    }

    /// Takes that back, where the interface is still there.
    pub(crate) fn be_discreet(&self) -> io::Result<()> {
        self.bound_to().map_or(Ok(()), |index| self.set(SOL_PACKET, libc::PACKET_DROP_MEMBERSHIP, &promiscuity(index)))
    }

    /// Leaves out what this machine itself sends.
    pub(crate) fn ignore_outgoing(&self) -> io::Result<()> {
        let on: c_int = 1;
        self.set(SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &on)
    }

    /// Reads the kernel's counters, which begin at zero again.
    pub(crate) fn take_statistics(&self) -> io::Result<Statistics> {
        let taken: libc::tpacket_stats_v3 = self.get(SOL_PACKET, libc::PACKET_STATISTICS)?;
        Ok(Statistics { drops: taken.tp_drops, freezes: taken.tp_freeze_q_cnt })
    }

    /// Waits for a block to be handed over, at most `milliseconds`.
    pub(crate) fn wait(&self, milliseconds: i32) -> Wake {
        match poll_for_input(self.0.as_fd(), milliseconds) {
            Ok(0) => Wake::TimedOut,
            Ok(events) if events & (libc::POLLERR | libc::POLLNVAL | libc::POLLHUP) != 0 => self.failure(),
            Ok(_) => Wake::Ready,
            Err(error) => Wake::Failed(error),
        }
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Takes the error that woke a wait.
    fn failure(&self) -> Wake {
        match self.get::<c_int>(SOL_SOCKET, libc::SO_ERROR) {
            Ok(0) => Wake::Ready,
            Ok(number) => Wake::Failed(io::Error::from_raw_os_error(number)),
            Err(error) => Wake::Failed(error),
        }
    }

    fn set<T>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        // SAFETY: the pointer and the length describe `value`, which the kernel only reads during the call.
        let failed = unsafe {
            let pointer = std::ptr::from_ref(value).cast::<c_void>();
            libc::setsockopt(self.0.as_raw_fd(), level, option, pointer, size_of::<T>() as socklen_t)
        };
        if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// `T` must be a plain C value for which all-zero bytes are valid: every caller above asks for integers or a
    /// struct of integers.
    fn get<T: Copy>(&self, level: c_int, option: c_int) -> io::Result<T> {
        // SAFETY: see above.
        let mut value: T = unsafe { zeroed() };
        let mut length = size_of::<T>() as socklen_t;
        // SAFETY: the kernel writes at most `length` bytes, the size of `value`.
        let failed = unsafe {
            let pointer = (&raw mut value).cast::<c_void>();
            libc::getsockopt(self.0.as_raw_fd(), level, option, pointer, &raw mut length)
        };
        if failed == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
    }
}

fn promiscuity(index: u32) -> libc::packet_mreq {
    libc::packet_mreq {
        mr_ifindex: index as c_int,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    }
}

/// The index of the interface with this name; None where there is none.
pub(crate) fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the pointer is to a string that ends with a zero byte and outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => None,
        index => Some(index),
    }
}

/// The flags (IFF_*) of the interface with this name; None where there is none.
pub(crate) fn interface_flags(socket: &Socket, name: &str) -> Option<i32> {
    let answer = ask(socket, name, libc::SIOCGIFFLAGS)?;
    // SAFETY: this request fills this member of the union.
    Some(i32::from(unsafe { answer.ifr_ifru.ifru_flags }))
}

/// The hardware type (ARPHRD_*) of the interface with this name; None where there is none.
pub(crate) fn interface_hardware(socket: &Socket, name: &str) -> Option<u16> {
    let answer = ask(socket, name, libc::SIOCGIFHWADDR)?;
    // SAFETY: this request fills this member of the union.
    Some(unsafe { answer.ifr_ifru.ifru_hwaddr.sa_family })
}

fn ask(socket: &Socket, name: &str, request: libc::Ioctl) -> Option<libc::ifreq> {
    // SAFETY: all-zero bytes are a valid ifreq.
    let mut answer: libc::ifreq = unsafe { zeroed() };
    if name.len() >= answer.ifr_name.len() {
        return None;
    }
    for (to, from) in answer.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the SIOCGIF* requests read the name, which ends with a zero byte, and write into the same struct.
    let failed = unsafe { libc::ioctl(socket.descriptor(), request, &raw mut answer) };
    (failed == 0).then_some(answer)
}
