//! IPsec ESP (RFC 4303 §2), also in UDP (RFC 3948 §2).
//!
//! ```text
//! ESP                             in UDP, port 4500
//!  0           4           8       0           4
//! +-----------+-----------+----   +-----------+----      +-----------+----      +----+
//! |    spi    | sequence  | …     | spi, not 0| ESP      |     0     | IKE      | ff | keep-alive
//! +-----------+-----------+----   +-----------+----      +-----------+----      +----+
//! ```

/// The UDP port of both sides, one of them behind a NAT (RFC 3947 §4).
pub const UDP_PORT: u16 = 4500;

/// Bytes of the header.
pub const HEADER_LEN: usize = 8;

/// Whether a UDP payload of `len` bytes that begins with `bytes` is ESP: neither key exchange nor keep-alive.
#[must_use]
pub fn is_in_udp(bytes: &[u8], len: usize) -> bool {
    len > HEADER_LEN && bytes.first_chunk().is_some_and(|spi| *spi != [0; 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_exchange_and_keep_alive_are_no_esp() {
        assert!(is_in_udp(b"\x12\x34\x56\x78\0\0\0\x01", 100));
        assert!(!is_in_udp(b"\0\0\0\0\x01\x02\x03\x04", 100));
        assert!(!is_in_udp(b"\xff", 1));
        assert!(!is_in_udp(b"\x12\x34\x56", 100));
    }
}
