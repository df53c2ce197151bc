//! Who held which address when.
use core::net::IpAddr;

/// One endpoint held one address for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The cluster that says so, 1 or more.
    pub cluster: u16,
    /// The address.
    pub addr: IpAddr,
    /// The endpoint, 1 or more.
    pub endpoint: u32,
    /// Since when, nanoseconds since the Unix epoch.
    pub from_ns: u64,
    /// Until when (not included); None while it lasts.
    pub until_ns: Option<u64>,
}
