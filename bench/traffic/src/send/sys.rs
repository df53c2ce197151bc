//! The only unsafe code of this crate: a packet socket to send with, and the choice of a CPU.
#![allow(unsafe_code)]
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A raw packet socket, bound to one interface, that takes part in receiving nothing.
pub struct Socket(OwnedFd);

/// The arrays that `sendmmsg` reads, made once.
pub struct Batch {
    parts: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

/// Keeps this thread on one CPU.
pub fn pin(cpu: usize) -> io::Result<()> {
    // SAFETY: an all-zero `cpu_set_t` is an empty set; it is a plain array of bits.
    let mut set: libc::cpu_set_t = unsafe { zeroed() };
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: `cpu` lies within the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` is a whole `cpu_set_t`, read only during the call.
    checked(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) }).map(drop)
}

/// CPU time of this process so far, the kernel's for it included.
pub fn cpu_seconds() -> f64 {
    // SAFETY: `rusage` is plain numbers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { zeroed() };
    // SAFETY: `usage` is a whole `rusage`, written only during the call.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

impl Socket {
    /// Opens one on the interface, past its queueing discipline.
    pub fn open(interface: &str) -> io::Result<Self> {
        let name = CString::new(interface)?;
        // SAFETY: `name` ends with a zero and lives through the call.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        if index == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: no memory is passed.
        let descriptor = checked(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: `descriptor` was just opened, and nobody else has it.
        let socket = Self(unsafe { OwnedFd::from_raw_fd(descriptor) });
        socket.set_bypass()?;
        socket.bind(index)?;
        Ok(socket)
    }

    fn set_bypass(&self) -> io::Result<()> {
        let on: libc::c_int = 1;
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        let option = libc::PACKET_QDISC_BYPASS;
        // SAFETY: `on` is an int of `length` bytes that lives through the call.
        let done =
            unsafe { libc::setsockopt(self.0.as_raw_fd(), libc::SOL_PACKET, option, (&raw const on).cast(), length) };
        checked(done).map(drop)
    }

    fn bind(&self, index: u32) -> io::Result<()> {
        // SAFETY: `sockaddr_ll` is plain numbers, for which zero is valid.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_ifindex = index as i32;
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: `address` is a whole `sockaddr_ll` of `length` bytes that lives through the call.
        checked(unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
    }
}

impl Batch {
    /// Room for this many frames at once.
    pub fn new(room: usize) -> Self {
        Self { parts: Vec::with_capacity(room), messages: Vec::with_capacity(room) }
    }

    /// Sends the frames. Returns how many the kernel took, which may be fewer; waits where it has no room at all.
    pub fn send(&mut self, socket: &Socket, frames: &[Vec<u8>]) -> io::Result<usize> {
        self.parts.clear();
        self.messages.clear();
        let part = |frame: &Vec<u8>| libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() };
        self.parts.extend(frames.iter().map(part));
        for part in &mut self.parts {
            // SAFETY: `mmsghdr` is numbers and pointers, for which zero (none) is valid.
            let mut message: libc::mmsghdr = unsafe { zeroed() };
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
            self.messages.push(message);
        }
        let count = self.messages.len() as libc::c_uint;
        loop {
            // SAFETY: `count` messages are there; each points at one of `parts`, which points at a frame that is only
            // read. All live through the call.
            let sent = unsafe { libc::sendmmsg(socket.0.as_raw_fd(), self.messages.as_mut_ptr(), count, 0) };
            match checked(sent) {
                Ok(sent) => return Ok(sent as usize),
                Err(reason) if reason.raw_os_error() == Some(libc::ENOBUFS) => std::thread::yield_now(),
                Err(reason) => return Err(reason),
            }
        }
    }
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
