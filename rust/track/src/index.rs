//! From a hash to a slot: open addressing over (32 bits of hash, 32 bits of slot number), 8 bytes a place.
//!
//! Eight places fill a cache line, and are compared at once. A line is found by multiplication, not by masking, so a
//! shelf of lines may have any size: it grows by a quarter, and shrinks by a quarter when it is half empty, so that both
//! leave it two thirds full. That reads only the shelf itself, as the hash bits are in it. There are many shelves, which
//! change one by one: even with ten million connections none of them takes longer than a millisecond.
use crate::prefetch;

/// Places in a line.
const WIDTH: usize = 8;

/// Never fuller than 13/16: few connections then have to go to the line after their own.
const FULL_NUMERATOR: usize = 13;
const FULL_DENOMINATOR: usize = 16;
/// Shelves are told apart by the upper bits of the hash.
const SHELF_BITS: u32 = 8;
const SHELVES: usize = 1 << SHELF_BITS;
/// Enough that a few dozen connections more or less change no shelf: 64 KiB in all.
const FIRST_LINES: usize = 4;

/// Bytes that one connection takes here at worst, right before a shelf shrinks.
pub(crate) const MAX_BYTES_PER_ENTRY: usize = 16;

/// One cache line. Its places are filled from the front, so that the last one tells whether it is full.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Line {
    tags: [u32; WIDTH],
    /// Slot + 1; 0 where empty.
    slots: [u32; WIDTH],
}

impl Line {
    #[inline]
    fn is_full(&self) -> bool {
        self.slots[WIDTH - 1] != 0
    }

    /// A bit for each place with this tag, and above them the same again; empty places may be among them.
    #[inline]
    fn hits(&self, tag: u32) -> u32 {
        // With two bits for each, all places are alike to the compiler, which then compares four at once.
        const PLACE: u32 = 1 << WIDTH | 1;
        let bits = |(place, &other): (usize, &u32)| if other == tag { PLACE << place } else { 0 };
        self.tags.iter().enumerate().map(bits).fold(0, |hits, bit| hits | bit)
    }

    fn filled(&self) -> usize {
        self.slots.iter().take_while(|&&slot| slot != 0).count()
    }

    fn push(&mut self, tag: u32, slot: u32) {
        let place = self.filled();
        self.tags[place] = tag;
        self.slots[place] = slot;
    }

    /// Empties a place, and fills it with the last one.
    fn take(&mut self, place: usize) -> (u32, u32) {
        let taken = (self.tags[place], self.slots[place]);
        let last = self.filled() - 1;
        self.tags[place] = self.tags[last];
        self.slots[place] = self.slots[last];
        self.slots[last] = 0;
        taken
    }
}

#[derive(Debug)]
pub(crate) struct Index {
    shelves: Box<[Shelf; SHELVES]>,
}

impl Index {
    pub fn new() -> Self {
        Self { shelves: Box::new(core::array::from_fn(|_| Shelf::new())) }
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.shelves.iter().map(Shelf::bytes).sum()
    }

    #[inline]
    fn shelf(&self, tag: u32) -> &Shelf {
        &self.shelves[(tag >> (32 - SHELF_BITS)) as usize]
    }

    #[inline]
    fn shelf_mut(&mut self, tag: u32) -> &mut Shelf {
        &mut self.shelves[(tag >> (32 - SHELF_BITS)) as usize]
    }

    /// Starts loading what a search for this tag looks at first.
    #[inline]
    pub fn prefetch(&self, tag: u32) {
        self.shelf(tag).prefetch(tag);
    }

    /// The first slot with this tag: likely the one, but not for sure.
    #[inline]
    pub fn guess(&self, tag: u32) -> Option<u32> {
        self.shelf(tag).find(tag, |_| true)
    }

    /// The slot with this tag that `is_it` accepts.
    #[inline]
    pub fn find(&self, tag: u32, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.shelf(tag).find(tag, is_it)
    }

    /// Enters a slot. It must not be there yet.
    pub fn insert(&mut self, tag: u32, slot: u32) {
        self.shelf_mut(tag).insert(tag, slot);
    }

    /// Takes a slot out; does nothing where it is not in.
    pub fn remove(&mut self, tag: u32, slot: u32) {
        self.shelf_mut(tag).remove(tag, slot);
    }

    /// Forgets everything and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

/// Whether so many entries are more than these lines take.
fn is_full(entries: usize, lines: usize) -> bool {
    entries * FULL_DENOMINATOR > lines * WIDTH * FULL_NUMERATOR
}

#[derive(Debug)]
struct Shelf {
    lines: Vec<Line>,
    len: usize,
}

impl Shelf {
    fn new() -> Self {
        Self { lines: vec![Line::default(); FIRST_LINES], len: 0 }
    }

    /// Memory taken, bytes.
    fn bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag << SHELF_BITS) * self.lines.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, line: usize) -> usize {
        let next = line + 1;
        if next == self.lines.len() { 0 } else { next }
    }

    /// Starts loading what a search for this tag looks at first.
    #[inline]
    fn prefetch(&self, tag: u32) {
        prefetch::known(&self.lines, self.home(tag));
    }

    /// The slot with this tag that `is_it` accepts.
    #[inline]
    fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(tag);
        loop {
            let line = &self.lines[at];
            let mut hits = line.hits(tag);
            while hits != 0 {
                let slot = line.slots[hits.trailing_zeros() as usize % WIDTH];
                if slot != 0 && is_it(slot - 1) {
                    return Some(slot - 1);
                }
                hits &= hits - 1;
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Enters a slot. It must not be there yet.
    fn insert(&mut self, tag: u32, slot: u32) {
        if is_full(self.len + 1, self.lines.len()) {
            self.grow();
        }
        self.put(tag, slot + 1);
        self.len += 1;
    }

    fn put(&mut self, tag: u32, slot: u32) {
        let mut at = self.home(tag);
        while self.lines[at].is_full() {
            at = self.after(at);
        }
        self.lines[at].push(tag, slot);
    }

    fn grow(&mut self) {
        self.resize(self.lines.len() + (self.lines.len() / 4).max(1));
    }

    /// Gives memory back where half of it is empty.
    fn shrink(&mut self) {
        let lines = self.lines.len();
        let fewer = (lines - lines / 4).max(FIRST_LINES);
        if self.len * 2 < lines * WIDTH && fewer < lines {
            self.resize(fewer);
        }
    }

    fn resize(&mut self, lines: usize) {
        let old = std::mem::replace(&mut self.lines, vec![Line::default(); lines]);
        for line in old {
            for place in 0..line.filled() {
                self.put(line.tags[place], line.slots[place]);
            }
        }
    }

    /// Takes a slot out; does nothing where it is not in.
    fn remove(&mut self, tag: u32, slot: u32) {
        let mut at = self.home(tag);
        loop {
            let line = &self.lines[at];
            if let Some(place) = line.slots.iter().position(|&other| other == slot + 1) {
                return self.remove_at(at, place);
            }
            if !line.is_full() {
                return;
            }
            at = self.after(at);
        }
    }

    fn remove_at(&mut self, at: usize, place: usize) {
        self.len -= 1;
        let was_full = self.lines[at].is_full();
        self.lines[at].take(place);
        if was_full {
            self.fill_gap(at);
        }
        self.shrink();
    }

    /// Brings back, into a line that was full, one that had to go past it, and so on: a search stops at a line that is
    /// not full.
    fn fill_gap(&mut self, mut gap: usize) {
        let mut at = self.after(gap);
        loop {
            let was_full = self.lines[at].is_full();
            if let Some(place) = self.went_past(gap, at) {
                let (tag, slot) = self.lines[at].take(place);
                self.lines[gap].push(tag, slot);
                gap = at;
            }
            if !was_full {
                return;
            }
            at = self.after(at);
        }
    }

    /// A place in line `at` whose home is at or before line `gap`.
    fn went_past(&self, gap: usize, at: usize) -> Option<usize> {
        let lines = self.lines.len();
        let back = |from: usize| (at + lines - from) % lines;
        let line = &self.lines[at];
        (0..line.filled()).find(|&place| back(self.home(line.tags[place])) >= back(gap))
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
        for slot in 0..90_000_u32 {
            index.remove(slot.wrapping_mul(0x9e37_79b9), slot);
        }
        assert!(index.bytes() <= 10_000 * MAX_BYTES_PER_ENTRY + SHELVES * FIRST_LINES * size_of::<Line>());
        for slot in 90_000..100_000_u32 {
            assert_eq!(index.find(slot.wrapping_mul(0x9e37_79b9), |found| found == slot), Some(slot));
        }
    }

    #[test]
    fn a_shelf_stays_where_it_is_while_few_come_and_go() {
        let mut shelf = Shelf::new();
        let place = shelf.lines.as_ptr();
        for slot in 0..26 {
            shelf.insert(slot << 24, slot);
        }
        for slot in 0..26 {
            shelf.remove(slot << 24, slot);
            assert_eq!(shelf.lines.as_ptr(), place);
        }
    }

    proptest! {
        #[test]
        fn behaves_like_a_map(steps in proptest::collection::vec((any::<bool>(), 0..40_u32, 0..200_u32), 0..800)) {
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
            prop_assert_eq!(index.shelves.iter().map(|shelf| shelf.len).sum::<usize>(), model.len());
            for slot in 0..200 {
                for tag in 0..40 {
                    let found = index.find(tag_of(tag), |s| s == slot).is_some();
                    prop_assert_eq!(found, model.get(&slot) == Some(&tag_of(tag)));
                }
            }
        }
    }
}
