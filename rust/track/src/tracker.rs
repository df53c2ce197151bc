//! The tracker: frames in, connections out.
use core::net::IpAddr;

use wire::OverlaySpec;

use crate::book::Claim;
use crate::connection::Connection;
use crate::counters::{Counters, SourceCounters};
use crate::frame::Frame;
use crate::limits::Limits;

/// Makes connections of frames.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    counters: Counters,
    sources: Vec<SourceCounters>,
    last_packet_ns: u64,
}

impl Tracker {
    /// Sources that are counted apart; all from the last number on share one set of counters.
    pub const MAX_SOURCES: usize = 256;

    /// An empty tracker.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let sources = vec![SourceCounters::default(); Self::MAX_SOURCES];
        Self { limits, counters: Counters::default(), sources, last_packet_ns: 0 }
    }

    /// Reads frames, in the order given.
    pub fn batch(&mut self, frames: &[Frame<'_>]) {
        for frame in frames {
            self.last_packet_ns = self.last_packet_ns.max(frame.ts_ns);
        }
    }

    /// Replaces the tunnels to look into, from the next batch on. Returns how many were left off for want of room.
    pub fn set_overlays(&mut self, _overlays: &[OverlaySpec]) -> usize {
        0
    }

    /// Replaces the outer node addresses that tell a tunnelled packet's cluster.
    pub fn set_nodes(&mut self, _nodes: &[(IpAddr, u16)]) {}

    /// Starts or stops making connections. While stopped, frames are counted and let go.
    pub fn set_collecting(&mut self, _collecting: bool) {}

    /// Forgets every connection, live and ended, also those that wait to be taken. Counters and claims stay.
    pub fn clear(&mut self) {}

    /// Adds claims, or replaces those with the same cluster, address and endpoint.
    pub fn add_claims(&mut self, _claims: &[Claim]) {}

    /// Forgets the claims of one cluster. Connections keep the endpoints they have.
    pub fn drop_cluster(&mut self, _cluster: u16) {}

    /// Lets go what has been silent for too long, and reports what has ended, as of `now_ns`.
    ///
    /// To be called between batches, also while nothing arrives. Does a bounded amount of work; returns whether more
    /// is due already.
    pub fn expire(&mut self, _now_ns: u64) -> bool {
        false
    }

    /// Reports the connections that have ended and still wait for their last packets: before a tracker is given up.
    pub fn flush(&mut self) {}

    /// The connections that ended or were let go since the last call, oldest first, at most `max`.
    pub fn take_ended(&mut self, _max: usize) -> Vec<Connection> {
        Vec::new()
    }

    /// Shows the connections in slots `from_slot..from_slot + max_slots` to `visit`, in no order, until it returns
    /// false. Returns where to go on, or None at the end of the table.
    ///
    /// Between two calls connections may come, go and move into freed slots: one that stays is seen exactly once.
    pub fn for_each(
        &self,
        _from_slot: u32,
        _max_slots: u32,
        _visit: &mut dyn FnMut(&Connection) -> bool,
    ) -> Option<u32> {
        None
    }

    /// Connections in the table, live and ended.
    #[must_use]
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are no connections in the table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of the latest packet; 0 before the first one.
    #[must_use]
    pub fn last_packet_ns(&self) -> u64 {
        self.last_packet_ns
    }

    /// The counters of the tracker and of all sources together.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The counters of one source.
    #[must_use]
    pub fn source_counters(&self, source: u16) -> &SourceCounters {
        &self.sources[usize::from(source).min(Self::MAX_SOURCES - 1)]
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
