//! Keyed hashing, so that nobody who sends packets can choose where they land in a table.
//!
//! The core is the folded multiplication of wyhash; the keys are drawn once per table from the standard library's
//! random state.
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The secret of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed([u64; 3]);

impl Seed {
    pub fn random() -> Self {
        let state = RandomState::new();
        Self([state.hash_one(1), state.hash_one(2), state.hash_one(3)])
    }

    /// Of two IPv4 addresses, their ports, and what else tells connections apart. Not the same for both directions: the
    /// order of the ends is to be the same.
    #[inline]
    pub fn pair_v4(&self, addrs: u64, ports: u32, place: u32) -> u64 {
        fold(addrs ^ self.0[0], (u64::from(place) << 32 | u64::from(ports)) ^ self.0[1])
    }

    /// Of any two numbers.
    #[inline]
    pub fn mix(&self, a: u64, b: u64) -> u64 {
        fold(a ^ self.0[1], b ^ self.0[2])
    }

    /// The same of two IPv6 addresses.
    #[inline]
    pub fn pair_v6(&self, first: u128, second: u128, ports: u32, place: u32) -> u64 {
        let rest = u64::from(place) << 32 | u64::from(ports);
        let one = fold(first as u64 ^ self.0[0], (first >> 64) as u64 ^ self.0[1]);
        let two = fold(second as u64 ^ self.0[1], (second >> 64) as u64 ^ self.0[2]);
        fold(one ^ rest, two.rotate_left(23) ^ self.0[2])
    }
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Makes hashers for the standard library's maps, with numbers as keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoldState(Seed);

impl Default for FoldState {
    fn default() -> Self {
        Self(Seed::random())
    }
}

impl BuildHasher for FoldState {
    type Hasher = FoldHasher;

    #[inline]
    fn build_hasher(&self) -> FoldHasher {
        FoldHasher { seed: self.0, hash: self.0.0[0] }
    }
}

pub(crate) struct FoldHasher {
    seed: Seed,
    hash: u64,
}

impl Hasher for FoldHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.hash = fold(self.hash ^ number, self.seed.0[1]);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_networks_hash_apart() {
        let seed = Seed::random();
        let there = seed.pair_v4(1 | 2 << 32, 80 | 4000 << 16, 0);
        assert_ne!(there, seed.pair_v4(1 | 2 << 32, 4000 | 80 << 16, 0));
        assert_ne!(there, seed.pair_v4(1 | 2 << 32, 80 | 4000 << 16, 7));
        assert_ne!(there, seed.pair_v4(1 | 2 << 32, 80 | 4000 << 16, 7 << 16));
        let v6 = |ports, place| seed.pair_v6(1 << 100, 2, ports, place);
        assert!(v6(80 | 4000 << 16, 3) != v6(80 | 4000 << 16, 4) && v6(80, 3) != v6(81, 3));
    }

    #[test]
    fn every_table_has_its_own_secret() {
        assert_ne!(Seed::random().pair_v4(1, 2, 0), Seed::random().pair_v4(1, 2, 0));
    }
}
