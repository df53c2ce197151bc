//! What readers of every format share: the window, where reading stands in it, and where it broke.

use crate::window::Window;

/// The longest capture of one packet that any tool writes (libpcap's MAXIMUM_SNAPLEN).
pub(crate) const MOST_CAPTURED: usize = 262_144;

/// A stored input that is being read.
pub(crate) struct Stored {
    pub(crate) name: String,
    /// The number that its frames carry.
    pub(crate) source: u16,
    /// Where the first record that was not consumed is in `bytes`.
    pub(crate) start: usize,
    window: Window,
    was_packed: bool,
    /// Where something began that ended too early, if that lies before `start`.
    began: Option<u64>,
    broken: Option<String>,
}

impl Stored {
    pub(crate) fn new(name: String, window: Window, was_packed: bool) -> Self {
        Self { name, source: 0, start: 0, window, was_packed, began: None, broken: None }
    }

    /// What is in memory.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Makes at least `wanted` bytes from `start` on available, if there are as many. Returns how many are there.
    pub(crate) fn bring(&mut self, wanted: usize) -> usize {
        if self.bytes().len() - self.start < wanted {
            self.window.slide(self.start, wanted);
            self.start = 0;
        }
        self.bytes().len() - self.start
    }

    /// Gives the memory in which the records before `start` are in exchange for `memory`, and goes on in that.
    pub(crate) fn exchange(&mut self, memory: &mut Vec<u8>) {
        self.window.exchange(std::mem::take(&mut self.start), memory);
    }

    /// Passes over bytes that nobody wants. Returns whether there were as many.
    pub(crate) fn pass_over(&mut self, count: u64) -> bool {
        let there = self.bytes().len() - self.start;
        if count <= there as u64 {
            self.start += count as usize;
            return true;
        }
        let began = self.place();
        let start = std::mem::take(&mut self.start) as u64;
        let is_there = self.window.skip(start + count);
        self.began = (!is_there).then_some(began);
        is_there
    }

    /// Why the bytes end where they end; None at the proper end of the input.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.window.failure()
    }

    /// Notes that nothing can be read from here on, for this reason or for that of the input itself.
    pub(crate) fn break_off(&mut self, what: &str) {
        let at = self.began.unwrap_or_else(|| self.place());
        let unpacked = if self.was_packed { " of what it unpacks to" } else { "" };
        let what = self.failure().unwrap_or(what);
        self.broken = Some(format!("{} breaks at byte {at}{unpacked}: {what}; it was read up to there", self.name));
    }

    fn place(&self) -> u64 {
        self.window.offset() + self.start as u64
    }

    /// Where and how it broke, in one sentence; None while it is whole.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}
