//! Pieces of streams that were jumped over: whether old data fills one of them tells reordering from retransmission.
//!
//! Gaps are rare and short-lived, so that a small table serves all connections: where many are open at once, the latest
//! are remembered, and what fills a forgotten one counts as sent again.

/// Gaps that can be remembered in one place of the table.
const WAYS: usize = 4;
const SETS: usize = 1024;

/// Positions from `start` to `end`, not included, of one direction of one connection; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Gap {
    owner: u64,
    start: u64,
    end: u64,
    opened_ns: u64,
}

/// The latest gaps. Takes no memory before the first one.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    sets: Vec<[Gap; WAYS]>,
}

impl Gaps {
    /// Remembers a gap. `owner` is 2 or more.
    #[cold]
    pub fn open(&mut self, owner: u64, start: u64, end: u64, opened_ns: u64) {
        if self.sets.is_empty() {
            self.sets = vec![[Gap::default(); WAYS]; SETS];
        }
        let set = self.set(owner);
        set.rotate_right(1);
        set[0] = Gap { owner, start, end, opened_ns };
    }

    /// When the gap was opened that some of this piece was in, which it then leaves; None where it was in none.
    #[cold]
    pub fn fill(&mut self, owner: u64, start: u64, end: u64) -> Option<u64> {
        if self.sets.is_empty() {
            return None;
        }
        let set = self.set(owner);
        let gap = set.iter_mut().find(|gap| gap.owner == owner && gap.start < end && start < gap.end)?;
        let opened_ns = gap.opened_ns;
        let before = Gap { end: start.max(gap.start), ..*gap };
        let after = Gap { start: end.min(gap.end), ..*gap };
        *gap = if before.start < before.end { before } else { after };
        if gap.start >= gap.end {
            *gap = Gap::default();
        } else if *gap == before && after.start < after.end {
            self.open(owner, after.start, after.end, opened_ns);
        }
        Some(opened_ns)
    }

    fn set(&mut self, owner: u64) -> &mut [Gap; WAYS] {
        &mut self.sets[owner as usize % SETS]
    }

    pub fn clear(&mut self) {
        self.sets = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_filled_once() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.fill(2, 100, 200), None);
        gaps.open(2, 100, 200, 7);
        assert_eq!(gaps.fill(3, 100, 200), None);
        assert_eq!(gaps.fill(2, 200, 300), None);
        assert_eq!(gaps.fill(2, 100, 200), Some(7));
        assert_eq!(gaps.fill(2, 100, 200), None);
    }

    #[test]
    fn pieces_may_come_in_any_order() {
        let mut gaps = Gaps::default();
        gaps.open(2, 100, 400, 7);
        assert_eq!(gaps.fill(2, 200, 300), Some(7));
        assert_eq!(gaps.fill(2, 200, 300), None);
        assert_eq!(gaps.fill(2, 50, 200), Some(7));
        assert_eq!(gaps.fill(2, 300, 400), Some(7));
        assert_eq!(gaps.fill(2, 50, 400), None);
    }

    #[test]
    fn the_latest_are_remembered() {
        let mut gaps = Gaps::default();
        for n in 1..=5 {
            gaps.open(2, n * 100, n * 100 + 10, n);
        }
        assert_eq!(gaps.fill(2, 100, 110), None);
        assert_eq!((gaps.fill(2, 200, 210), gaps.fill(2, 500, 510)), (Some(2), Some(5)));
    }
}
