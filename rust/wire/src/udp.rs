//! UDP (RFC 768).
//!
//! ```text
//!  0       2       4       6       8
//! +-------+-------+-------+-------+----
//! |  src  |  dst  |  len  | check | payload
//! +-------+-------+-------+-------+----
//! ```
use crate::outcome::Broken;

mod field {
    pub const SRC: usize = 0;
    pub const DST: usize = 2;
    pub const LENGTH: usize = 4;
    pub const CHECKSUM: usize = 6;
}

/// Bytes of the header.
pub const HEADER_LEN: usize = 8;

/// A checked UDP header. Its checksum is not looked at: around tunnels it is often 0, and rightly so (RFC 6935).
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks the lengths.
    ///
    /// # Errors
    /// Truncated below 8 bytes; malformed where the length field is below 8.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        let packet = Self { header };
        if packet.len() < HEADER_LEN {
            return Err(Broken::Malformed);
        }
        Ok(packet)
    }

    /// The source port.
    #[inline]
    #[must_use]
    pub fn src_port(&self) -> u16 {
        self.word(field::SRC)
    }

    /// The destination port.
    #[inline]
    #[must_use]
    pub fn dst_port(&self) -> u16 {
        self.word(field::DST)
    }

    /// Bytes of header and payload, at least 8.
    #[inline]
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a length field, not a container")]
    pub fn len(&self) -> usize {
        usize::from(self.word(field::LENGTH))
    }

    /// The checksum as captured; 0 where the sender left it out.
    #[inline]
    #[must_use]
    pub fn checksum(&self) -> u16 {
        self.word(field::CHECKSUM)
    }

    #[inline]
    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields() {
        let packet = Packet::new(b"\xc0\x00\x21\x18\x00\x3a\x12\x34").unwrap();
        assert_eq!((packet.src_port(), packet.dst_port(), packet.len()), (49152, 8472, 58));
        assert_eq!(packet.checksum(), 0x1234);
    }

    #[test]
    fn bad_lengths_are_told() {
        assert_eq!(Packet::new(&[0; 7]).unwrap_err(), Broken::Truncated);
        assert_eq!(Packet::new(b"\0\x01\0\x02\0\x07\0\0").unwrap_err(), Broken::Malformed);
    }
}
