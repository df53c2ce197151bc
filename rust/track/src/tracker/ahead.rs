//! Frames that were read ahead: only asked for and counted here.
use std::ops::Range;

use wire::Frame;

use crate::ahead::{Place, Preview, Sheaf};
use crate::lane::{Kind, Lane};
use crate::spread::Spread;

use super::Tracker;
use super::batch::{LANES, Origin};
use super::reading::Tally;

/// The frames of a sheaf.
struct Numbered<'s, F> {
    places: &'s [Place],
    find: &'s F,
}

impl<'a, F: Fn(u16) -> Frame<'a>> Origin<'a> for Numbered<'_, F> {
    #[inline]
    fn frame(&self, lane: usize) -> Frame<'a> {
        (self.find)(self.places[lane].number)
    }
}

impl Tracker {
    /// What reading ahead of this tracker, one of so many, depends on.
    #[must_use]
    pub fn preview(&self, trackers: usize) -> Preview {
        Preview {
            spread: Spread::new(trackers, self.overlays.specs()),
            seed: self.table.seed,
            clusters_differ: self.names.clusters_differ(),
        }
    }

    /// Uses the secret of another tracker, so that one preview serves both. To be called before the first frame.
    pub fn share_secret_of(&mut self, other: &Self) {
        self.table.seed = other.table.seed;
    }

    /// Whether what was read ahead is what this tracker would read.
    #[must_use]
    pub fn agrees_with(&self, preview: &Preview) -> bool {
        self.table.seed == preview.seed
            && self.names.clusters_differ() == preview.clusters_differ
            && self.overlays.specs() == preview.spread.overlays().specs()
    }

    /// Counts the frames of a sheaf whose numbers are in `numbers`, each of them once; `find` has the frames. What was read
    /// ahead is read again where the preview that it was read with is not `is_valid` any more.
    pub fn batch_ahead<'a>(
        &mut self,
        sheaf: &mut Sheaf,
        numbers: Range<usize>,
        is_valid: bool,
        find: &impl Fn(u16) -> Frame<'a>,
    ) {
        let at = |number: usize| sheaf.places.partition_point(|place| usize::from(place.number) < number);
        let all = at(numbers.start)..at(numbers.end);
        let Sheaf { lanes, places } = sheaf;
        for (lanes, places) in lanes[all.clone()].chunks_mut(LANES).zip(places[all].chunks(LANES)) {
            let origin = Numbered { places, find };
            if self.is_collecting {
                self.take_all(lanes, is_valid, &origin);
                self.ask_all(lanes);
                self.count_all(&origin, lanes);
            } else {
                self.let_all_go(lanes, &origin);
            }
        }
    }

    /// Reads what was not read ahead, and asks for where the index has all of them.
    fn take_all<'a, F: Fn(u16) -> Frame<'a>>(&mut self, lanes: &mut [Lane], is_valid: bool, origin: &Numbered<'_, F>) {
        let source = origin.places.first().map_or(0, |place| place.source);
        let is_common = |(lane, place): (&Lane, &Place)| (lane.kind == Kind::Segment) & (place.source == source);
        if is_valid && lanes.iter().zip(origin.places).all(is_common) {
            self.take_common(lanes, source);
        } else {
            self.take_each(lanes, is_valid, origin);
        }
    }

    /// Asks for where the index has segments of one source that are all read.
    #[inline(never)]
    fn take_common(&mut self, lanes: &[Lane], source: u16) {
        let mut tally = Tally::of(source);
        let mut last_ns = self.last_packet_ns;
        for lane in lanes {
            tally.bytes += u64::from(lane.wire_len);
            last_ns = last_ns.max(lane.ts_ns);
            self.table.prefetch_index(&lane.key);
            self.copies.prefetch(lane.print);
        }
        self.note(tally, lanes.len() as u64);
        self.last_packet_ns = last_ns;
    }

    #[inline(never)]
    fn take_each<'a, F: Fn(u16) -> Frame<'a>>(&mut self, lanes: &mut [Lane], is_valid: bool, origin: &Numbered<'_, F>) {
        let mut tally = Tally::of(origin.places.first().map_or(0, |place| place.source));
        let (mut packets, mut last_ns) = (0, self.last_packet_ns);
        for (number, (lane, place)) in lanes.iter_mut().zip(origin.places).enumerate() {
            if lane.kind == Kind::Done {
                continue;
            }
            if place.source != tally.source {
                self.note(std::mem::replace(&mut tally, Tally::of(place.source)), std::mem::take(&mut packets));
            }
            packets += 1;
            if (lane.kind == Kind::Segment) & is_valid {
                tally.bytes += u64::from(lane.wire_len);
                last_ns = last_ns.max(lane.ts_ns);
            } else {
                let frame = origin.frame(number);
                tally.bytes += u64::from(frame.wire_len);
                last_ns = last_ns.max(frame.ts_ns);
                self.read_closely(lane, &frame);
                tally.noted += 1;
            }
            self.table.prefetch_index(&lane.key);
            self.copies.prefetch(lane.print);
        }
        self.note(tally, packets);
        self.last_packet_ns = last_ns;
    }

    fn let_all_go<'a>(&mut self, lanes: &[Lane], origin: &impl Origin<'a>) {
        for number in (0..lanes.len()).filter(|&number| lanes[number].kind != Kind::Done) {
            self.let_go(&[origin.frame(number)]);
        }
    }
}
