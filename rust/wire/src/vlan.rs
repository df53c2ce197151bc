//! VLAN tags: 802.1Q and, one around the other, 802.1ad ("QinQ"). IEEE 802.1Q-2022 §9.6.
//!
//! ```text
//!  0       2       4
//! +-------+-------+----
//! |p|d|id | type  | payload       p: priority (3 bits), d: drop eligible (1), id: VLAN (12)
//! +-------+-------+----
//! ```
use crate::ethernet::ethertype;
use crate::outcome::Broken;

mod field {
    pub const CONTROL: usize = 0;
    pub const TYPE: usize = 2;
}

/// Bytes of one tag, its type field included.
pub const HEADER_LEN: usize = 4;

/// The most tags in a row that are read.
pub const MAX_TAGS: usize = 4;

const ID_MASK: u16 = 0x0fff;

/// Whether a tag follows a type field with this value.
#[inline]
#[must_use]
pub const fn is_tag(kind: u16) -> bool {
    matches!(kind, ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::OLD_SERVICE_VLAN)
}

/// A checked tag.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks that the tag is there.
    ///
    /// # Errors
    /// Truncated below 4 bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        Ok(Self { header })
    }

    /// The VLAN, 0–4095; 0 where the tag carries only a priority.
    #[inline]
    #[must_use]
    pub fn id(&self) -> u16 {
        u16::from_be_bytes([self.header[field::CONTROL], self.header[field::CONTROL + 1]]) & ID_MASK
    }

    /// What follows.
    #[inline]
    #[must_use]
    pub fn ethertype(&self) -> u16 {
        u16::from_be_bytes([self.header[field::TYPE], self.header[field::TYPE + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_is_no_part_of_the_id() {
        let packet = Packet::new(b"\xe0\x64\x08\x00").unwrap();
        assert_eq!((packet.id(), packet.ethertype()), (100, ethertype::IPV4));
    }

    #[test]
    fn a_short_tag_is_truncated() {
        assert_eq!(Packet::new(b"\x00\x64\x08").unwrap_err(), Broken::Truncated);
    }

    #[test]
    fn tags_are_known_by_type() {
        assert!(is_tag(0x8100) && is_tag(0x88a8) && is_tag(0x9100));
        assert!(!is_tag(ethertype::IPV4));
    }
}
