//! Several sources of stored frames as one, in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use wire::Frame;

use crate::frames::{BATCH_FRAMES, Frames};

/// The most frames in a piece, but for the batch that begins within them.
pub const PIECE_FRAMES: usize = 1 << 15;

/// Merges readers by time. Records of one reader keep their order, also where its clock went backwards.
pub struct Merged {
    readers: Vec<Box<dyn Frames>>,
    positions: Vec<usize>,
    /// (time of the next record, reader) of every reader that has one.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Merged {
    /// Merges `readers`; the number of a reader is its place in the list.
    #[must_use]
    pub fn new(readers: Vec<Box<dyn Frames>>) -> Self {
        let mut merged = Self { positions: vec![0; readers.len()], heads: BinaryHeap::new(), readers };
        for reader in 0..merged.readers.len() {
            merged.advance(reader);
        }
        merged
    }

    /// Hands the next batch to `sink`. Returns false when there is none: every reader is at its end.
    pub fn next_batch(&mut self, sink: &mut dyn FnMut(&[Frame<'_>])) -> bool {
        self.wake_next();
        let Self { readers, positions, heads, .. } = self;
        let mut batch: Vec<Frame<'_>> = Vec::with_capacity(BATCH_FRAMES);
        let mut touched: Vec<usize> = Vec::new();
        let mut emptied = None;
        while batch.len() < BATCH_FRAMES {
            let Some(&Reverse((_, reader))) = heads.peek() else { break };
            if readers[reader].is_asleep() {
                break;
            }
            heads.pop();
            let until_ns = heads.peek().map_or(u64::MAX, |Reverse((time, _))| *time);
            positions[reader] = readers[reader].run(positions[reader], until_ns, &mut batch);
            if !touched.contains(&reader) {
                touched.push(reader);
            }
            let Some(time) = readers[reader].time_at(positions[reader]) else {
                emptied = Some(reader);
                break;
            };
            heads.push(Reverse((time, reader)));
        }
        let any = !batch.is_empty();
        if any {
            sink(&batch);
        }
        drop(batch);
        for reader in touched {
            self.readers[reader].consume(self.positions[reader]);
        }
        if let Some(reader) = emptied {
            self.advance(reader);
        }
        any
    }

    /// Hands all frames that are in memory to `sink`, some at a time and at most [`PIECE_FRAMES`], and then their memory
    /// over, in exchange for `memory`: they need not be copied to be kept. Returns false, with nothing done, where frames
    /// of several readers are to be merged, or there are none.
    pub fn next_piece(&mut self, memory: &mut Vec<u8>, sink: &mut dyn FnMut(&[Frame<'_>])) -> bool {
        self.wake_next();
        let Some(&Reverse((_, number))) = self.heads.peek().filter(|_| self.heads.len() == 1) else { return false };
        let reader = &mut self.readers[number];
        let mut batch = Vec::with_capacity(BATCH_FRAMES);
        let mut position = self.positions[number];
        let mut left = PIECE_FRAMES;
        while left > 0 && reader.time_at(position).is_some() {
            position = reader.run(position, u64::MAX, &mut batch);
            left = left.saturating_sub(batch.len());
            sink(&batch);
            batch.clear();
        }
        drop(batch);
        reader.consume(position);
        reader.exchange(memory);
        self.heads.clear();
        self.advance(number);
        true
    }

    /// One sentence for each thing that kept a reader from being read to its end.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.readers.iter().flat_map(|reader| reader.errors()).collect()
    }

    /// What is to be known about the frames, in sentences.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.readers.iter().flat_map(|reader| reader.notes()).collect()
    }

    /// Opens what sleeps where its record is the next.
    fn wake_next(&mut self) {
        while let Some(&Reverse((_, reader))) = self.heads.peek()
            && self.readers[reader].is_asleep()
        {
            self.heads.pop();
            self.advance(reader);
        }
    }

    /// Moves a reader's window on and lists its next record.
    fn advance(&mut self, reader: usize) {
        if !self.readers[reader].fill() {
            return;
        }
        let start = self.readers[reader].start();
        self.positions[reader] = start;
        if let Some(time) = self.readers[reader].time_at(start) {
            self.heads.push(Reverse((time, reader)));
        }
    }
}
