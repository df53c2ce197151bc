//! GRE (RFC 2784 §2, with the key and sequence number of RFC 2890 §2).
//!
//! ```text
//!  0       2       4               8               12              16
//! +-------+-------+---------------+---------------+---------------+----
//! | flags | type  | check, 2 × 0  |      key      |   sequence    | payload
//! +-------+-------+---------------+---------------+---------------+----
//!                  with flag c     with flag k     with flag s
//! flags: c = 0x8000, k = 0x2000, s = 0x1000; the lowest 3 bits are the version
//! type: an Ethernet type; 0x6558 = an Ethernet frame, 0x88be and 0x22eb = ERSPAN
//! ```
use crate::outcome::Broken;

mod field {
    pub const FLAGS: usize = 0;
    pub const TYPE: usize = 2;
}

mod flag {
    pub const CHECKSUM: u16 = 0x8000;
    pub const ROUTING: u16 = 0x4000;
    pub const KEY: u16 = 0x2000;
    pub const SEQUENCE: u16 = 0x1000;
    pub const VERSION: u16 = 0x0007;
}

/// Values of the type field beyond those of [`crate::ethernet::ethertype`].
pub mod kind {
    /// An Ethernet frame (RFC 1701 §"Current List of Protocol Types").
    pub const ETHERNET: u16 = 0x6558;
    /// ERSPAN type I or II.
    pub const ERSPAN: u16 = 0x88be;
    /// ERSPAN type III.
    pub const ERSPAN3: u16 = 0x22eb;
}

/// Bytes of the header without optional fields.
pub const HEADER_LEN: usize = 4;

/// A checked GRE header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    flags: u16,
    protocol: u16,
    key: Option<u32>,
}

impl Packet {
    /// Checks the length of the header, the optional fields included.
    ///
    /// # Errors
    /// Truncated where the header is not all there; malformed where it is of another version than 0 (PPTP's is 1) or
    /// carries the routes of RFC 1701, which RFC 2784 §2.3 says to discard.
    #[inline]
    pub fn new(bytes: &[u8]) -> Result<Self, Broken> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let flags = word(field::FLAGS);
        if flags & (flag::ROUTING | flag::VERSION) != 0 {
            return Err(Broken::Malformed);
        }
        let mut packet = Self { flags, protocol: word(field::TYPE), key: None };
        if bytes.len() < packet.header_len() {
            return Err(Broken::Truncated);
        }
        if packet.has(flag::KEY) {
            let at = HEADER_LEN + if packet.has(flag::CHECKSUM) { 4 } else { 0 };
            packet.key = bytes[at..].first_chunk().map(|key| u32::from_be_bytes(*key));
        }
        Ok(packet)
    }

    /// Bytes of the header with its optional fields, 4–16.
    #[inline]
    #[must_use]
    pub fn header_len(&self) -> usize {
        let optional = self.flags & (flag::CHECKSUM | flag::KEY | flag::SEQUENCE);
        HEADER_LEN + 4 * optional.count_ones() as usize
    }

    /// What follows.
    #[inline]
    #[must_use]
    pub fn protocol(&self) -> u16 {
        self.protocol
    }

    /// The key, where there is one.
    #[inline]
    #[must_use]
    pub fn key(&self) -> Option<u32> {
        self.key
    }

    /// Whether there is a sequence number.
    #[inline]
    #[must_use]
    pub fn has_sequence(&self) -> bool {
        self.has(flag::SEQUENCE)
    }

    /// Whether there is a checksum.
    #[inline]
    #[must_use]
    pub fn has_checksum(&self) -> bool {
        self.has(flag::CHECKSUM)
    }

    #[inline]
    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_header() {
        let packet = Packet::new(b"\0\0\x08\0").unwrap();
        assert_eq!((packet.header_len(), packet.protocol(), packet.key()), (4, 0x0800, None));
        assert!(!packet.has_sequence() && !packet.has_checksum());
    }

    #[test]
    fn every_optional_field() {
        let packet = Packet::new(b"\xb0\0\x65\x58\x12\x34\0\0\0\0\0\x2a\0\0\0\x01").unwrap();
        assert_eq!((packet.header_len(), packet.protocol(), packet.key()), (16, 0x6558, Some(42)));
        assert!(packet.has_sequence() && packet.has_checksum());
        let packet = Packet::new(b"\x20\0\x08\0\xff\xff\xff\xff").unwrap();
        assert_eq!((packet.header_len(), packet.key()), (8, Some(u32::MAX)));
    }

    #[test]
    fn short_headers_are_truncated() {
        assert_eq!(Packet::new(b"\0\0\x08").unwrap_err(), Broken::Truncated);
        assert_eq!(Packet::new(b"\x20\0\x08\0\0\0\0").unwrap_err(), Broken::Truncated);
        assert_eq!(Packet::new(b"\xb0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0").unwrap_err(), Broken::Truncated);
    }

    #[test]
    fn routes_and_other_versions_are_malformed() {
        assert_eq!(Packet::new(b"\x40\0\x08\0\0\0\0\0").unwrap_err(), Broken::Malformed);
        assert_eq!(Packet::new(b"\x30\x01\x88\x0b\0\0\0\0\0\0\0\0").unwrap_err(), Broken::Malformed);
    }
}
