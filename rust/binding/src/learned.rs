//! The ports that servers answer from: each tracker learns them from its own packets, and from the others.

use std::sync::atomic::{AtomicU64, Ordering};

use track::Tracker;

const WORDS: usize = 1 << 10;

/// Ports that all trackers know, or will before they see a later packet.
pub(crate) struct Learned {
    bits: Vec<AtomicU64>,
    /// How many there are: whoever has seen fewer has something to learn.
    count: AtomicU64,
}

impl Default for Learned {
    fn default() -> Self {
        Self { bits: (0..WORDS).map(|_| AtomicU64::new(0)).collect(), count: AtomicU64::new(0) }
    }
}

impl Learned {
    pub(crate) fn knows(&self, port: u16) -> bool {
        self.bits[usize::from(port) / 64].load(Ordering::Acquire) & 1 << (port % 64) != 0
    }

    /// Returns whether it is new.
    pub(crate) fn add(&self, port: u16) -> bool {
        let bit = 1 << (port % 64);
        let is_new = self.bits[usize::from(port) / 64].fetch_or(bit, Ordering::AcqRel) & bit == 0;
        if is_new {
            self.count.fetch_add(1, Ordering::Release);
        }
        is_new
    }

    /// Tells the others what `tracker` has learned, and it what they have. `seen` is how much it knew the last time.
    pub(crate) fn exchange(&self, tracker: &mut Tracker, seen: &mut u64) {
        for port in tracker.take_learned_ports() {
            self.add(port);
        }
        let count = self.count.load(Ordering::Acquire);
        if count == *seen {
            return;
        }
        *seen = count;
        (0..=u16::MAX).filter(|&port| self.knows(port)).for_each(|port| tracker.learn_port(port));
        tracker.take_learned_ports();
    }
}
