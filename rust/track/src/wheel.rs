//! When to look at a connection again: a timer wheel for each class over links in the connections themselves.
//!
//! A packet does not move its connection in the wheel. A connection is looked at when its old deadline comes, and put
//! back if it was used since: each is touched about once per time limit, and the table is never scanned. The wheels
//! also know whom to push out when memory runs short: the earliest deadline of the least valuable class.
use crate::entry::{Cold, NONE};

/// What a connection is worth when memory runs short; in the order in which they are pushed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Ended = 0,
    HalfOpen = 1,
    /// Answered just now; whether the client took that up is not seen.
    Unproven = 2,
    Open = 3,
}

const CLASSES: usize = 4;
const SLOTS: usize = 1 << 14;
const WORDS: usize = SLOTS / 64;

/// Ticks are 2^26 ns (67 ms) to 2^31 ns (2.1 s) long: as short as the longest time limit of a class allows.
const MIN_SHIFT: u32 = 26;
const MAX_SHIFT: u32 = 31;

/// In `Cold::prev`: this is the first of a list, whose number is in the other bits.
const IS_FIRST: u32 = 1 << 31;

#[derive(Debug)]
pub(crate) struct Wheel {
    /// The first connection of each list: all lists of a class in a row.
    first: Vec<u32>,
    /// A bit for each list that is not empty.
    filled: Vec<u64>,
    /// By class: the tick that was looked at last; None before the first connection.
    now: [Option<u64>; CLASSES],
    shift: [u32; CLASSES],
}

impl Wheel {
    /// `longest_ns` has the longest time limit of each class.
    pub fn new(longest_ns: [u64; CLASSES]) -> Self {
        let shift = longest_ns.map(|longest_ns| {
            let fits = |shift: &u32| longest_ns >> shift < (SLOTS - 2) as u64;
            (MIN_SHIFT..MAX_SHIFT).find(fits).unwrap_or(MAX_SHIFT)
        });
        Self { first: vec![NONE; CLASSES * SLOTS], filled: vec![0; CLASSES * WORDS], now: [None; CLASSES], shift }
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.first.len() * 4 + self.filled.len() * 8
    }

    fn list_of(&self, class: Class, deadline_ns: u64, now: u64) -> usize {
        // One tick late rather than early: a deadline within a tick has passed only when the tick is over.
        let tick = ((deadline_ns >> self.shift[class as usize]) + 1).clamp(now + 1, now + SLOTS as u64 - 1);
        class as usize * SLOTS + tick as usize % SLOTS
    }

    /// Enters a connection that is in no list.
    pub fn insert(&mut self, cold: &mut [Cold], slot: u32, class: Class, deadline_ns: u64, now_ns: u64) {
        let shift = self.shift[class as usize];
        let now = *self.now[class as usize].get_or_insert((now_ns >> shift).saturating_sub(1));
        let list = self.list_of(class, deadline_ns, now);
        let old = self.first[list];
        cold[slot as usize].prev = IS_FIRST | list as u32;
        cold[slot as usize].next = old;
        if old != NONE {
            cold[old as usize].prev = slot;
        }
        self.first[list] = slot;
        self.filled[list / 64] |= 1 << (list % 64);
    }

    /// Takes a connection out of its list.
    pub fn remove(&mut self, cold: &mut [Cold], slot: u32) {
        let Cold { next, prev, .. } = cold[slot as usize];
        if next != NONE {
            cold[next as usize].prev = prev;
        }
        if prev & IS_FIRST == 0 {
            cold[prev as usize].next = next;
            return;
        }
        let list = (prev & !IS_FIRST) as usize;
        self.first[list] = next;
        if next == NONE {
            self.filled[list / 64] &= !(1 << (list % 64));
        }
    }

    /// Moves the first connection of a list to where its deadline is now. Returns false where it is there already.
    pub fn bring_up_to_date(&mut self, cold: &mut [Cold], slot: u32, class: Class, deadline_ns: u64) -> bool {
        let now = self.now[class as usize].unwrap_or_default();
        if cold[slot as usize].prev == IS_FIRST | self.list_of(class, deadline_ns, now) as u32 {
            return false;
        }
        self.remove(cold, slot);
        self.insert(cold, slot, class, deadline_ns, 0);
        true
    }

    /// The connection of a class with the earliest deadline.
    pub fn earliest(&self, class: Class) -> Option<u32> {
        let start = (self.now[class as usize]? as usize + 1) % SLOTS;
        let words = &self.filled[class as usize * WORDS..][..WORDS];
        let first_word = start / 64;
        for step in 0..=WORDS {
            let word = (first_word + step) % WORDS;
            let mask = match step {
                0 => u64::MAX << (start % 64),
                WORDS => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = words[word] & mask;
            if bits != 0 {
                let list = class as usize * SLOTS + word * 64 + bits.trailing_zeros() as usize;
                return Some(self.first[list]);
            }
        }
        None
    }

    /// A connection whose deadline has come; None when there are no more, and time has been brought forward.
    ///
    /// The caller takes it out of its list or puts it back with a later deadline.
    pub fn due(&mut self, now_ns: u64) -> Option<u32> {
        (0..CLASSES).find_map(|class| self.due_of(class, now_ns >> self.shift[class]))
    }

    fn due_of(&mut self, class: usize, target: u64) -> Option<u32> {
        // Every list is looked at once, however far time jumped.
        let mut now = self.now[class]?.max(target.saturating_sub(SLOTS as u64));
        loop {
            let slot = self.first[class * SLOTS + now as usize % SLOTS];
            self.now[class] = Some(now);
            if slot != NONE {
                return Some(slot);
            }
            if now >= target {
                return None;
            }
            now += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.first.fill(NONE);
        self.filled.fill(0);
        self.now = [None; CLASSES];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn cold(slots: usize) -> Vec<Cold> {
        vec![Cold::default(); slots]
    }

    fn drain(wheel: &mut Wheel, cold: &mut [Cold], now_ns: u64) -> Vec<u32> {
        let mut due = Vec::new();
        while let Some(slot) = wheel.due(now_ns) {
            wheel.remove(cold, slot);
            due.push(slot);
        }
        due.sort_unstable();
        due
    }

    #[test]
    fn deadlines_come_in_time_and_never_early() {
        let (mut wheel, mut cold) = (Wheel::new([7200 * SECOND; CLASSES]), cold(4));
        for (slot, seconds) in [(0, 60), (1, 61), (2, 7200)] {
            wheel.insert(&mut cold, slot, Class::Open, seconds * SECOND, 0);
        }
        assert!(drain(&mut wheel, &mut cold, 60 * SECOND - 1).is_empty());
        assert_eq!(drain(&mut wheel, &mut cold, 63 * SECOND), [0, 1]);
        assert_eq!(drain(&mut wheel, &mut cold, 7202 * SECOND), [2]);
    }

    #[test]
    fn time_may_jump_far_ahead_or_back() {
        let (mut wheel, mut cold) = (Wheel::new([60 * SECOND; CLASSES]), cold(3));
        wheel.insert(&mut cold, 0, Class::Open, 30 * SECOND, 0);
        assert!(drain(&mut wheel, &mut cold, 0).is_empty());
        assert_eq!(drain(&mut wheel, &mut cold, u64::MAX / 2), [0]);
        wheel.insert(&mut cold, 1, Class::Open, 5 * SECOND, SECOND);
        assert_eq!(drain(&mut wheel, &mut cold, u64::MAX / 2 + 10 * SECOND), [1]);
    }

    #[test]
    fn any_link_of_a_list_can_be_taken_out() {
        let (mut wheel, mut cold) = (Wheel::new([60 * SECOND; CLASSES]), cold(5));
        for slot in 0..5 {
            wheel.insert(&mut cold, slot, Class::HalfOpen, 10 * SECOND, 0);
        }
        for slot in [4, 0, 2] {
            wheel.remove(&mut cold, slot);
        }
        assert_eq!(drain(&mut wheel, &mut cold, 20 * SECOND), [1, 3]);
        assert_eq!(wheel.earliest(Class::HalfOpen), None);
    }

    #[test]
    fn the_earliest_of_a_class_is_found_also_around_the_end() {
        let (mut wheel, mut cold) = (Wheel::new([60 * SECOND; CLASSES]), cold(3));
        let ring_ns = (SLOTS as u64) << MIN_SHIFT;
        wheel.insert(&mut cold, 0, Class::Open, 2 * ring_ns - SECOND, 2 * ring_ns - 10 * SECOND);
        wheel.insert(&mut cold, 1, Class::Open, 2 * ring_ns + 20 * SECOND, 0);
        wheel.insert(&mut cold, 2, Class::Ended, 2 * ring_ns + 30 * SECOND, 0);
        assert_eq!(wheel.earliest(Class::Open), Some(0));
        wheel.remove(&mut cold, 0);
        assert_eq!(wheel.earliest(Class::Open), Some(1));
        assert_eq!(wheel.earliest(Class::Ended), Some(2));
        assert_eq!(wheel.earliest(Class::HalfOpen), None);
    }
}
