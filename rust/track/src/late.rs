//! Connections without a name yet: those that a claim which comes late may still name.
//!
//! A ring remembers the latest of them with their addresses, so that a claim which follows the first packet by seconds
//! costs one short walk. A claim that reaches further back than the ring asks for a pass over the whole table, which is
//! made in steps.
use core::net::IpAddr;
use std::collections::HashSet;

use crate::hash::FoldState;

/// How many connections are remembered.
const RING: usize = 65_536;

/// One connection without a name on at least one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unnamed {
    pub id: u64,
    pub slot: u32,
    /// By side, what stands for its address; see [`mark_of`].
    pub marks: [u32; 2],
}

/// Stands for an address: equal for equal ones, and nearly always different for others.
#[inline]
pub(crate) fn mark_of(addr: IpAddr) -> u32 {
    match addr {
        IpAddr::V4(addr) => addr.to_bits(),
        IpAddr::V6(addr) => {
            let bits = addr.to_bits();
            (bits ^ bits >> 32 ^ bits >> 64 ^ bits >> 96) as u32
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Late {
    ring: Vec<Unnamed>,
    at: usize,
    /// When the latest connection started that the ring has forgotten; 0 while it has forgotten none.
    floor_ns: u64,
    started_ns: Vec<u64>,
    /// Where the pass over the table stands; None when there is none under way.
    sweep: Option<u32>,
}

impl Late {
    pub fn remember(&mut self, unnamed: Unnamed, started_ns: u64) {
        if self.ring.len() < RING {
            self.ring.push(unnamed);
            self.started_ns.push(started_ns);
            return;
        }
        self.floor_ns = self.floor_ns.max(self.started_ns[self.at]);
        self.ring[self.at] = unnamed;
        self.started_ns[self.at] = started_ns;
        self.at = (self.at + 1) % RING;
    }

    /// Whether connections that a claim since `from_ns` could name may have been forgotten here.
    pub fn is_beyond_reach(&self, from_ns: u64) -> bool {
        from_ns <= self.floor_ns && self.floor_ns != 0
    }

    /// The remembered connections that have one of these addresses.
    pub fn affected(&self, addrs: &[IpAddr]) -> Vec<Unnamed> {
        let wanted: HashSet<u32, FoldState> = addrs.iter().map(|&addr| mark_of(addr)).collect();
        let has_one = |unnamed: &&Unnamed| unnamed.marks.iter().any(|mark| wanted.contains(mark));
        self.ring.iter().filter(has_one).copied().collect()
    }

    /// Asks for a pass over the whole table. Returns false where one that has not gone far yet will do.
    pub fn start_sweep(&mut self) -> bool {
        let is_new = self.sweep != Some(0);
        self.sweep = Some(0);
        is_new
    }

    /// The next `step` slots to look at; None when there is no pass under way.
    pub fn next_step(&mut self, step: u32, slots: u32) -> Option<core::ops::Range<u32>> {
        let from = self.sweep?;
        let to = from.saturating_add(step).min(slots);
        self.sweep = (to < slots).then_some(to);
        Some(from..to)
    }

    pub fn is_sweeping(&self) -> bool {
        self.sweep.is_some()
    }

    /// Forgets the connections.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unnamed(id: u64, addr: &str) -> Unnamed {
        Unnamed { id, slot: 0, marks: [mark_of(addr.parse().unwrap()), 0] }
    }

    #[test]
    fn connections_are_found_by_address() {
        let mut late = Late::default();
        late.remember(unnamed(1, "10.0.0.1"), 100);
        late.remember(unnamed(2, "fd00::2"), 100);
        let found = late.affected(&["fd00::2".parse().unwrap()]);
        assert_eq!(found, [unnamed(2, "fd00::2")]);
        assert!(!late.is_beyond_reach(0));
    }

    #[test]
    fn what_was_forgotten_is_beyond_reach() {
        let mut late = Late::default();
        for n in 0..=RING as u64 {
            late.remember(unnamed(n, "10.0.0.1"), 100 + n);
        }
        assert_eq!(late.affected(&["10.0.0.1".parse().unwrap()]).len(), RING);
        assert!(late.is_beyond_reach(100));
        assert!(!late.is_beyond_reach(101));
    }

    #[test]
    fn a_pass_goes_over_every_slot_once() {
        let mut late = Late::default();
        assert!(late.start_sweep());
        assert_eq!(late.next_step(4, 6), Some(0..4));
        assert_eq!(late.next_step(4, 6), Some(4..6));
        assert_eq!(late.next_step(4, 6), None);
    }
}
