//! A piece of an input in memory, moved along as the input is read.
//!
//! Why reading and not mapping: docs/decisions/0008-files-are-read-not-mapped.md.

use std::io::{ErrorKind, Read};

use crate::error::plain;

/// How much is read at once: as much as a second cache has. Less costs more system calls, more is slower to read again.
const WINDOW_BYTES: usize = 1 << 20;
/// The same where memory is exchanged: what is in it then has to stay in the cache until it has been counted.
const EXCHANGED_BYTES: usize = 320 << 10;

/// The bytes of an input from `offset` on.
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    filled: usize,
    offset: u64,
    failure: Option<String>,
}

impl Window {
    /// A window that stands at the beginning of `input`, filled.
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        let mut window = Self { input, buffer: vec![0; WINDOW_BYTES], filled: 0, offset: 0, failure: None };
        window.slide(0, 0);
        window
    }

    /// What is in memory.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Where in the input the first of these bytes was.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Why nothing comes after these bytes, where the input did not come to its end.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Lets go of the first `count` bytes and reads as many more as there is room for, and at least until `wanted` are
    /// there. Fewer are there afterwards only where the input has ended or failed.
    pub(crate) fn slide(&mut self, count: usize, wanted: usize) {
        let count = count.min(self.filled);
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
        self.offset += count as u64;
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        while self.filled < self.buffer.len() && self.failure.is_none() {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.failure = Some(plain(&error)),
            }
        }
    }

    /// Lets go of the first `count` bytes by giving its memory in exchange for `memory`, in which it goes on.
    pub(crate) fn exchange(&mut self, count: usize, memory: &mut Vec<u8>) {
        let count = count.min(self.filled);
        let rest = self.filled - count;
        memory.resize(rest.max(EXCHANGED_BYTES), 0);
        memory[..rest].copy_from_slice(&self.buffer[count..self.filled]);
        (self.filled, self.offset) = (rest, self.offset + count as u64);
        std::mem::swap(&mut self.buffer, memory);
    }

    /// Lets go of the first `count` bytes, however many, without keeping what lies between. Returns whether there were
    /// as many.
    pub(crate) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        loop {
            let step = left.min(self.filled as u64);
            self.slide(step as usize, 0);
            left -= step;
            if left == 0 || self.filled == 0 {
                return left == 0;
            }
        }
    }
}
