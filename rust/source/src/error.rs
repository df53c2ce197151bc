//! What can go wrong with a source, each in one sentence for the person at the console.

use std::fmt;
use std::io;

/// The result of opening or reading a source.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a source cannot be used.
#[derive(Debug)]
pub enum Error {
    /// No network interface has this name.
    NoInterface(String),
    /// The process may not open packet sockets.
    NotAllowed(String),
    /// The interface carries frames that nobody here can read; the number is its ARPHRD type.
    UnknownLink(String, u16),
    /// A system call on the interface failed: name, what was tried, and how it failed.
    Interface(String, &'static str, io::Error),
    /// The file cannot be opened or read: path and reason.
    File(String, io::Error),
    /// The input is no capture that can be read: what it is called and why.
    Foreign(String, String),
}

/// What the system says of a failure, without the number it goes by.
#[must_use]
pub fn plain(reason: &io::Error) -> String {
    let text = reason.to_string();
    match text.rfind(" (os error ") {
        Some(at) if reason.raw_os_error().is_some() => text[..at].to_lowercase(),
        _ => text,
    }
}

fn file(f: &mut fmt::Formatter<'_>, path: &str, reason: &io::Error) -> fmt::Result {
    match (reason.kind(), reason.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => write!(f, "There is no file {path}"),
        (io::ErrorKind::PermissionDenied, _) => {
            write!(f, "{path} may not be read: change its rights, or run podwire as its owner")
        }
        (_, Some(libc::EMFILE | libc::ENFILE)) => {
            write!(
                f,
                "{path} cannot be opened beside so many others: allow more with `ulimit -n`, or read fewer at once"
            )
        }
        _ => write!(f, "{path} cannot be read: {}", plain(reason)),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInterface(name) => {
                write!(f, "there is no network interface '{name}': see `ip link` for those that exist")
            }
            Self::NotAllowed(name) => write!(
                f,
                "reading from '{name}' needs the right CAP_NET_RAW: run as root or give the program that capability"
            ),
            Self::UnknownLink(name, hardware) => write!(
                f,
                "'{name}' carries neither Ethernet nor bare IP (link type {hardware}): choose another interface"
            ),
            Self::Interface(name, tried, reason) => write!(f, "'{name}': cannot {tried}: {}", plain(reason)),
            Self::File(path, reason) => file(f, path, reason),
            Self::Foreign(name, why) => write!(f, "{name} {why}"),
        }
    }
}

impl std::error::Error for Error {}
