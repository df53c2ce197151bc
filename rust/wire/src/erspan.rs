//! ERSPAN types I, II and III (draft-foschiano-erspan-03 §4): frames that a switch mirrors to a collector over GRE.
//!
//! ```text
//! type I: GRE type 0x88be without a sequence number; the frame follows the GRE header
//!
//! type II: GRE type 0x88be with a sequence number
//!  0       2       4       6       8
//! +-------+-------+-------+-------+----
//! |v|vlan |c|e|t|s|     index     | frame
//! +-------+-------+-------+-------+----
//!
//! type III: GRE type 0x22eb
//!  0       2       4               8       10      12                  20
//! +-------+-------+---------------+-------+-------+-------------------+----
//! |v|vlan |c|b|t|s|   timestamp   |  sgt  |p|ft|…o| platform's own    | frame
//! +-------+-------+---------------+-------+-------+-------------------+----
//!                                                  with flag o
//! v: version (4 bits), 1 in type II, 2 in type III    vlan: 12 bits    c: priority (3)
//! e: how the frame was tagged (2)    b: bad, short or oversized (2)    t: truncated (1)    s: session (10)
//! p: a packet, not BPDU (1)    ft: what follows (5), 0 = an Ethernet frame, 2 = an IP packet
//! ```
use crate::outcome::Broken;

mod field {
    pub const VERSION_VLAN: usize = 0;
    pub const FRAME_TYPE: usize = 10;
}

/// Bytes of a type II header.
pub const HEADER2_LEN: usize = 8;
/// Bytes of a type III header without the platform's own.
pub const HEADER3_LEN: usize = 12;
/// Bytes of what a platform adds to type III.
pub const PLATFORM_LEN: usize = 8;

const VLAN_MASK: u16 = 0x0fff;
const FRAME_TYPE_SHIFT: u16 = 10;
const FRAME_TYPE_MASK: u16 = 0x1f;
const HAS_PLATFORM: u16 = 0x0001;

/// What is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// An Ethernet frame.
    Frame,
    /// An IP packet without a frame.
    Ip,
    /// Something else.
    Other,
}

/// A checked header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Bytes of the header, 8–20.
    pub len: usize,
    /// The VLAN that the mirrored frame was in, 0–4095; 0 where there was none.
    pub vlan: u16,
    /// What follows.
    pub inner: Inner,
}

/// Checks a type II header.
///
/// # Errors
/// Truncated below 8 bytes; malformed where the version is not 1.
pub fn type2(bytes: &[u8]) -> Result<Packet, Broken> {
    let header: &[u8; HEADER2_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    let vlan = version_and_vlan(header, 1)?;
    Ok(Packet { len: HEADER2_LEN, vlan, inner: Inner::Frame })
}

/// Checks a type III header.
///
/// # Errors
/// Truncated where it is not all there; malformed where the version is not 2.
pub fn type3(bytes: &[u8]) -> Result<Packet, Broken> {
    let header: &[u8; HEADER3_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    let vlan = version_and_vlan(header, 2)?;
    let word = u16::from_be_bytes([header[field::FRAME_TYPE], header[field::FRAME_TYPE + 1]]);
    let len = HEADER3_LEN + if word & HAS_PLATFORM != 0 { PLATFORM_LEN } else { 0 };
    if bytes.len() < len {
        return Err(Broken::Truncated);
    }
    let inner = match word >> FRAME_TYPE_SHIFT & FRAME_TYPE_MASK {
        0 => Inner::Frame,
        2 => Inner::Ip,
        _ => Inner::Other,
    };
    Ok(Packet { len, vlan, inner })
}

fn version_and_vlan(header: &[u8], version: u16) -> Result<u16, Broken> {
    let word = u16::from_be_bytes([header[field::VERSION_VLAN], header[field::VERSION_VLAN + 1]]);
    if word >> 12 == version { Ok(word & VLAN_MASK) } else { Err(Broken::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE2: &[u8] = b"\x10\x64\x08\x05\0\0\0\x07";
    const TYPE3: &[u8] = b"\x20\x65\x00\x05\0\0\0\x01\0\0\x80\0";

    #[test]
    fn type_2_is_read() {
        assert_eq!(type2(TYPE2), Ok(Packet { len: 8, vlan: 100, inner: Inner::Frame }));
        assert_eq!(type2(&TYPE2[..7]), Err(Broken::Truncated));
        assert_eq!(type2(TYPE3), Err(Broken::Malformed));
    }

    #[test]
    fn type_3_is_read() {
        assert_eq!(type3(TYPE3), Ok(Packet { len: 12, vlan: 101, inner: Inner::Frame }));
        assert_eq!(type3(&TYPE3[..11]), Err(Broken::Truncated));
        assert_eq!(type3(b"\x10\x65\x00\x05\0\0\0\x01\0\0\x80\0"), Err(Broken::Malformed));
    }

    #[test]
    fn the_frame_type_is_told() {
        let read = |high: u8| type3(&[0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, 0]).map(|packet| packet.inner);
        assert_eq!((read(0x88), read(0x84)), (Ok(Inner::Ip), Ok(Inner::Other)));
    }

    #[test]
    fn what_a_platform_adds_is_passed_over() {
        let mut bytes = [0; 20];
        bytes[..12].copy_from_slice(b"\x20\x65\x00\x05\0\0\0\x01\0\0\x80\x01");
        assert_eq!(type3(&bytes).map(|packet| packet.len), Ok(20));
        assert_eq!(type3(&bytes[..19]), Err(Broken::Truncated));
    }
}
