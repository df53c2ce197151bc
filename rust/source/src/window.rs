//! A piece of a file in memory, moved along as the file is read.
//!
//! Reading into one buffer that stays in the processor's second cache is faster than mapping the file (14 to 19 ns a
//! packet against 33, each touched once), and a file that is cut meanwhile merely ends.

use std::io::{ErrorKind, Read, Result};

/// How much is read at once: fits the second cache with room to spare.
const WINDOW_BYTES: usize = 256 << 10;

/// The bytes of an input from `offset` on.
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    filled: usize,
    offset: u64,
}

impl Window {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: vec![0; WINDOW_BYTES], filled: 0, offset: 0 }
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

    /// Lets go of the first `count` bytes and reads as many more as there is room for, and at least until `wanted` are
    /// there. Fewer are there afterwards only where the input has ended.
    pub(crate) fn slide(&mut self, count: usize, wanted: usize) -> Result<()> {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
        self.offset += count as u64;
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        while self.filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
