//! Linux "cooked" captures, versions 1 and 2: what the `any` device gives instead of an Ethernet header.
//!
//! ```text
//! version 1 (LINKTYPE_LINUX_SLL)
//!  0       2       4       6               14      16
//! +-------+-------+-------+---------------+-------+----
//! | kind  | hw    | length|    address    | proto | payload
//! +-------+-------+-------+---------------+-------+----
//! version 2 (LINKTYPE_LINUX_SLL2)
//!  0       2       4           8       10  11  12            20
//! +-------+-------+-----------+-------+---+---+-------------+----
//! | proto | zero  | interface | hw    |knd|len|   address   | payload
//! +-------+-------+-----------+-------+---+---+-------------+----
//! ```
use crate::outcome::Broken;

mod field {
    pub const V1_PROTOCOL: usize = 14;
    pub const V2_PROTOCOL: usize = 0;
}

/// Bytes of the version 1 header.
pub const V1_HEADER_LEN: usize = 16;
/// Bytes of the version 2 header.
pub const V2_HEADER_LEN: usize = 20;

/// The protocol of a version 1 header: an Ethernet type.
///
/// # Errors
/// Truncated below 16 bytes.
#[inline]
pub fn v1_protocol(bytes: &[u8]) -> Result<u16, Broken> {
    let header: &[u8; V1_HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    Ok(u16::from_be_bytes([header[field::V1_PROTOCOL], header[field::V1_PROTOCOL + 1]]))
}

/// The protocol of a version 2 header: an Ethernet type.
///
/// # Errors
/// Truncated below 20 bytes.
#[inline]
pub fn v2_protocol(bytes: &[u8]) -> Result<u16, Broken> {
    let header: &[u8; V2_HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    Ok(u16::from_be_bytes([header[field::V2_PROTOCOL], header[field::V2_PROTOCOL + 1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_read() {
        assert_eq!(v1_protocol(b"\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x08\x00"), Ok(0x0800));
        assert_eq!(v2_protocol(b"\x86\xdd\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0"), Ok(0x86dd));
    }

    #[test]
    fn short_headers_are_truncated() {
        assert_eq!(v1_protocol(&[0; 15]), Err(Broken::Truncated));
        assert_eq!(v2_protocol(&[0; 19]), Err(Broken::Truncated));
    }
}
