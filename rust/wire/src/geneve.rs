//! Geneve (RFC 8926 §3.4).
//!
//! ```text
//!  0       1       2       4           7       8
//! +-------+-------+-------+-----------+-------+---------+----
//! |v|opts |  o,c  | type  |    vni    |       | options | payload
//! +-------+-------+-------+-----------+-------+---------+----
//! v: version (2 bits)    opts: length of the options in words of 4 bytes (6 bits)
//! o: control packet, c: critical options    type: an Ethernet type; 0x6558 = an Ethernet frame
//! ```
use crate::outcome::Broken;

mod field {
    pub const VERSION_LEN: usize = 0;
    pub const TYPE: usize = 2;
    pub const VNI: usize = 4;
}

/// Bytes of the header without options.
pub const HEADER_LEN: usize = 8;

/// Options come in words of this many bytes.
pub const OPTION_STEP: usize = 4;

const LEN_MASK: u8 = 0x3f;

/// A checked Geneve header. Options are passed over, critical ones too: they ask something of the tunnel's end only.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks length and version. Options need not have been captured.
    ///
    /// # Errors
    /// Truncated below 8 bytes; malformed where the version is not 0.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
        if header[field::VERSION_LEN] >> 6 != 0 {
            return Err(Broken::Malformed);
        }
        Ok(Self { header })
    }

    /// Bytes of the header with options, 8–260.
    #[inline]
    #[must_use]
    pub fn header_len(&self) -> usize {
        HEADER_LEN + usize::from(self.header[field::VERSION_LEN] & LEN_MASK) * OPTION_STEP
    }

    /// What follows: an Ethernet type.
    #[inline]
    #[must_use]
    pub fn protocol(&self) -> u16 {
        u16::from_be_bytes([self.header[field::TYPE], self.header[field::TYPE + 1]])
    }

    /// The network identifier, 0–16777215.
    #[inline]
    #[must_use]
    pub fn vni(&self) -> u32 {
        u32::from_be_bytes([0, self.header[field::VNI], self.header[field::VNI + 1], self.header[field::VNI + 2]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields() {
        let packet = Packet::new(b"\x00\x00\x65\x58\x00\x00\x05\0").unwrap();
        assert_eq!((packet.header_len(), packet.protocol(), packet.vni()), (8, 0x6558, 5));
    }

    #[test]
    fn options_are_part_of_the_header() {
        // As OVN writes it: class 0x0102, type 0x80 (critical), one word of data.
        let bytes = b"\x02\x40\x65\x58\xff\x00\x03\x00\x01\x02\x80\x01\x00\x02\x00\x04";
        let packet = Packet::new(bytes).unwrap();
        assert_eq!((packet.header_len(), packet.vni()), (16, 0x00ff_0003));
        assert_eq!(Packet::new(b"\x3f\0\x08\0\0\0\0\0").unwrap().header_len(), 260);
    }

    #[test]
    fn other_versions_are_malformed() {
        assert_eq!(Packet::new(b"\x40\0\x65\x58\0\0\x05\0").unwrap_err(), Broken::Malformed);
        assert_eq!(Packet::new(b"\0\0\x65\x58\0\0\x05").unwrap_err(), Broken::Truncated);
    }
}
