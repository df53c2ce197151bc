//! SCTP (RFC 9260 §3).
//!
//! ```text
//!  0       2       4               8               12      13
//! +-------+-------+---------------+---------------+-------+----
//! |  src  |  dst  |      tag      |   checksum    | chunk | …
//! +-------+-------+---------------+---------------+-------+----
//! ```
use crate::outcome::Broken;
use crate::seen::Role;

mod field {
    pub const SRC: usize = 0;
    pub const DST: usize = 2;
    pub const CHECKSUM: usize = 8;
    pub const CHUNK: usize = 12;
}

/// Bytes of the common header.
pub const HEADER_LEN: usize = 12;

const INIT: u8 = 1;
const INIT_ACK: u8 = 2;

/// A checked common header, with the first chunk's type where it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
    chunk: Option<u8>,
}

impl<'a> Packet<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// Truncated below 12 bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        Ok(Self { header, chunk: bytes.get(field::CHUNK).copied() })
    }

    /// The source port.
    #[must_use]
    pub fn src_port(&self) -> u16 {
        self.word(field::SRC)
    }

    /// The destination port.
    #[must_use]
    pub fn dst_port(&self) -> u16 {
        self.word(field::DST)
    }

    /// The first half of the checksum as captured.
    #[must_use]
    pub fn checksum(&self) -> u16 {
        self.word(field::CHECKSUM)
    }

    /// Whether it opens an association or answers who does.
    #[must_use]
    pub fn role(&self) -> Role {
        match self.chunk {
            Some(INIT) => Role::Asks,
            Some(INIT_ACK) => Role::Answers,
            _ => Role::Unknown,
        }
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INIT_PACKET: &[u8] = b"\xc0\x00\x0e\x59\0\0\0\0\x12\x34\x56\x78\x01\0\0\x14";

    #[test]
    fn reads_the_fields() {
        let packet = Packet::new(INIT_PACKET).unwrap();
        assert_eq!((packet.src_port(), packet.dst_port(), packet.checksum()), (49152, 3673, 0x1234));
        assert_eq!(packet.role(), Role::Asks);
        assert_eq!(Packet::new(&INIT_PACKET[..12]).unwrap().role(), Role::Unknown);
        assert_eq!(Packet::new(&INIT_PACKET[..11]).unwrap_err(), Broken::Truncated);
    }

    #[test]
    fn who_answers_an_init_did_not_begin() {
        let mut bytes = [0; 16];
        bytes[12] = 2;
        assert_eq!(Packet::new(&bytes).unwrap().role(), Role::Answers);
    }
}
