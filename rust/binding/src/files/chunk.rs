//! A piece of the captures that several threads work on: its frames, and which tracker each of them is for.

use std::ops::Range;

use source::BATCH_FRAMES;
use track::{Frame, LinkType, Share, Spread, Stragglers, Tracker};

use crate::core::Core;
use crate::error::Result;
use crate::files::gate::Gate;
use crate::files::{Input, Reading};
use crate::learned::Learned;

/// About so many bytes of frames make a chunk: they stay in the second cache between being read and being counted.
const BYTES: usize = 256 << 10;
/// The most frames.
const FRAMES: usize = 4096;
/// Nobody's: it is only counted, or left out.
const NOBODY: u8 = u8::MAX;
/// To be told in the order of the frames.
const LATER: u8 = u8::MAX - 1;

/// A frame without its bytes.
#[derive(Clone, Copy)]
struct Stub {
    ts_ns: u64,
    at: u32,
    len: u32,
    wire_len: u32,
    source: u16,
    link: LinkType,
    vlan: Option<u16>,
    shard: u8,
}

/// Room for the numbers and the frames of one batch.
type Work<'a> = (Vec<u32>, Vec<Frame<'a>>);

/// A port that all trackers but one learn from others, before the frame with this number.
struct Lesson {
    before: usize,
    port: u16,
    shard: u8,
}

/// Some frames in the order of the captures.
#[derive(Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    stubs: Vec<Stub>,
    /// Up to which frame, and the time at which connections are then looked at.
    looks: Vec<(usize, u64)>,
    /// Ports that may be new, by frame.
    answers: Vec<(usize, u16)>,
    lessons: Vec<Lesson>,
}

impl Chunk {
    /// Takes the next frames; false at the end.
    pub(crate) fn fill(&mut self, input: &mut Input, reading: &Reading) -> bool {
        self.bytes.clear();
        self.stubs.clear();
        self.looks.clear();
        self.answers.clear();
        self.lessons.clear();
        while self.bytes.len() < BYTES && self.stubs.len() < FRAMES && !reading.progress.is_stopped() {
            let more = input.next_batch(reading, &mut |frames, now_ns| {
                frames.iter().for_each(|frame| self.push(frame));
                self.looks.push((self.stubs.len(), now_ns));
            });
            if !more {
                break;
            }
        }
        !self.stubs.is_empty()
    }

    fn push(&mut self, frame: &Frame<'_>) {
        self.stubs.push(Stub {
            ts_ns: frame.ts_ns,
            at: self.bytes.len() as u32,
            len: frame.data.len() as u32,
            wire_len: frame.wire_len,
            source: frame.source,
            link: frame.link,
            vlan: frame.vlan,
            shard: LATER,
        });
        self.bytes.extend_from_slice(frame.data);
    }

    /// Tells whose the frames are, as far as that can be told out of order.
    pub(crate) fn split(&mut self, spread: &Spread, gate: Option<&mut Gate>, learned: &Learned) {
        let Self { bytes, stubs, answers, .. } = self;
        if let Some(gate) = gate {
            for stub in stubs.iter_mut().filter(|stub| !gate.passes(&stub.frame(bytes))) {
                stub.shard = NOBODY;
            }
        }
        for (number, stub) in stubs.iter_mut().enumerate().filter(|(_, stub)| stub.shard == LATER) {
            let frame = stub.frame(bytes);
            let Some(mut share) = spread.of(&frame) else { continue };
            if share.learned != 0 && !learned.knows(share.learned) {
                share = spread.closely(&frame).unwrap_or(share);
                answers.push((number, share.learned));
            }
            stub.shard = share.shard;
        }
    }

    /// Tells the rest, once all chunks before it have been told.
    pub(crate) fn settle(&mut self, spread: &Spread, stragglers: &mut Stragglers, learned: &Learned) {
        let Self { bytes, stubs, answers, lessons, .. } = self;
        let first_answers = answers.len();
        for (number, stub) in stubs.iter_mut().enumerate().filter(|(_, stub)| stub.shard == LATER) {
            let Share { shard, learned } = spread.in_order(&stub.frame(bytes), stragglers);
            stub.shard = shard;
            answers.push((number, learned));
        }
        if first_answers < answers.len() {
            answers.sort_unstable();
        }
        for &(number, port) in answers.iter().filter(|(_, port)| *port != 0) {
            if learned.add(port) {
                lessons.push(Lesson { before: number + 1, port, shard: stubs[number].shard });
            }
        }
    }

    /// Counts the frames of one tracker.
    pub(crate) fn count(&self, core: &Core, shard: usize) -> Result<()> {
        let mut lessons = self.lessons.iter().filter(|lesson| usize::from(lesson.shard) != shard).peekable();
        let mut work = (Vec::with_capacity(BATCH_FRAMES), Vec::with_capacity(BATCH_FRAMES));
        let mut from = 0;
        for &(to, now_ns) in &self.looks {
            let mut tracker = core.tracker(shard)?;
            while let Some(lesson) = lessons.next_if(|lesson| lesson.before <= to) {
                self.count_some(&mut tracker, shard, from..lesson.before, &mut work);
                tracker.learn_port(lesson.port);
                from = lesson.before;
            }
            self.count_some(&mut tracker, shard, from..to, &mut work);
            from = to;
            tracker.expire(now_ns);
        }
        Ok(())
    }

    fn count_some<'a>(&'a self, tracker: &mut Tracker, shard: usize, numbers: Range<usize>, work: &mut Work<'a>) {
        let (mine, frames) = work;
        let stubs = &self.stubs[numbers];
        // Whose a frame is cannot be predicted: every number is written, and stays where it is one of ours.
        mine.resize(stubs.len().max(mine.len()), 0);
        let mut count = 0;
        for (number, stub) in stubs.iter().enumerate() {
            mine[count] = number as u32;
            count += usize::from(usize::from(stub.shard) == shard);
        }
        frames.clear();
        frames.extend(mine[..count].iter().map(|&number| stubs[number as usize].frame(&self.bytes)));
        tracker.batch(frames);
    }
}

impl Stub {
    fn frame<'a>(&self, bytes: &'a [u8]) -> Frame<'a> {
        let from = self.at as usize;
        Frame {
            ts_ns: self.ts_ns,
            wire_len: self.wire_len,
            data: &bytes[from..from + self.len as usize],
            source: self.source,
            link: self.link,
            vlan: self.vlan,
        }
    }
}
