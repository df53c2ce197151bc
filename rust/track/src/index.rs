//! From a hash to a slot: open addressing over (32 bits of hash, 32 bits of slot number), 8 bytes a place.
//!
//! A place is found by multiplication, not by masking, so the table may have any size and grows by a quarter: it is
//! never less than 70 % full. Growing reads only the table itself, as the hash bits are in it.
use crate::prefetch;

/// Never fuller than 7/8: above that, searches get long.
const FULL_NUMERATOR: usize = 7;
const FULL_DENOMINATOR: usize = 8;
const FIRST_CAPACITY: usize = 1024;

/// Bytes that one connection takes here at worst, right after growing.
pub(crate) const MAX_BYTES_PER_ENTRY: usize = 12;

#[derive(Debug)]
pub(crate) struct Index {
    /// 0 where empty, else tag << 32 | slot + 1.
    places: Vec<u64>,
    len: usize,
}

impl Index {
    pub fn new() -> Self {
        Self { places: vec![0; FIRST_CAPACITY], len: 0 }
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.places.len() * size_of::<u64>()
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.places.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        let next = place + 1;
        if next == self.places.len() { 0 } else { next }
    }

    /// Starts loading what a search for this tag looks at first.
    #[inline]
    pub fn prefetch(&self, tag: u32) {
        prefetch::element(&self.places, self.home(tag));
    }

    /// The first slot with this tag: likely the one, but not for sure.
    #[inline]
    pub fn guess(&self, tag: u32) -> Option<u32> {
        self.find(tag, |_| true)
    }

    /// The slot with this tag that `is_it` accepts.
    #[inline]
    pub fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut place = self.home(tag);
        loop {
            let value = self.places[place];
            if value == 0 {
                return None;
            }
            let slot = (value as u32) - 1;
            if (value >> 32) as u32 == tag && is_it(slot) {
                return Some(slot);
            }
            place = self.after(place);
        }
    }

    /// Enters a slot. It must not be there yet.
    pub fn insert(&mut self, tag: u32, slot: u32) {
        if (self.len + 1) * FULL_DENOMINATOR > self.places.len() * FULL_NUMERATOR {
            self.grow();
        }
        self.put(u64::from(tag) << 32 | (u64::from(slot) + 1));
        self.len += 1;
    }

    fn put(&mut self, value: u64) {
        let mut place = self.home((value >> 32) as u32);
        while self.places[place] != 0 {
            place = self.after(place);
        }
        self.places[place] = value;
    }

    fn grow(&mut self) {
        let larger = self.places.len() + self.places.len() / 4;
        let old = std::mem::replace(&mut self.places, vec![0; larger]);
        for value in old.into_iter().filter(|&value| value != 0) {
            self.put(value);
        }
    }

    /// Takes a slot out; does nothing where it is not in.
    pub fn remove(&mut self, tag: u32, slot: u32) {
        let value = u64::from(tag) << 32 | (u64::from(slot) + 1);
        let mut place = self.home(tag);
        while self.places[place] != value {
            if self.places[place] == 0 {
                return;
            }
            place = self.after(place);
        }
        self.close_gap(place);
        self.len -= 1;
    }

    /// Empties a place and moves up those behind that would otherwise no longer be found.
    fn close_gap(&mut self, mut gap: usize) {
        let size = self.places.len();
        let mut place = gap;
        loop {
            place = self.after(place);
            let value = self.places[place];
            if value == 0 {
                break;
            }
            let home = self.home((value >> 32) as u32);
            let from_home = (place + size - home) % size;
            let from_gap = (place + size - gap) % size;
            if from_home >= from_gap {
                self.places[gap] = value;
                gap = place;
            }
        }
        self.places[gap] = 0;
    }

    /// Forgets everything and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grows_and_stays_within_its_bytes() {
        let mut index = Index::new();
        for slot in 0..100_000_u32 {
            index.insert(slot.wrapping_mul(0x9e37_79b9), slot);
        }
        assert!(index.bytes() <= 100_000 * MAX_BYTES_PER_ENTRY);
        for slot in 0..100_000_u32 {
            assert_eq!(index.find(slot.wrapping_mul(0x9e37_79b9), |found| found == slot), Some(slot));
        }
    }

    proptest! {
        #[test]
        fn behaves_like_a_map(steps in proptest::collection::vec((any::<bool>(), 0..40_u32, 0..60_u32), 0..400)) {
            // Few tags, near the end of the table: long runs that wrap around.
            let tag_of = |tag: u32| u32::MAX - tag / 4;
            let mut index = Index::new();
            let mut model: HashMap<u32, u32> = HashMap::new();
            for (add, tag, slot) in steps {
                if add && !model.contains_key(&slot) {
                    index.insert(tag_of(tag), slot);
                    model.insert(slot, tag_of(tag));
                } else if let Some(tag) = model.remove(&slot) {
                    index.remove(tag, slot);
                }
            }
            prop_assert_eq!(index.len, model.len());
            for slot in 0..60 {
                for tag in 0..40 {
                    let found = index.find(tag_of(tag), |s| s == slot).is_some();
                    prop_assert_eq!(found, model.get(&slot) == Some(&tag_of(tag)));
                }
            }
        }
    }
}
