//! MPLS label stacks (RFC 3032 §2.1) between a link header and IP.
//!
//! ```text
//!  0           2 3 4
//! +-----------+-+-+----
//! |   label   |s|t| next label, or IP      label: 20 bits, with 3 bits of traffic class
//! +-----------+-+-+----                    s: 1 at the bottom of the stack    t: time to live (8)
//! ```
use crate::outcome::Broken;

mod field {
    pub const BOTTOM: usize = 2;
}

/// Bytes of one label.
pub const LABEL_LEN: usize = 4;

/// The most labels that are passed over.
pub const MAX_LABELS: usize = 8;

const IS_BOTTOM: u8 = 0x01;

/// Whether a label is the last one of its stack.
///
/// # Errors
/// Truncated below 4 bytes.
pub fn is_bottom(bytes: &[u8]) -> Result<bool, Broken> {
    let label: &[u8; LABEL_LEN] = bytes.first_chunk().ok_or(Broken::Truncated)?;
    Ok(label[field::BOTTOM] & IS_BOTTOM != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_is_told() {
        assert_eq!(is_bottom(b"\0\x06\x40\x40"), Ok(false));
        assert_eq!(is_bottom(b"\0\x06\x41\x40"), Ok(true));
        assert_eq!(is_bottom(b"\0\x06\x41"), Err(Broken::Truncated));
    }
}
