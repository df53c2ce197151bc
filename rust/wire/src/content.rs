//! What tells one packet from the next where no header numbers them: how its payload begins.

/// Payload that is looked at, bytes: what numbers messages of most protocols is at their beginning.
const LOOKED_AT: usize = 64;
/// Where less than this was captured of a longer payload, nothing is told.
const LEAST: usize = 16;

/// A number that differs where the beginning of a payload of `len` bytes differs; 0 where too little of it, `bytes`, was
/// captured to tell.
#[must_use]
pub fn digest(bytes: &[u8], len: usize) -> u32 {
    let bytes = &bytes[..bytes.len().min(len).min(LOOKED_AT)];
    if bytes.len() < len.min(LEAST) {
        return 0;
    }
    let digest = bytes.chunks(4).fold(0_u32, |digest, chunk| {
        let word = chunk.iter().fold(1_u32, |word, &byte| word << 8 | u32::from(byte));
        // By the golden ratio, so that what differs in the last bits differs in the first ones afterwards.
        (digest.rotate_left(9) ^ word).wrapping_mul(0x9e37_79b9)
    });
    digest | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_told_apart() {
        let message = |number: u16| [&number.to_be_bytes()[..], &[7; 100]].concat();
        let digests: std::collections::HashSet<u32> = (0..1000).map(|n| digest(&message(n), 102)).collect();
        assert!(digests.len() > 990, "{}", digests.len());
        assert_eq!(digest(&message(5), 102), digest(&message(5)[..64], 102));
        assert_ne!(digest(b"ab", 2), digest(b"ab\0", 3));
    }

    #[test]
    fn little_of_much_tells_nothing() {
        assert_eq!((digest(&[1; 15], 16), digest(&[1; 15], 1000)), (0, 0));
        assert!(digest(&[1; 15], 15) != 0 && digest(&[], 0) != 0 && digest(&[1; 16], 1000) != 0);
        assert_eq!(digest(b"ab-padding", 2), digest(b"ab", 2));
    }
}
