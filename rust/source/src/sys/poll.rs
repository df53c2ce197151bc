//! Waiting for one descriptor (poll(2)).

use std::ffi::c_short;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Waits until `fd` has something to tell, at most `milliseconds`. Returns what: a set of POLL* bits, empty where the
/// time was up or a signal came.
pub(super) fn poll_for_input(fd: BorrowedFd<'_>, milliseconds: i32) -> io::Result<c_short> {
    let mut wanted = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one pollfd that outlives the call, and the count says one.
    let ready = unsafe { libc::poll(&raw mut wanted, 1, milliseconds) };
    if ready >= 0 {
        return Ok(if ready == 0 { 0 } else { wanted.revents });
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        error => Err(error),
    }
}

/// Waits until a read from `fd` would give bytes, the end, or an error. Returns false where the time was up first.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, milliseconds: i32) -> io::Result<bool> {
    Ok(poll_for_input(fd, milliseconds)? != 0)
}

/// Makes a named pipe that its owner may use.
#[cfg(test)]
pub(crate) fn make_fifo(path: &std::ffi::CStr) -> io::Result<()> {
    // SAFETY: the pointer is to a string that ends with a zero byte and outlives the call.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
