//! The tracker: frames in, connections out.
use core::net::IpAddr;
use std::collections::VecDeque;

use wire::{Frame, OverlaySpec, Overlays, Parsed};

use crate::book::Claim;
use crate::connection::Connection;
use crate::counters::{Counters, SourceCounters};
use crate::entry::NONE;
use crate::limits::Limits;
use crate::names::Names;
use crate::ports::ServerPorts;
use crate::story::{self, Rules, Segment};
use crate::table::{Key, Table, network_of};
use crate::view;

mod bounds;
mod segments;

/// Frames that are worked on together: enough to hide the time that memory takes, few enough to stay in the cache.
const LANES: usize = 32;

/// Networks of tunnels in which the other direction of a plain connection is looked for.
const MAX_NETWORKS: usize = 8;

/// A segment between reading and counting.
#[derive(Clone, Copy, Debug)]
struct Pending {
    parsed: Parsed,
    key: Key,
    segment: Segment,
    source: u16,
    /// The slot that is likely its connection's.
    guess: u32,
}

/// Makes connections of frames.
///
/// A connection is known by its innermost addresses and ports, in either direction, and by the network it is in: the
/// identifier of its tunnel where that names a network, 0 else. Where several clusters have nodes, packets in tunnels
/// of different clusters are never taken for the same connection. Where one direction travels in a tunnel and the
/// other does not, both are one connection if both belong to the same cluster.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    rules: Rules,
    table: Table,
    names: Names,
    ports: ServerPorts,
    overlays: Overlays,
    networks: Vec<u32>,
    ended: VecDeque<Connection>,
    counters: Counters,
    sources: Vec<SourceCounters>,
    lanes: Vec<Pending>,
    last_packet_ns: u64,
    is_collecting: bool,
}

impl Tracker {
    /// Sources that are counted apart; all from the last number on share one set of counters.
    pub const MAX_SOURCES: usize = 256;

    /// An empty tracker.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let longest_ns = [limits.idle_ns, limits.half_open_ns, limits.ended_linger_ns].into_iter().max();
        Self {
            rules: Rules { control_only: limits.control_only, reopen_idle_ns: limits.reopen_idle_ns },
            table: Table::new(limits.max_memory_bytes.max(1 << 20), longest_ns.unwrap_or_default()),
            names: Names::new(limits.max_claims),
            ports: ServerPorts::new(),
            overlays: Overlays::default(),
            networks: Vec::new(),
            ended: VecDeque::new(),
            counters: Counters::default(),
            sources: vec![SourceCounters::default(); Self::MAX_SOURCES],
            lanes: Vec::with_capacity(LANES),
            last_packet_ns: 0,
            is_collecting: true,
            limits,
        }
    }

    /// Reads frames, in the order given. Any number of them; some hundreds at a time are as good as more.
    pub fn batch(&mut self, frames: &[Frame<'_>]) {
        if !self.is_collecting {
            return self.let_go(frames);
        }
        let mut lanes = std::mem::take(&mut self.lanes);
        for frames in frames.chunks(LANES) {
            lanes.clear();
            self.read(frames, &mut lanes);
            for lane in &mut lanes {
                lane.guess = self.table.prefetch_entry(&lane.key);
            }
            for lane in &lanes {
                if !self.count_quickly(lane) {
                    self.count(lane);
                }
            }
        }
        self.lanes = lanes;
    }

    fn let_go(&mut self, frames: &[Frame<'_>]) {
        for frame in frames {
            self.last_packet_ns = self.last_packet_ns.max(frame.ts_ns);
            let source = self.source(frame);
            source.not_collected += 1;
        }
    }

    #[inline]
    fn source(&mut self, frame: &Frame<'_>) -> &mut SourceCounters {
        let source = &mut self.sources[usize::from(frame.source).min(Self::MAX_SOURCES - 1)];
        source.packets += 1;
        source.bytes += u64::from(frame.wire_len);
        source
    }

    #[inline]
    fn read(&mut self, frames: &[Frame<'_>], lanes: &mut Vec<Pending>) {
        for frame in frames {
            self.last_packet_ns = self.last_packet_ns.max(frame.ts_ns);
            let result = wire::parse(frame.data, frame.wire_len, frame.link, &self.overlays);
            let outcome = result.err().unwrap_or(wire::Outcome::Tcp);
            self.source(frame).outcomes[outcome.index()] += 1;
            if let Ok(mut parsed) = result {
                parsed.vlan = frame.vlan.unwrap_or(parsed.vlan);
                self.counters.first_fragments += u64::from(parsed.fragmented);
                let key = self.key(&parsed);
                self.table.prefetch_index(&key);
                lanes.push(Pending {
                    segment: segment(frame, &parsed),
                    parsed,
                    key,
                    source: frame.source,
                    guess: NONE,
                });
            }
        }
    }

    #[inline]
    fn key(&self, parsed: &Parsed) -> Key {
        let network = network_of(parsed.tunnel.as_ref());
        let cluster = match &parsed.tunnel {
            Some(tunnel) if self.names.clusters_differ => self.names.tunnel_cluster(tunnel),
            _ => 0,
        };
        Key { hash: self.table.hash(parsed, network), network, cluster }
    }

    /// The plain case on the connection that was guessed. Returns false, with nothing changed, in any other.
    #[inline]
    fn count_quickly(&mut self, lane: &Pending) -> bool {
        match self.table.verify(lane.guess, &lane.parsed, &lane.key) {
            Some(direction) => story::quick(&mut self.table.slab.hot[lane.guess as usize], direction, &lane.segment),
            None => false,
        }
    }

    fn count(&mut self, lane: &Pending) {
        let found = self.table.find(&lane.parsed, &lane.key).or_else(|| self.find_elsewhere(lane));
        match found {
            Some((slot, direction)) => {
                let hot = &mut self.table.slab.hot[slot as usize];
                if !story::quick(hot, direction, &lane.segment) {
                    self.follow(slot, direction, lane);
                }
            }
            None => self.open(lane),
        }
    }

    /// Replaces the tunnels to look into, from the next batch on. Returns how many were left off for want of room.
    pub fn set_overlays(&mut self, overlays: &[OverlaySpec]) -> usize {
        let (overlays, left) = Overlays::new(overlays);
        let networks = overlays.specs().iter().filter(|spec| !spec.vni_is_identity).filter_map(|spec| spec.vni);
        self.networks = networks.filter(|&network| network != 0).collect();
        self.networks.sort_unstable();
        self.networks.dedup();
        self.networks.truncate(MAX_NETWORKS);
        self.overlays = overlays;
        self.counters.overlays_refused += left as u64;
        left
    }

    /// Replaces the outer node addresses that tell a tunnelled packet's cluster.
    pub fn set_nodes(&mut self, nodes: &[(IpAddr, u16)]) {
        self.names.set_nodes(nodes, &mut self.counters);
    }

    /// Starts or stops making connections. While stopped, frames are counted and let go.
    pub fn set_collecting(&mut self, is_collecting: bool) {
        self.is_collecting = is_collecting;
    }

    /// Forgets every connection, live and ended, also those that wait to be taken. Counters and claims stay.
    pub fn clear(&mut self) {
        self.table.clear();
        self.names.clear();
        self.ended.clear();
    }

    /// Adds claims, or replaces those with the same cluster, address and endpoint.
    ///
    /// Connections whose first packet lies in a claim get its name, also those that are in the table already; where
    /// these are many, some calls of [`Tracker::expire`] later.
    pub fn add_claims(&mut self, claims: &[Claim]) {
        self.names.add_claims(&mut self.table, claims, &mut self.counters);
    }

    /// Forgets the claims of one cluster. Connections keep the endpoints they have.
    pub fn drop_cluster(&mut self, cluster: u16) {
        self.names.drop_cluster(cluster);
    }

    /// Shows the connections in slots `from_slot..from_slot + max_slots` to `visit`, in no order, until it returns
    /// false. Returns where to go on, or None at the end of the table.
    ///
    /// A connection keeps its slot: one that stays between two calls is seen exactly once.
    pub fn for_each(&self, from_slot: u32, max_slots: u32, visit: &mut dyn FnMut(&Connection) -> bool) -> Option<u32> {
        let slots = self.table.slab.hot.len() as u32;
        let to = from_slot.saturating_add(max_slots).min(slots);
        for slot in from_slot..to {
            if self.table.slab.hot[slot as usize].is_free() {
                continue;
            }
            if !visit(&view::connection(&self.table, slot, None)) {
                return (slot + 1 < slots).then_some(slot + 1);
            }
        }
        (to < slots).then_some(to)
    }

    /// Connections in the table, live and ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.slab.len()
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
        let mut counters = self.counters;
        for source in &self.sources {
            counters.sources.add(source);
        }
        counters.connections = self.len() as u64;
        counters.memory_bytes = self.table.bytes() as u64;
        counters.claims = self.names.claims() as u64;
        counters
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

#[inline]
fn segment(frame: &Frame<'_>, parsed: &Parsed) -> Segment {
    Segment {
        ts_ns: frame.ts_ns,
        wire_len: frame.wire_len,
        seq: parsed.seq,
        ack: parsed.ack,
        flags: parsed.flags,
        payload: parsed.payload_len,
    }
}

#[cfg(test)]
mod tests;
