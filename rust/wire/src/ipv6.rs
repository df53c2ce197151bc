//! IPv6 (RFC 8200 §3) and the walk over its extension headers (§4).
//!
//! ```text
//!  0       1       2       3       4
//! +---+-------+-------------------+
//! |ver|class  |    flow label     |
//! +---+-------+---+-------+-------+ 4
//! |payload length |  next | hops  |
//! +---------------+-------+-------+ 8
//! |            source             |
//! |              …                |
//! +-------------------------------+ 24
//! |          destination          |
//! |              …                |
//! +-------------------------------+ 40
//!
//! extension header                    fragment header (§4.5)
//! +-------+-------+----               +-------+-------+-------------+-+
//! |  next |  len  | …                 |  next |   0   |   offset    |m|  offset in units of 8 bytes, m: more
//! +-------+-------+----               +-------+-------+-------------+-+ 4
//!                                     |        identification         |
//! ```
use core::net::Ipv6Addr;

use crate::outcome::Broken;

mod field {
    pub const VERSION: usize = 0;
    pub const LENGTH: usize = 4;
    pub const NEXT: usize = 6;
    pub const SRC: usize = 8;
    pub const DST: usize = 24;
    pub const EXT_NEXT: usize = 0;
    pub const EXT_LEN: usize = 1;
    pub const FRAGMENT: usize = 2;
    pub const FRAGMENT_ID: usize = 4;
    pub const ROUTING_TYPE: usize = 2;
    pub const SEGMENTS_LEFT: usize = 3;
    pub const ROUTING_ADDRS: usize = 8;
}

/// Routing headers whose addresses are told (IANA "Routing Types").
mod routing {
    /// The source route of RFC 2460 §4.4: hosts discard it (RFC 5095), mirrors see it.
    pub const SOURCE_ROUTE: u8 = 0;
    /// Mobile IPv6 (RFC 6275 §6.4).
    pub const HOME_ADDRESS: u8 = 2;
    /// Segment routing (RFC 8754 §2): the last segment comes first.
    pub const SEGMENTS: u8 = 4;
}

/// Bytes of the fixed header.
pub const HEADER_LEN: usize = 40;

/// The most extension headers that are walked over. Each kind should occur once (RFC 8200 §4.1), so 8 is generous.
pub const MAX_EXTENSIONS: usize = 8;

/// Extension headers that are walked over (IANA "IPv6 Extension Header Types").
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION: u8 = 60;
    pub const MOBILITY: u8 = 135;
    pub const HIP: u8 = 139;
    pub const SHIM6: u8 = 140;
}

/// A checked fixed header.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks length and version.
    ///
    /// # Errors
    /// Truncated below 40 bytes; malformed where the version is not 6.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
        if header[field::VERSION] >> 4 != 6 {
            return Err(Broken::Malformed);
        }
        Ok(Self { header })
    }

    /// Bytes after the fixed header; 0 for jumbograms (RFC 2675).
    #[inline]
    #[must_use]
    pub fn payload_len(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[field::LENGTH], self.header[field::LENGTH + 1]]))
    }

    /// What follows the fixed header.
    #[inline]
    #[must_use]
    pub fn next_header(&self) -> u8 {
        self.header[field::NEXT]
    }

    /// The source address.
    #[inline]
    #[must_use]
    pub fn src(&self) -> Ipv6Addr {
        self.addr(field::SRC)
    }

    /// The destination address.
    #[inline]
    #[must_use]
    pub fn dst(&self) -> Ipv6Addr {
        self.addr(field::DST)
    }

    #[inline]
    fn addr(&self, at: usize) -> Ipv6Addr {
        let octets: &[u8; 16] = self.header[at..].first_chunk().unwrap_or(&[0; 16]);
        Ipv6Addr::from_bits(u128::from_be_bytes(*octets))
    }
}

/// Where the extension headers led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upper {
    /// What the payload is.
    pub protocol: u8,
    /// Bytes of all extension headers.
    pub len: usize,
    /// Whether the datagram is in fragments.
    pub fragmented: bool,
    /// Where this fragment's payload starts in the datagram, in units of 8 bytes.
    pub fragment_offset: u16,
    /// The identification in the fragment header; 0 without one.
    pub fragment_id: u32,
    /// The destination in the end, where the one in the fixed header is only the next on the way: a routing header with
    /// segments left (RFC 8200 §4.4). Upper layers know no other (§8.1).
    pub destination: Option<Ipv6Addr>,
}

/// Why the walk stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkError {
    /// The captured bytes end within an extension header.
    Truncated,
    /// More extension headers than are walked over.
    TooDeep,
}

/// Walks over the extension headers in `bytes`, which starts right after the fixed header.
///
/// The walk stops at a second or later fragment: what follows there is payload.
///
/// # Errors
/// See [`WalkError`].
#[inline]
pub fn upper(next_header: u8, bytes: &[u8]) -> Result<Upper, WalkError> {
    let mut upper = Upper {
        protocol: next_header,
        len: 0,
        fragmented: false,
        fragment_offset: 0,
        fragment_id: 0,
        destination: None,
    };
    for _ in 0..=MAX_EXTENSIONS {
        let is_last_fragment = upper.fragment_offset != 0;
        if is_last_fragment || !is_extension(upper.protocol) {
            return Ok(upper);
        }
        step(&mut upper, bytes)?;
    }
    Err(WalkError::TooDeep)
}

fn step(upper: &mut Upper, bytes: &[u8]) -> Result<(), WalkError> {
    let rest = bytes.get(upper.len..).ok_or(WalkError::Truncated)?;
    let header: &[u8; 8] = rest.first_chunk().ok_or(WalkError::Truncated)?;
    let units = usize::from(header[field::EXT_LEN]);
    if upper.protocol == extension::ROUTING && header[field::SEGMENTS_LEFT] != 0 {
        upper.destination = end_of_route(header[field::ROUTING_TYPE], units, rest).or(upper.destination);
    }
    upper.len += match upper.protocol {
        extension::FRAGMENT => 8,
        // RFC 4302 §2.2: in words of 4 bytes, minus 2.
        extension::AUTHENTICATION => (units + 2) * 4,
        _ => (units + 1) * 8,
    };
    if upper.protocol == extension::FRAGMENT {
        let word = u16::from_be_bytes([header[field::FRAGMENT], header[field::FRAGMENT + 1]]);
        upper.fragment_offset = word >> 3;
        let id = [0, 1, 2, 3].map(|i| header[field::FRAGMENT_ID + i]);
        upper.fragment_id = u32::from_be_bytes(id);
        // An "atomic" fragment (RFC 6946) is the whole datagram.
        upper.fragmented |= word >> 3 != 0 || word & 1 != 0;
    }
    upper.protocol = header[field::EXT_NEXT];
    Ok(())
}

/// Where a routing header with so many units of 8 bytes leads; None where its type is not known, or it is cut off.
#[cold]
fn end_of_route(kind: u8, units: usize, header: &[u8]) -> Option<Ipv6Addr> {
    let last = match kind {
        routing::SEGMENTS | routing::HOME_ADDRESS => 0,
        routing::SOURCE_ROUTE => (units / 2).checked_sub(1)?,
        _ => return None,
    };
    let is_within = (last + 1) * 2 <= units;
    let octets: &[u8; 16] = header.get(field::ROUTING_ADDRS + last * 16..)?.first_chunk()?;
    is_within.then(|| Ipv6Addr::from_bits(u128::from_be_bytes(*octets)))
}

/// Whether an extension header follows that is walked over.
#[inline]
#[must_use]
pub const fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::FRAGMENT
            | extension::AUTHENTICATION
            | extension::DESTINATION
            | extension::MOBILITY
            | extension::HIP
            | extension::SHIM6
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields() {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(b"\x60\x00\x00\x00\x00\x14\x06\x40");
        bytes[8..24].copy_from_slice(b"\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
        bytes[24..40].copy_from_slice(b"\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02");
        let packet = Packet::new(&bytes).unwrap();
        assert_eq!((packet.payload_len(), packet.next_header()), (20, 6));
        assert_eq!(packet.src(), "fd00::1".parse::<Ipv6Addr>().unwrap());
        assert_eq!(packet.dst(), "fd00::2".parse::<Ipv6Addr>().unwrap());
        assert_eq!(Packet::new(&bytes[..39]).unwrap_err(), Broken::Truncated);
        bytes[0] = 0x45;
        assert_eq!(Packet::new(&bytes).unwrap_err(), Broken::Malformed);
    }

    #[test]
    fn extension_headers_are_walked_over() {
        let bytes = b"\x3c\x00\0\0\0\0\0\0\x06\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let found = upper(extension::HOP_BY_HOP, bytes).unwrap();
        assert_eq!((found.protocol, found.len, found.fragmented, found.destination), (6, 24, false, None));
        assert_eq!(upper(extension::HOP_BY_HOP, &bytes[..15]), Err(WalkError::Truncated));
    }

    #[test]
    fn a_route_leads_to_its_last_segment() {
        let addr = |last: u8| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(last));
        let route = |kind: u8, left: u8, addrs: &[u8]| {
            let mut bytes = vec![6, (addrs.len() * 2) as u8, kind, left, 0, 0, 0, 0];
            addrs.iter().for_each(|&last| bytes.extend(addr(last).octets()));
            upper(extension::ROUTING, &bytes).unwrap().destination
        };
        assert_eq!(route(routing::SEGMENTS, 1, &[2, 1]), Some(addr(2)));
        assert_eq!(route(routing::SOURCE_ROUTE, 2, &[1, 2]), Some(addr(2)));
        assert_eq!(route(routing::HOME_ADDRESS, 1, &[2]), Some(addr(2)));
        assert_eq!(route(routing::SEGMENTS, 0, &[2, 1]), None);
        assert_eq!((route(routing::SEGMENTS, 1, &[]), route(routing::SOURCE_ROUTE, 1, &[])), (None, None));
        assert_eq!(route(3, 1, &[2]), None);
    }

    #[test]
    fn authentication_counts_in_words_of_four() {
        let bytes = b"\x06\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(upper(extension::AUTHENTICATION, bytes).unwrap().len, 24);
    }

    #[test]
    fn the_walk_stops_at_later_fragments() {
        // Offset 1 (8 bytes), more to come; the next header would be another extension.
        let later = upper(extension::FRAGMENT, b"\x3c\x00\x00\x09\0\0\0\x01").unwrap();
        assert!(later.fragmented);
        assert_eq!(later.fragment_id, 1);
        assert_eq!((later.fragment_offset, later.protocol), (1, extension::DESTINATION));
        let atomic = upper(extension::FRAGMENT, b"\x06\x00\x00\x00\0\0\0\x01").unwrap();
        assert!(!atomic.fragmented);
    }

    #[test]
    fn endless_chains_are_too_deep() {
        assert_eq!(upper(extension::HOP_BY_HOP, &[0; 256]), Err(WalkError::TooDeep));
    }
}
