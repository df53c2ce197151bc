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
}

/// The latest gaps. Takes no memory before the first one.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    sets: Vec<[Gap; WAYS]>,
}

impl Gaps {
    /// Remembers a gap. `owner` is 2 or more.
    #[cold]
    pub fn open(&mut self, owner: u64, start: u64, end: u64) {
        if self.sets.is_empty() {
            self.sets = vec![[Gap::default(); WAYS]; SETS];
        }
        let set = self.set(owner);
        set.rotate_right(1);
        set[0] = Gap { owner, start, end };
    }

    /// Whether some of this piece was in a gap, which it then leaves.
    #[cold]
    pub fn fill(&mut self, owner: u64, start: u64, end: u64) -> bool {
        if self.sets.is_empty() {
            return false;
        }
        let set = self.set(owner);
        let Some(gap) = set.iter_mut().find(|gap| gap.owner == owner && gap.start < end && start < gap.end) else {
            return false;
        };
        let before = Gap { end: start.max(gap.start), ..*gap };
        let after = Gap { start: end.min(gap.end), ..*gap };
        *gap = if before.start < before.end { before } else { after };
        if gap.start >= gap.end {
            *gap = Gap::default();
        } else if *gap == before && after.start < after.end {
            self.open(owner, after.start, after.end);
        }
        true
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
        assert!(!gaps.fill(2, 100, 200));
        gaps.open(2, 100, 200);
        assert!(!gaps.fill(3, 100, 200));
        assert!(!gaps.fill(2, 200, 300));
        assert!(gaps.fill(2, 100, 200));
        assert!(!gaps.fill(2, 100, 200));
    }

    #[test]
    fn pieces_may_come_in_any_order() {
        let mut gaps = Gaps::default();
        gaps.open(2, 100, 400);
        assert!(gaps.fill(2, 200, 300));
        assert!(!gaps.fill(2, 200, 300));
        assert!(gaps.fill(2, 50, 200));
        assert!(gaps.fill(2, 300, 400));
        assert!(!gaps.fill(2, 50, 400));
    }

    #[test]
    fn the_latest_are_remembered() {
        let mut gaps = Gaps::default();
        for n in 1..=5 {
            gaps.open(2, n * 100, n * 100 + 10);
        }
        assert!(!gaps.fill(2, 100, 110));
        assert!(gaps.fill(2, 200, 210) && gaps.fill(2, 500, 510));
    }
}
