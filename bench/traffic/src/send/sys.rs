//! A packet socket to send with, and the choice of a CPU.
#![allow(unsafe_code)]
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A raw packet socket, bound to one interface, that takes part in receiving nothing.
pub struct Socket(OwnedFd);

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
        let on: libc::c_int = 1;
        socket.set(libc::PACKET_QDISC_BYPASS, &on)?;
        socket.bind(index)?;
        Ok(socket)
    }

    /// Sets one of its options (packet(7)).
    pub fn set<T>(&self, option: libc::c_int, value: &T) -> io::Result<()> {
        let length = size_of::<T>() as libc::socklen_t;
        let pointer = std::ptr::from_ref(value).cast();
        // SAFETY: `value` is of `length` bytes, lives through the call, and is only read.
        let done = unsafe { libc::setsockopt(self.0.as_raw_fd(), libc::SOL_PACKET, option, pointer, length) };
        checked(done).map(drop)
    }

    /// What the kernel knows it by.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
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

/// What a system call that returns a number came to.
pub fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
