//! The link header of BSD loopback captures (LINKTYPE_NULL, LINKTYPE_LOOP): the address family, in the byte order of
//! the machine that captured or of the network.
//!
//! ```text
//!  0       4
//! +-------+----
//! |family | IP packet
//! +-------+----
//! ```
use crate::ethernet::ethertype;
use crate::outcome::Broken;

/// Bytes of the header.
pub const HEADER_LEN: usize = 4;

const INET: u32 = 2;
/// Linux, NetBSD and OpenBSD, FreeBSD, Darwin: each has its own number.
const INET6: [u32; 4] = [10, 24, 28, 30];

/// The Ethernet type of what follows; 0 where it is not IP.
///
/// # Errors
/// Truncated below 4 bytes.
pub fn protocol(bytes: &[u8]) -> Result<u16, Broken> {
    let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    // Families are small numbers: in the wrong byte order they would not be.
    let family = u32::from_be_bytes(*header).min(u32::from_le_bytes(*header));
    Ok(match family {
        INET => ethertype::IPV4,
        family if INET6.contains(&family) => ethertype::IPV6,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!((protocol(b"\x02\0\0\0"), protocol(b"\0\0\0\x02")), (Ok(0x0800), Ok(0x0800)));
        assert_eq!((protocol(b"\x1e\0\0\0"), protocol(b"\0\0\0\x18")), (Ok(0x86dd), Ok(0x86dd)));
    }

    #[test]
    fn other_families_are_no_ip() {
        assert_eq!(protocol(b"\0\0\0\x10"), Ok(0));
        assert_eq!(protocol(b"\0\0\0"), Err(Broken::Truncated));
    }
}
