//! ICMP (RFC 792) and ICMPv6 (RFC 4443).
//!
//! ```text
//!  0       1       2       4       6       8
//! +-------+-------+-------+-------+-------+----
//! | type  | code  | check |  id   |  seq  | payload           query and reply
//! +-------+-------+-------+-------+-------+----
//! | type  | code  | check |               | the packet that caused it: IP header, then 8 bytes or more    error
//! +-------+-------+-------+-------+-------+----
//! ```
use crate::outcome::Broken;
use crate::seen::Role;

mod field {
    pub const TYPE: usize = 0;
    pub const CODE: usize = 1;
    pub const CHECKSUM: usize = 2;
    pub const ID: usize = 4;
}

/// Bytes of the header.
pub const HEADER_LEN: usize = 8;

/// A checked ICMP or ICMPv6 header.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
    is_v6: bool,
}

impl<'a> Packet<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// Truncated below 8 bytes.
    pub fn new(bytes: &'a [u8], is_v6: bool) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        Ok(Self { header, is_v6 })
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.header[field::TYPE]
    }

    /// The code, which refines the type.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.header[field::CODE]
    }

    /// The checksum as captured.
    #[must_use]
    pub fn checksum(&self) -> u16 {
        self.word(field::CHECKSUM)
    }

    /// The identifier of a query or its reply; None of other messages.
    #[must_use]
    pub fn id(&self) -> Option<u16> {
        (self.role() != Role::Unknown).then(|| self.word(field::ID))
    }

    /// Whether it asks or answers: echo, and in ICMP also timestamp (RFC 792) and the older information request.
    #[must_use]
    pub fn role(&self) -> Role {
        match (self.is_v6, self.kind()) {
            (false, 8 | 13 | 15) | (true, 128) => Role::Asks,
            (false, 0 | 14 | 16) | (true, 129) => Role::Answers,
            _ => Role::Unknown,
        }
    }

    /// Whether it is an error or a redirect, which quotes the packet that caused it.
    #[must_use]
    pub fn quotes(&self) -> bool {
        match self.is_v6 {
            // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
            false => matches!(self.kind(), 3 | 4 | 5 | 11 | 12),
            // RFC 4443 §2.1: errors have types below 128.
            true => self.kind() < 128,
        }
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_an_identifier() {
        let packet = Packet::new(b"\x08\0\xaa\xbb\x12\x34\0\x01", false).unwrap();
        assert_eq!((packet.kind(), packet.code(), packet.checksum()), (8, 0, 0xaabb));
        assert_eq!((packet.id(), packet.role()), (Some(0x1234), Role::Asks));
        let packet = Packet::new(b"\x81\0\0\0\x12\x34\0\x01", true).unwrap();
        assert_eq!((packet.id(), packet.role()), (Some(0x1234), Role::Answers));
    }

    #[test]
    fn errors_quote() {
        let packet = Packet::new(b"\x03\x03\0\0\0\0\0\0", false).unwrap();
        assert!(packet.quotes() && packet.id().is_none());
        assert!(Packet::new(b"\x02\0\0\0\0\0\x05\xdc", true).unwrap().quotes());
        assert!(!Packet::new(b"\x87\0\0\0\0\0\0\0", true).unwrap().quotes());
        assert!(!Packet::new(b"\x09\0\0\0\0\0\0\0", false).unwrap().quotes());
    }

    #[test]
    fn a_short_header_is_truncated() {
        assert_eq!(Packet::new(&[8; 7], false).unwrap_err(), Broken::Truncated);
    }
}
