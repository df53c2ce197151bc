//! Ethernet II (IEEE 802.3 §3.2).
//!
//! ```text
//!  0                   6                   12      14
//! +-------------------+-------------------+-------+----
//! |    destination    |      source       | type  | payload
//! +-------------------+-------------------+-------+----
//! ```
use crate::outcome::Broken;

mod field {
    use core::ops::Range;
    pub const DST: Range<usize> = 0..6;
    pub const SRC: Range<usize> = 6..12;
    pub const TYPE: usize = 12;
}

/// Bytes of the header.
pub const HEADER_LEN: usize = 14;

/// Values of the type field: the IEEE 802 numbers that IANA lists as "EtherType".
pub mod ethertype {
    /// IPv4.
    pub const IPV4: u16 = 0x0800;
    /// ARP.
    pub const ARP: u16 = 0x0806;
    /// IPv6.
    pub const IPV6: u16 = 0x86dd;
    /// A customer VLAN tag follows (802.1Q).
    pub const VLAN: u16 = 0x8100;
    /// A service VLAN tag follows (802.1ad).
    pub const SERVICE_VLAN: u16 = 0x88a8;
    /// A service VLAN tag as written before 802.1ad.
    pub const OLD_SERVICE_VLAN: u16 = 0x9100;
    /// MPLS labels follow (RFC 5332 §4).
    pub const MPLS: u16 = 0x8847;
    /// MPLS labels that the sender gave to each receiver alike.
    pub const MPLS_MULTICAST: u16 = 0x8848;
    /// Up to here the field is the length of an 802.3 frame, not a type.
    pub const LAST_LENGTH: u16 = 1500;
}

/// A checked Ethernet header.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks that the header is there.
    ///
    /// # Errors
    /// Truncated below 14 bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        Ok(Self { header })
    }

    /// The destination's hardware address.
    #[must_use]
    pub fn dst(&self) -> [u8; 6] {
        let mut mac = [0; 6];
        mac.copy_from_slice(&self.header[field::DST]);
        mac
    }

    /// The source's hardware address.
    #[must_use]
    pub fn src(&self) -> [u8; 6] {
        let mut mac = [0; 6];
        mac.copy_from_slice(&self.header[field::SRC]);
        mac
    }

    /// What follows, or the length of an 802.3 frame.
    #[inline]
    #[must_use]
    pub fn ethertype(&self) -> u16 {
        u16::from_be_bytes([self.header[field::TYPE], self.header[field::TYPE + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] = b"\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00\x45";

    #[test]
    fn reads_addresses_and_type() {
        let packet = Packet::new(FRAME).unwrap();
        assert_eq!(packet.dst(), [2, 0, 0, 0, 0, 2]);
        assert_eq!(packet.src(), [2, 0, 0, 0, 0, 1]);
        assert_eq!(packet.ethertype(), ethertype::IPV4);
    }

    #[test]
    fn a_short_header_is_truncated() {
        assert_eq!(Packet::new(&FRAME[..13]).unwrap_err(), Broken::Truncated);
    }
}
