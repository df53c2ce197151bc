//! A piece of the captures that several threads work on: its frames, and for each tracker those that are its own.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use source::{BATCH_FRAMES, PIECE_FRAMES};
use track::{Frame, LinkType, Preview, Sheaf, Stragglers, Tracker};

use crate::core::Core;
use crate::error::Result;
use crate::files::gate::Gate;
use crate::files::{Input, Reading};
use crate::learned::Learned;

/// About so many bytes of frames that were merged make a chunk: they stay in the cache between being read and being
/// counted.
const BYTES: usize = 512 << 10;
/// The most frames, but for those of the batch that begins within them.
const FRAMES: usize = 2048;
const _: () = assert!(FRAMES + BATCH_FRAMES <= Sheaf::MOST_FRAMES && PIECE_FRAMES + BATCH_FRAMES <= Sheaf::MOST_FRAMES);

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
}

/// A port that a server answers from, as the frame with this number tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    number: u16,
    port: u16,
    /// The tracker whose frame it is.
    shard: u8,
}

/// Some frames in the order of the captures.
#[derive(Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    /// Where the first frame is in `bytes`.
    first: usize,
    stubs: Vec<Stub>,
    /// Up to which frame, and the time at which connections are then looked at.
    looks: Vec<(usize, u64)>,
    /// One for each tracker, which takes its own out to count it.
    sheaves: Mutex<Vec<Sheaf>>,
    /// Frames whose tracker is to be told in the order of the frames.
    later: Vec<u16>,
    /// Ports that may be new.
    answers: Vec<Answer>,
    /// Ports that are: all trackers but one learn them from others, behind their frames.
    lessons: Vec<Answer>,
    /// What the frames were read ahead with.
    preview: Option<Arc<Preview>>,
}

impl Chunk {
    /// Takes the next frames; false at the end.
    pub(crate) fn fill(&mut self, input: &mut Input, reading: &Reading) -> bool {
        self.stubs.clear();
        self.looks.clear();
        self.later.clear();
        self.answers.clear();
        self.lessons.clear();
        self.sheaves().iter_mut().for_each(Sheaf::clear);
        if !reading.progress.is_stopped() && self.fill_whole(input, reading) {
            return true;
        }
        self.first = 0;
        self.bytes.clear();
        while self.bytes.len() < BYTES && self.stubs.len() < FRAMES && !reading.progress.is_stopped() {
            let more = input.next_batch(reading, &mut |frames, now_ns| {
                for frame in frames {
                    self.stubs.push(Stub::of(frame, self.bytes.len()));
                    self.bytes.extend_from_slice(frame.data);
                }
                self.looks.push((self.stubs.len(), now_ns));
            });
            if !more {
                break;
            }
        }
        !self.stubs.is_empty()
    }

    /// Takes the frames that are in memory together with the memory; false where there is no such piece.
    fn fill_whole(&mut self, input: &mut Input, reading: &Reading) -> bool {
        let Self { bytes, stubs, looks, .. } = self;
        let mut first = None;
        let is_some = input.next_piece(reading, bytes, &mut |frames, now_ns| {
            let address = |frame: &Frame<'_>| frame.data.as_ptr().addr();
            let Some(first) = frames.first().map(|frame| *first.get_or_insert(address(frame))) else { return };
            stubs.extend(frames.iter().map(|frame| Stub::of(frame, address(frame) - first)));
            looks.push((stubs.len(), now_ns));
        });
        self.first = first.map_or(0, |first| first - self.bytes.as_ptr().addr());
        is_some
    }

    fn sheaves(&mut self) -> &mut Vec<Sheaf> {
        self.sheaves.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the frames, and tells whose they are, as far as that can be told out of order.
    #[inline(never)]
    pub(crate) fn sort(
        &mut self,
        preview: &Arc<Preview>,
        shards: usize,
        mut gate: Option<&mut Gate>,
        learned: &Learned,
    ) {
        self.sheaves().resize_with(shards, Sheaf::default);
        let Self { bytes, first, stubs, sheaves, later, answers, .. } = self;
        let (bytes, sheaves) = (&bytes[*first..], sheaves.get_mut().unwrap_or_else(PoisonError::into_inner));
        for (number, stub) in (0..).zip(stubs.iter()) {
            if let Some(gate) = &mut gate
                && !gate.passes(&stub.frame(bytes))
            {
                continue;
            }
            match preview.sort(number, stub.frame(bytes), sheaves) {
                Some(share) if share.learned != 0 && !learned.knows(share.learned) => {
                    answers.push(Answer { number, port: share.learned, shard: share.shard });
                }
                Some(_) => {}
                None => {
                    sheaves.iter_mut().for_each(|sheaf| sheaf.add_unread(number, stub.source));
                    later.push(number);
                }
            }
        }
        self.preview = Some(Arc::clone(preview));
    }

    /// Tells the rest, once all chunks before it have been told.
    pub(crate) fn settle(&mut self, stragglers: &mut Stragglers, learned: &Learned) {
        let Self { bytes, first, stubs, sheaves, later, answers, lessons, preview, .. } = self;
        let Some(preview) = preview else { return };
        let (bytes, sheaves) = (&bytes[*first..], sheaves.get_mut().unwrap_or_else(PoisonError::into_inner));
        for &number in later.iter() {
            let share = preview.spread().in_order(&stubs[usize::from(number)].frame(bytes), stragglers);
            let others = sheaves.iter_mut().enumerate().filter(|(shard, _)| *shard != usize::from(share.shard));
            others.for_each(|(_, sheaf)| sheaf.take_back(number));
            if share.learned != 0 {
                answers.push(Answer { number, port: share.learned, shard: share.shard });
            }
        }
        answers.sort_unstable();
        lessons.extend(answers.iter().filter(|answer| learned.add(answer.port)));
    }

    /// Counts the frames of one tracker, once. Returns whether it agreed with what they were read ahead with.
    pub(crate) fn count(&self, core: &Core, shard: usize) -> Result<bool> {
        let mut sheaf = std::mem::take(&mut self.all_sheaves()[shard]);
        let agrees = self.count_sheaf(core, shard, &mut sheaf);
        // Back for the next frames.
        self.all_sheaves()[shard] = sheaf;
        agrees
    }

    fn all_sheaves(&self) -> MutexGuard<'_, Vec<Sheaf>> {
        self.sheaves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_sheaf(&self, core: &Core, shard: usize, sheaf: &mut Sheaf) -> Result<bool> {
        let mut lessons = self.lessons.iter().filter(|lesson| usize::from(lesson.shard) != shard).peekable();
        let mut from = 0;
        let mut agrees = true;
        for &(to, now_ns) in &self.looks {
            let mut tracker = core.tracker(shard)?;
            agrees = self.preview.as_ref().is_some_and(|preview| tracker.agrees_with(preview));
            while let Some(lesson) = lessons.next_if(|lesson| usize::from(lesson.number) < to) {
                let behind = usize::from(lesson.number) + 1;
                self.count_some(&mut tracker, sheaf, from..behind, agrees);
                tracker.learn_port(lesson.port);
                from = behind;
            }
            self.count_some(&mut tracker, sheaf, from..to, agrees);
            from = to;
            tracker.expire(now_ns);
        }
        Ok(agrees)
    }

    fn count_some(&self, tracker: &mut Tracker, sheaf: &mut Sheaf, numbers: Range<usize>, agrees: bool) {
        let (bytes, stubs) = (&self.bytes[self.first..], &self.stubs);
        tracker.batch_ahead(sheaf, numbers, agrees, &|number| stubs[usize::from(number)].frame(bytes));
    }
}

impl Stub {
    fn of(frame: &Frame<'_>, at: usize) -> Self {
        Self {
            ts_ns: frame.ts_ns,
            at: at as u32,
            len: frame.data.len() as u32,
            wire_len: frame.wire_len,
            source: frame.source,
            link: frame.link,
            vlan: frame.vlan,
        }
    }

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
