//! IP right behind IP: IPIP (RFC 2003), SIT (RFC 4213 §3) and what Linux calls ip6tnl (RFC 2473). FOU and flannel's
//! `udp` backend put the same behind a UDP header: `fou` of Linux with the IP protocols 4 and 41, and flannel's
//! `pkg/backend/udp`, which has no header of its own.
//!
//! ```text
//! +------------------------+                     +------------------------+
//! | IPv4, protocol 4 or 41 |                     | IPv4 or IPv6           |
//! | IPv6, next    4 or 41  |                     +------------------------+
//! +------------------------+                     | UDP to the given port  |
//! | IPv4 (4) or IPv6 (41)  |                     +------------------------+
//! +------------------------+                     | IPv4 or IPv6           |
//! | …                      |                     +------------------------+
//! ```
use crate::encap::Encap;
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::outcome::Broken;

/// The Ethernet type of what follows an IP header with this protocol; None where it is not IP.
#[inline]
#[must_use]
pub const fn inner(number: u8) -> Option<u16> {
    match number {
        protocol::IPV4 => Some(ethertype::IPV4),
        protocol::IPV6 => Some(ethertype::IPV6),
        _ => None,
    }
}

/// The name of the tunnel between nodes that carries IP of the Ethernet type `inner` over IPv6 or IPv4.
#[inline]
#[must_use]
pub const fn kind(is_over_v6: bool, inner: u16) -> Encap {
    match (is_over_v6, inner) {
        (true, _) => Encap::Ip6tnl,
        (false, ethertype::IPV6) => Encap::Sit,
        (false, _) => Encap::Ipip,
    }
}

/// The Ethernet type of an IP packet, by its first byte.
///
/// # Errors
/// Truncated where there is none; malformed where the version is neither 4 nor 6.
#[inline]
pub fn ethertype_of(bytes: &[u8]) -> Result<u16, Broken> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => Ok(ethertype::IPV4),
        Some(6) => Ok(ethertype::IPV6),
        Some(_) => Err(Broken::Malformed),
        None => Err(Broken::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_tell_what_follows() {
        assert_eq!((inner(4), inner(41), inner(6)), (Some(0x0800), Some(0x86dd), None));
    }

    #[test]
    fn tunnels_have_the_names_that_linux_gives_them() {
        assert_eq!((kind(false, 0x0800), kind(false, 0x86dd)), (Encap::Ipip, Encap::Sit));
        assert_eq!((kind(true, 0x0800), kind(true, 0x86dd)), (Encap::Ip6tnl, Encap::Ip6tnl));
    }

    #[test]
    fn the_first_byte_tells_the_version() {
        assert_eq!((ethertype_of(b"\x45"), ethertype_of(b"\x60")), (Ok(0x0800), Ok(0x86dd)));
        assert_eq!((ethertype_of(b"\x50"), ethertype_of(b"")), (Err(Broken::Malformed), Err(Broken::Truncated)));
    }
}
