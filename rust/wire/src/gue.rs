//! Generic UDP Encapsulation (draft-ietf-intarea-gue-09 §3), as Linux writes it (`encap gue`).
//!
//! ```text
//! variant 0                                   variant 1 (§4): no header, an IP packet follows UDP at once
//!  0       1       2       4                   0
//! +-------+-------+-------+--------+----      +--+----
//! |v|c|len| proto | flags | fields | payload  |01| rest of an IPv4 or IPv6 header
//! +-------+-------+-------+--------+----      +--+----
//! v: variant (2 bits)    c: control (1)    len: bytes of the fields, in words of 4 (5)
//! proto: what follows, an IP protocol; of a control message its type
//! ```
use crate::outcome::Broken;

mod field {
    pub const FIRST: usize = 0;
    pub const PROTOCOL: usize = 1;
}

/// Bytes of the header without fields.
pub const HEADER_LEN: usize = 4;

const CONTROL: u8 = 0x20;
const LEN_MASK: u8 = 0x1f;

/// What a datagram holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A header of `len` bytes (4–128), then a packet of this IP protocol.
    Data {
        /// Bytes of the header.
        len: usize,
        /// What follows.
        protocol: u8,
    },
    /// A message between the tunnel's ends.
    Control,
    /// An IP packet without a header in front.
    Direct,
}

/// Checks the header. Its fields need not have been captured.
///
/// # Errors
/// Truncated below 4 bytes; malformed where the variant is not 0 or 1.
pub fn read(bytes: &[u8]) -> Result<Packet, Broken> {
    let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    let first = header[field::FIRST];
    match first >> 6 {
        0 if first & CONTROL != 0 => Ok(Packet::Control),
        0 => {
            let len = HEADER_LEN + usize::from(first & LEN_MASK) * 4;
            Ok(Packet::Data { len, protocol: header[field::PROTOCOL] })
        }
        1 => Ok(Packet::Direct),
        _ => Err(Broken::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variant_0_is_read() {
        assert_eq!(read(b"\0\x04\0\0"), Ok(Packet::Data { len: 4, protocol: 4 }));
        assert_eq!(read(b"\x02\x29\0\0\0\0\0\0\0\0\0\0"), Ok(Packet::Data { len: 12, protocol: 41 }));
        assert_eq!(read(b"\x20\x01\0\0"), Ok(Packet::Control));
    }

    #[test]
    fn variant_1_is_ip_at_once() {
        assert_eq!(read(b"\x45\0\0\x14"), Ok(Packet::Direct));
        assert_eq!(read(b"\x60\0\0\0"), Ok(Packet::Direct));
    }

    #[test]
    fn other_bytes_are_told() {
        assert_eq!(read(b"\x80\x04\0\0"), Err(Broken::Malformed));
        assert_eq!(read(b"\0\x04\0"), Err(Broken::Truncated));
    }
}
