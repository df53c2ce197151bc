//! Reading ahead of the trackers: what frames are, and which tracker each is for, is told in any thread and in any order;
//! each tracker then only counts what is its own, in order.
//!
//! Only whole TCP segments are read ahead. The rest a tracker reads itself, since what it means depends on what came before.
use wire::{Frame, LinkType, RawSegment};

use crate::hash::Seed;
use crate::lane::{Kind, Lane};
use crate::spread::{Share, Spread, tells_server};
use crate::tracker::glance_v6;

/// What reading ahead depends on, as one tracker had it.
#[derive(Clone, Debug)]
pub struct Preview {
    pub(crate) spread: Spread,
    pub(crate) seed: Seed,
    /// Whether a tracker has to be asked which cluster a packet is of.
    pub(crate) clusters_differ: bool,
}

/// Frames for one tracker, by their numbers in a piece of a capture, as far as they were read ahead.
#[derive(Debug, Default)]
pub struct Sheaf {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) places: Vec<Place>,
}

/// Where a frame is, and where it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub number: u16,
    pub source: u16,
}

impl Sheaf {
    /// Frames that a piece of a capture may have at most.
    pub const MOST_FRAMES: usize = 1 << 16;

    /// Forgets all frames; their memory is kept.
    pub fn clear(&mut self) {
        self.lanes.clear();
        self.places.clear();
    }

    /// Adds a frame of which nothing is known yet. Numbers only grow.
    pub fn add_unread(&mut self, number: u16, source: u16) {
        self.add(Lane { kind: Kind::Unread, ..Lane::default() }, Place { number, source });
    }

    /// Takes back a frame that turned out to be another tracker's.
    pub fn take_back(&mut self, number: u16) {
        if let Ok(at) = self.places.binary_search_by_key(&number, |place| place.number) {
            self.lanes[at].kind = Kind::Done;
        }
    }

    #[inline(always)]
    fn add(&mut self, lane: Lane, place: Place) {
        self.lanes.push(lane);
        self.places.push(place);
    }
}

#[inline(always)]
fn share(shard: u8, flags: u8, src_port: impl FnOnce() -> u16) -> Share {
    Share { shard, learned: if tells_server(flags) { src_port() } else { 0 } }
}

impl Preview {
    /// Adds the frame to the sheaf of its tracker. None, with nothing done, where that is to be asked in the order of
    /// the frames, of [`Spread::in_order`].
    #[inline(always)]
    pub fn sort(&self, number: u16, frame: Frame<'_>, sheaves: &mut [Sheaf]) -> Option<Share> {
        if !self.clusters_differ
            && frame.link == LinkType::Ethernet
            && let Some((raw, network)) = self.glance(&frame)
        {
            let shard = self.spread.shard_of_raw(&raw);
            // Made where it is to be: what is copied right behind its making has to wait for that.
            sheaves[usize::from(shard)]
                .add(Lane::of_common(&self.seed, &frame, &raw, network), Place { number, source: frame.source });
            return Some(share(shard, raw.flags(), || raw.src_port()));
        }
        self.sort_closely(number, frame, sheaves)
    }

    // By value, so that the frame of the common case needs no place in memory.
    #[inline(never)]
    fn sort_closely(&self, number: u16, frame: Frame<'_>, sheaves: &mut [Sheaf]) -> Option<Share> {
        let frame = &frame;
        if !self.clusters_differ
            && let Some((shard, lane)) = self.read_closely(frame)
        {
            sheaves[usize::from(shard)].add(lane, Place { number, source: frame.source });
            return Some(share(shard, lane.flags, || lane.key.src_port()));
        }
        let share = self.spread.of(frame)?;
        // What a look at a few bytes learns may be from a damaged frame.
        let share = if share.learned == 0 { share } else { self.spread.closely(frame).unwrap_or(share) };
        sheaves[usize::from(share.shard)].add_unread(number, frame.source);
        Some(share)
    }

    /// Reads a frame of the common kind, plain or in VXLAN.
    #[inline(always)]
    fn glance(&self, frame: &Frame<'_>) -> Option<(RawSegment, u32)> {
        let plain = wire::plain(frame.data).map(|raw| (raw, 0));
        plain.or_else(|| wire::in_vxlan(frame.data, self.spread.overlays()))
    }

    /// The tracker of a rarer whole TCP segment, and what it tells.
    fn read_closely(&self, frame: &Frame<'_>) -> Option<(u8, Lane)> {
        let (seed, overlays) = (&self.seed, self.spread.overlays());
        if frame.link == LinkType::Ethernet {
            if let Some((raw, network)) = wire::in_geneve_or_ip(frame.data, overlays) {
                return Some((self.spread.shard_of_raw(&raw), Lane::of_common(seed, frame, &raw, network)));
            }
            if let Some((raw, addrs, network)) = glance_v6(frame.data, overlays) {
                let lane = Lane::of_common_v6(seed, frame, &raw, &addrs, network);
                return Some((self.spread.shard(&addrs), lane));
            }
        }
        let parsed = wire::quick(frame.data, frame.wire_len, frame.link, overlays)?;
        let is_whole = !parsed.fragmented;
        is_whole.then(|| (self.spread.shard(&parsed.addrs), Lane::of_segment(seed, frame, &parsed, 0)))
    }

    /// What tells trackers apart.
    #[must_use]
    pub const fn spread(&self) -> &Spread {
        &self.spread
    }
}
