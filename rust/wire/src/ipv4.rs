//! IPv4 (RFC 791 §3.1).
//!
//! ```text
//!  0       1       2       3       4
//! +---+---+-------+---------------+
//! |ver|ihl|  tos  | total length  |   ihl: header length in words of 4 bytes
//! +---+---+-------+-+-------------+ 4
//! |identification |f|  offset     |   f: reserved, don't fragment, more fragments; offset in units of 8 bytes
//! +-------+-------+-+-------------+ 8
//! |  ttl  | proto |   checksum    |
//! +-------+-------+---------------+ 12
//! |            source             |
//! +-------------------------------+ 16
//! |          destination          |
//! +-------------------------------+ 20
//! |            options            |
//! ```
use core::net::Ipv4Addr;

use crate::outcome::Broken;

mod field {
    pub const VERSION_IHL: usize = 0;
    pub const LENGTH: usize = 2;
    pub const ID: usize = 4;
    pub const FRAGMENT: usize = 6;
    pub const PROTOCOL: usize = 9;
    pub const SRC: usize = 12;
    pub const DST: usize = 16;
}

/// Bytes of the header without options.
pub const HEADER_LEN: usize = 20;

const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET_MASK: u16 = 0x1fff;

/// Values of the protocol field (IANA "Protocol Numbers"), shared with IPv6.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPV4: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// GRE.
    pub const GRE: u8 = 47;
    /// IPsec ESP.
    pub const ESP: u8 = 50;
    /// IPsec AH.
    pub const AH: u8 = 51;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// A checked IPv4 header.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks version and lengths. Options have to be there too; what follows need not be.
    ///
    /// # Errors
    /// Truncated below the header's length; malformed where version or header length cannot be.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
        let packet = Self { header };
        if header[field::VERSION_IHL] >> 4 != 4 || packet.header_len() < HEADER_LEN {
            return Err(Broken::Malformed);
        }
        if packet.header_len() > bytes.len() {
            return Err(Broken::Truncated);
        }
        Ok(packet)
    }

    /// Bytes of the header with options, 20–60.
    #[inline]
    #[must_use]
    pub fn header_len(&self) -> usize {
        usize::from(self.header[field::VERSION_IHL] & 0x0f) * 4
    }

    /// Bytes of header and payload as the sender wrote it; 0 where segmentation was left to the network card.
    #[inline]
    #[must_use]
    pub fn total_len(&self) -> usize {
        usize::from(self.word(field::LENGTH))
    }

    /// The identification: equal in all fragments of a datagram, different in its successors.
    #[inline]
    #[must_use]
    pub fn id(&self) -> u16 {
        self.word(field::ID)
    }

    /// Whether this is a fragment, the first one or a later one.
    #[inline]
    #[must_use]
    pub fn is_fragment(&self) -> bool {
        self.word(field::FRAGMENT) & (MORE_FRAGMENTS | OFFSET_MASK) != 0
    }

    /// Whether more fragments of the datagram follow.
    #[inline]
    #[must_use]
    pub fn more_fragments(&self) -> bool {
        self.word(field::FRAGMENT) & MORE_FRAGMENTS != 0
    }

    /// Where this fragment's payload starts in the datagram, in units of 8 bytes.
    #[inline]
    #[must_use]
    pub fn fragment_offset(&self) -> u16 {
        self.word(field::FRAGMENT) & OFFSET_MASK
    }

    /// What the payload is.
    #[inline]
    #[must_use]
    pub fn protocol(&self) -> u8 {
        self.header[field::PROTOCOL]
    }

    /// The source address.
    #[inline]
    #[must_use]
    pub fn src(&self) -> Ipv4Addr {
        self.addr(field::SRC)
    }

    /// The destination address.
    #[inline]
    #[must_use]
    pub fn dst(&self) -> Ipv4Addr {
        self.addr(field::DST)
    }

    #[inline]
    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }

    #[inline]
    fn addr(&self, at: usize) -> Ipv4Addr {
        let octets = [self.header[at], self.header[at + 1], self.header[at + 2], self.header[at + 3]];
        Ipv4Addr::from_bits(u32::from_be_bytes(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 20] = *b"\x45\x00\x00\x3c\x12\x34\x40\x00\x40\x06\x00\x00\x0a\x0a\x01\x01\x0a\x0a\x02\x01";

    #[test]
    fn reads_the_fields() {
        let packet = Packet::new(&HEADER).unwrap();
        assert_eq!((packet.header_len(), packet.total_len()), (20, 60));
        assert_eq!((packet.protocol(), packet.id()), (protocol::TCP, 0x1234));
        assert_eq!(packet.src(), Ipv4Addr::new(10, 10, 1, 1));
        assert_eq!(packet.dst(), Ipv4Addr::new(10, 10, 2, 1));
        assert!(!packet.more_fragments() && !packet.is_fragment());
        assert_eq!(packet.fragment_offset(), 0);
    }

    #[test]
    fn options_have_to_be_there() {
        let mut bytes = [0; 24];
        bytes[..20].copy_from_slice(&HEADER);
        bytes[0] = 0x46;
        assert_eq!(Packet::new(&bytes).unwrap().header_len(), 24);
        assert_eq!(Packet::new(&bytes[..23]).unwrap_err(), Broken::Truncated);
    }

    #[test]
    fn impossible_headers_are_malformed() {
        let mut bytes = HEADER;
        bytes[0] = 0x44;
        assert_eq!(Packet::new(&bytes).unwrap_err(), Broken::Malformed);
        bytes[0] = 0x65;
        assert_eq!(Packet::new(&bytes).unwrap_err(), Broken::Malformed);
        assert_eq!(Packet::new(&HEADER[..19]).unwrap_err(), Broken::Truncated);
    }

    #[test]
    fn fragments_are_told() {
        let mut bytes = HEADER;
        bytes[6..8].copy_from_slice(&0x20b9_u16.to_be_bytes());
        let packet = Packet::new(&bytes).unwrap();
        assert!(packet.more_fragments() && packet.is_fragment());
        assert_eq!(packet.fragment_offset(), 185);
    }
}
