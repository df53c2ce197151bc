//! From frames to connections, some at a time: all are read, then all places in the table are asked for, then all are
//! counted. Memory is slow and patient: it serves many requests in the time of one.
use wire::{Frame, Outcome, Seen};

use crate::counters::SourceCounters;
use crate::entry::status;
use crate::lane::{Kind, Lane, Path};
use crate::story;

use super::Tracker;

/// Frames that are worked on together: enough to hide the time that memory takes, few enough to stay in the cache.
pub(super) const LANES: usize = 32;

/// Where the frames are that lanes were made of: few lanes need theirs again.
pub(super) trait Origin<'a> {
    /// The frame of the lane with this number.
    fn frame(&self, lane: usize) -> Frame<'a>;
}

impl<'a> Origin<'a> for [Frame<'a>] {
    #[inline]
    fn frame(&self, lane: usize) -> Frame<'a> {
        self[lane]
    }
}

impl Tracker {
    /// Reads frames, in the order given. Any number of them; some hundreds at a time are as good as more.
    #[inline(never)]
    pub fn batch(&mut self, frames: &[Frame<'_>]) {
        if !self.is_collecting {
            return self.let_go(frames);
        }
        let mut work = std::mem::take(&mut self.work);
        let mut rest = frames;
        while !rest.is_empty() {
            let count = LANES.min(rest.len());
            self.read_all(rest, count, &mut work);
            self.ask_all(&mut work[..count]);
            self.count_all(rest, &work[..count]);
            rest = &rest[count..];
        }
        self.work = work;
    }

    pub(super) fn let_go(&mut self, frames: &[Frame<'_>]) {
        for frame in frames {
            self.last_packet_ns = self.last_packet_ns.max(frame.ts_ns);
            let source = self.source(frame.source);
            source.packets += 1;
            source.bytes += u64::from(frame.wire_len);
            source.not_collected += 1;
        }
    }

    pub(super) fn source(&mut self, number: u16) -> &mut SourceCounters {
        &mut self.sources[usize::from(number).min(Self::MAX_SOURCES - 1)]
    }

    // The three steps, of which reading is the first, are functions of their own: together they need more registers than
    // there are.
    /// Notes copies among the lanes, and asks for their places in the table.
    #[inline(never)]
    pub(super) fn ask_all(&mut self, lanes: &mut [Lane]) {
        for lane in lanes {
            if lane.kind == Kind::Done {
                continue;
            }
            if lane.print != 0 && self.copies.is_copy(lane.print, lane.has_id(), lane.ts_ns) {
                lane.note_likeness();
            }
            lane.guess = self.ask_for(lane);
        }
    }

    #[inline(never)]
    pub(super) fn count_all<'a>(&mut self, origin: &(impl Origin<'a> + ?Sized), lanes: &[Lane]) {
        for (number, lane) in lanes.iter().enumerate() {
            if lane.kind == Kind::Segment {
                self.count_segment(lane, || origin.frame(number));
            } else if !matches!(lane.kind, Kind::Done | Kind::Unread) {
                self.count_other(lane, &origin.frame(number));
            }
        }
    }

    #[inline(never)]
    fn count_other(&mut self, lane: &Lane, frame: &Frame<'_>) {
        match lane.kind {
            Kind::Datagram => self.count_datagram(lane, frame),
            Kind::Copy => self.count_copy(lane, frame),
            _ => self.count_special(lane, frame),
        }
    }

    /// A copy counts as such, and tells that this connection's other packets come twice, too.
    #[cold]
    fn count_copy(&mut self, lane: &Lane, frame: &Frame<'_>) {
        self.source(frame.source).count_copy(lane.outcome());
        if lane.outcome() == Outcome::Tcp
            && let Some((slot, _)) = self.find_any(lane, frame)
        {
            self.table.slab.hot[slot as usize].set(status::MIRRORED_TWICE);
        }
    }

    /// The connection of a segment, where there is one.
    fn find_any(&self, lane: &Lane, frame: &Frame<'_>) -> Option<(u32, usize)> {
        self.table.find(&lane.key, lane.cluster).or_else(|| self.find_elsewhere(lane, frame))
    }

    /// Looks a lane's connection up in the index, and starts loading it.
    #[inline]
    fn ask_for(&self, lane: &Lane) -> u32 {
        self.table.prefetch_entry(&lane.key, lane.is_control())
    }

    /// `frame` is asked for where the lane does not tell enough.
    #[inline(always)]
    pub(super) fn count_segment<'a>(&mut self, lane: &Lane, frame: impl FnOnce() -> Frame<'a>) {
        let Some(direction) = self.table.verify(lane.guess, &lane.key, lane.cluster) else {
            return self.count_anew(lane, &frame());
        };
        if story::quick(&mut self.table.slab.hot[lane.guess as usize], direction, lane) {
            return;
        }
        // Since the guess was made, a segment of the same batch may have begun a new connection between the same ports.
        if self.table.is_unindexed(lane.guess) {
            return self.count_anew(lane, &frame());
        }
        self.follow(lane.guess, direction, lane, &frame());
    }

    /// The segment of a connection that was not guessed, or is not in the table.
    #[inline(never)]
    fn count_anew(&mut self, lane: &Lane, frame: &Frame<'_>) {
        match self.find_any(lane, frame) {
            Some((slot, direction)) => self.follow(slot, direction, lane, frame),
            None => self.open(lane, frame),
        }
    }

    /// Reads a frame again, for what few packets need.
    pub(super) fn path_of(&self, frame: &Frame<'_>) -> Option<Path> {
        if frame.vlan.is_none()
            && let Some(parsed) = wire::glance(frame.data, frame.link, &self.overlays)
        {
            return Path::of(&Seen::Tcp(parsed));
        }
        Path::of(&wire::read_frame(frame, &self.overlays))
    }
}
