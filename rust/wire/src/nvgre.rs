//! NVGRE (RFC 7637 §3.2): GRE around Ethernet frames, whose key names a network and a flow.
//!
//! ```text
//! GRE key
//!  0           3       4
//! +-----------+-------+
//! |   vsid    | flow  |
//! +-----------+-------+
//! ```
use crate::gre;

/// The network of a packet, 0–16777215; None where its header is not as NVGRE's: a key, no checksum, no sequence
/// number, an Ethernet frame.
#[inline]
#[must_use]
pub fn network(header: &gre::Packet) -> Option<u32> {
    let is_nvgre = header.protocol() == gre::kind::ETHERNET && !header.has_checksum() && !header.has_sequence();
    header.key().filter(|_| is_nvgre).map(|key| key >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<u32> {
        network(&gre::Packet::new(bytes).unwrap())
    }

    #[test]
    fn the_flow_is_no_part_of_the_network() {
        assert_eq!(read(b"\x20\0\x65\x58\x00\x10\x01\x77"), Some(0x1001));
    }

    #[test]
    fn other_headers_have_none() {
        assert_eq!(read(b"\0\0\x65\x58"), None);
        assert_eq!(read(b"\x20\0\x08\0\x00\x10\x01\x77"), None);
        assert_eq!(read(b"\x30\0\x65\x58\x00\x10\x01\x77\0\0\0\x01"), None);
    }
}
