//! WireGuard messages (the protocol page of the WireGuard project, and `drivers/net/wireguard/messages.h` of Linux).
//!
//! ```text
//!  0       1           4
//! +-------+-----------+----     type 1: handshake initiation, 148 bytes in all    2: its response, 92
//! | type  |  3 × 0    | …       type 3: cookie reply, 64
//! +-------+-----------+----     type 4: encrypted packet, 32 and more, in steps of 16
//! ```

mod field {
    pub const TYPE: usize = 0;
}

/// Bytes at the front that tell a message.
pub const HEADER_LEN: usize = 4;

const INITIATION_LEN: usize = 148;
const RESPONSE_LEN: usize = 92;
const COOKIE_LEN: usize = 64;
const SHORTEST_DATA: usize = 32;
const DATA_STEP: usize = 16;

/// Whether a UDP payload of `len` bytes that begins with `bytes` is a WireGuard message.
#[must_use]
pub fn is_message(bytes: &[u8], len: usize) -> bool {
    let Some(header) = bytes.first_chunk::<HEADER_LEN>() else { return false };
    if header[1..] != [0; 3] {
        return false;
    }
    match header[field::TYPE] {
        1 => len == INITIATION_LEN,
        2 => len == RESPONSE_LEN,
        3 => len == COOKIE_LEN,
        4 => len >= SHORTEST_DATA && len.is_multiple_of(DATA_STEP),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_known_by_type_and_length() {
        for (kind, len) in [(1, 148), (2, 92), (3, 64), (4, 32), (4, 1456)] {
            assert!(is_message(&[kind, 0, 0, 0], len));
        }
        for (kind, len) in [(0, 32), (1, 147), (2, 148), (3, 65), (4, 16), (4, 40), (5, 64)] {
            assert!(!is_message(&[kind, 0, 0, 0], len));
        }
    }

    #[test]
    fn the_reserved_bytes_are_zero() {
        assert!(!is_message(b"\x04\0\0\x01", 64));
        assert!(!is_message(b"\x04\0\0", 64));
    }
}
