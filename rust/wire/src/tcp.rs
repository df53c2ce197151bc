//! TCP (RFC 9293 §3.1).
//!
//! ```text
//!  0       1       2       3       4
//! +---------------+---------------+
//! |     source    |  destination  |
//! +---------------+---------------+ 4
//! |        sequence number        |
//! +-------------------------------+ 8
//! |     acknowledgment number     |
//! +---+---+-------+---------------+ 12
//! |off|   | flags |    window     |   off: header length in words of 4 bytes
//! +---+---+-------+---------------+ 16
//! |   checksum    |    urgent     |
//! +---------------+---------------+ 20
//! ```
use crate::outcome::Broken;

mod field {
    pub const SRC: usize = 0;
    pub const DST: usize = 2;
    pub const SEQ: usize = 4;
    pub const ACK: usize = 8;
    pub const OFFSET: usize = 12;
    pub const FLAGS: usize = 13;
    pub const WINDOW: usize = 14;
    pub const CHECKSUM: usize = 16;
}

/// Bytes of the header without options.
pub const HEADER_LEN: usize = 20;

/// Up to here the header tells whose segment it is, its numbers and its flags: enough where a capture is cut behind.
pub const TELLING_LEN: usize = 14;

/// Bits of the flags byte.
pub mod flag {
    /// The sender is done.
    pub const FIN: u8 = 0x01;
    /// The sequence number is the initial one.
    pub const SYN: u8 = 0x02;
    /// The connection is no more.
    pub const RST: u8 = 0x04;
    /// Deliver at once.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment number means something.
    pub const ACK: u8 = 0x10;
}

/// A checked TCP header. Options need not have been captured.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Packet<'a> {
    /// Checks the lengths.
    ///
    /// # Errors
    /// Truncated below 20 bytes; malformed where the header length is below 20.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = bytes.first_chunk().ok_or(Broken::Truncated)?;
        let packet = Self { header };
        if packet.header_len() < HEADER_LEN {
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

    /// The sequence number of the first byte (of the SYN, where there is one).
    #[inline]
    #[must_use]
    pub fn seq(&self) -> u32 {
        self.long(field::SEQ)
    }

    /// The next sequence number the sender expects.
    #[inline]
    #[must_use]
    pub fn ack(&self) -> u32 {
        self.long(field::ACK)
    }

    /// Bytes of the header with options, 20–60.
    #[inline]
    #[must_use]
    pub fn header_len(&self) -> usize {
        usize::from(self.header[field::OFFSET] >> 4) * 4
    }

    /// The control bits; see [`flag`].
    #[inline]
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.header[field::FLAGS]
    }

    /// The receive window, unscaled.
    #[inline]
    #[must_use]
    pub fn window(&self) -> u16 {
        self.word(field::WINDOW)
    }

    /// The checksum as captured.
    #[inline]
    #[must_use]
    pub fn checksum(&self) -> u16 {
        self.word(field::CHECKSUM)
    }

    #[inline]
    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }

    #[inline]
    fn long(&self, at: usize) -> u32 {
        u32::from_be_bytes([self.header[at], self.header[at + 1], self.header[at + 2], self.header[at + 3]])
    }
}

/// A header that was cut behind its flags, in `room` with all bits set where bytes are missing: a window that is not
/// closed, and a checksum that tells nothing. Any other as it is.
#[must_use]
pub fn completed<'a>(bytes: &'a [u8], room: &'a mut [u8; HEADER_LEN]) -> &'a [u8] {
    if !(TELLING_LEN..HEADER_LEN).contains(&bytes.len()) {
        return bytes;
    }
    room.fill(0xff);
    room[..bytes.len()].copy_from_slice(bytes);
    room
}

/// A number that differs where the options of a header differ, as far as they were captured; 0 without options. `bytes`
/// begin with the header, whose length with options is `header_len`.
#[inline]
#[must_use]
pub fn digest(bytes: &[u8], header_len: usize) -> u16 {
    let options = bytes.get(HEADER_LEN..header_len.min(bytes.len())).unwrap_or_default();
    let (words, _) = options.as_chunks::<4>();
    let mixed = words.iter().fold(0_u32, |digest, &word| {
        // By the golden ratio, so that what differs in the last bits differs in the first ones afterwards.
        (digest.rotate_left(9) ^ u32::from_be_bytes(word)).wrapping_mul(0x9e37_79b9)
    });
    (mixed >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 20] = *b"\xc0\x00\x1f\x90\x00\x00\x03\xe8\x00\x00\x07\xd0\x50\x12\xff\xff\x12\x34\0\0";

    #[test]
    fn reads_the_fields() {
        let packet = Packet::new(&HEADER).unwrap();
        assert_eq!((packet.src_port(), packet.dst_port()), (49152, 8080));
        assert_eq!((packet.seq(), packet.ack()), (1000, 2000));
        assert_eq!((packet.header_len(), packet.window()), (20, 65535));
        assert_eq!(packet.checksum(), 0x1234);
        assert_eq!(packet.flags(), flag::SYN | flag::ACK);
    }

    #[test]
    fn bad_lengths_are_told() {
        assert_eq!(Packet::new(&HEADER[..19]).unwrap_err(), Broken::Truncated);
        let mut bytes = HEADER;
        bytes[12] = 0x40;
        assert_eq!(Packet::new(&bytes).unwrap_err(), Broken::Malformed);
    }

    #[test]
    fn options_that_differ_have_another_digest() {
        let header = |stamp: u32| {
            let mut bytes = vec![0_u8; HEADER_LEN];
            bytes.extend([1, 1, 8, 10]);
            bytes.extend(stamp.to_be_bytes());
            bytes.extend(7_u32.to_be_bytes());
            bytes.extend(b"payload");
            bytes
        };
        let digests: std::collections::HashSet<u16> = (0..1000).map(|stamp| digest(&header(stamp), 32)).collect();
        assert!(digests.len() > 980, "{}", digests.len());
        assert_eq!(digest(&header(5), 32), digest(&header(5)[..32], 32));
        assert_eq!((digest(&header(5), HEADER_LEN), digest(&[], 60), digest(&header(5)[..21], 32)), (0, 0, 0));
    }
}
