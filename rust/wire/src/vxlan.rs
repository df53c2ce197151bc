//! VXLAN (RFC 7348 §5), also with the group policy extension (draft-smith-vxlan-group-policy).
//!
//! ```text
//!  0       1       2       4           7       8
//! +-------+-------+-------+-----------+-------+----
//! | flags |       | group |    vni    |       | Ethernet frame
//! +-------+-------+-------+-----------+-------+----
//! flags: 0x08 = the identifier is valid, 0x80 = the group is valid
//! ```
use crate::outcome::Broken;

mod field {
    pub const FLAGS: usize = 0;
    pub const VNI: usize = 4;
}

/// Bytes of the header.
pub const HEADER_LEN: usize = 8;

const VNI_IS_VALID: u8 = 0x08;

/// A checked VXLAN header. Reserved bits are ignored, as the RFC asks of receivers.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks length and the flag that has to be set.
    ///
    /// # Errors
    /// Truncated below 8 bytes; malformed where the identifier is not marked as valid.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
        if header[field::FLAGS] & VNI_IS_VALID == 0 {
            return Err(Broken::Malformed);
        }
        Ok(Self { header })
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
    fn reads_the_identifier() {
        assert_eq!(Packet::new(b"\x08\0\0\0\x00\x10\x00\0").unwrap().vni(), 4096);
    }

    #[test]
    fn group_policy_and_reserved_bits_are_tolerated() {
        assert_eq!(Packet::new(b"\x88\x40\x12\x34\xca\x11\xc0\xff").unwrap().vni(), 0x00ca_11c0);
    }

    #[test]
    fn without_the_valid_flag_it_is_malformed() {
        assert_eq!(Packet::new(b"\0\0\0\0\0\0\x01\0").unwrap_err(), Broken::Malformed);
        assert_eq!(Packet::new(b"\x08\0\0\0\0\0\x01").unwrap_err(), Broken::Truncated);
    }
}
