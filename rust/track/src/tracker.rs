//! The tracker: frames in, connections out.
use core::net::IpAddr;
use std::collections::VecDeque;

use wire::{OverlaySpec, Overlays};

use crate::book::{Place, Span};
use crate::connection::Connection;
use crate::copies::Copies;
use crate::counters::{Counters, SourceCounters};
use crate::encrypted::{EncryptedPair, EncryptedPairs};
use crate::fragments::Fragments;
use crate::gaps::Gaps;
use crate::held::Held;
use crate::lane::Lane;
use crate::learn::{Guess, Guesses};
use crate::limits::Limits;
use crate::names::Names;
use crate::ports::ServerPorts;
use crate::scopes::Scope;
use crate::story::Rules;
use crate::table::Table;
use crate::view;

use batch::LANES;
pub(crate) use reading::glance_v6;

mod ahead;
mod batch;
mod bounds;
mod datagrams;
mod reading;
mod segments;

/// Networks of tunnels in which the other direction of a plain connection is looked for.
const MAX_NETWORKS: usize = 8;

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
    held: Held,
    counters: Counters,
    sources: Vec<SourceCounters>,
    /// What is between reading and counting.
    work: Vec<Lane>,
    /// Whether most of the latest frames came in VXLAN: what is expected is tried first.
    mostly_wrapped: bool,
    gaps: Gaps,
    copies: Copies,
    fragments: Fragments,
    encrypted: EncryptedPairs,
    guesses: Guesses,
    last_packet_ns: u64,
    is_collecting: bool,
}

impl Tracker {
    /// Sources that are counted apart; all from the last number on share one set of counters.
    pub const MAX_SOURCES: usize = 256;

    /// The most pairs of nodes with encrypted traffic that are kept.
    pub const MAX_ENCRYPTED_PAIRS: usize = EncryptedPairs::CAPACITY;

    /// An empty tracker.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let ended_ns = limits.ended_linger_ns.max(limits.ended_settle_ns);
        let half_open_ns = limits.half_open_ns.max(limits.datagram_idle_ns).max(limits.ended_linger_ns);
        let open_ns = limits.idle_ns.max(limits.datagram_idle_ns);
        let longest_ns = [ended_ns, half_open_ns, limits.half_open_ns, open_ns];
        Self {
            rules: Rules { control_only: limits.control_only, reopen_idle_ns: limits.reopen_idle_ns },
            table: Table::new(limits.max_memory_bytes.max(1 << 20), longest_ns),
            names: Names::new(limits.max_claims),
            ports: ServerPorts::new(),
            overlays: Overlays::default(),
            networks: Vec::new(),
            ended: VecDeque::new(),
            held: Held::default(),
            counters: Counters::default(),
            sources: vec![SourceCounters::default(); Self::MAX_SOURCES],
            work: vec![Lane::default(); LANES],
            mostly_wrapped: false,
            gaps: Gaps::default(),
            copies: Copies::new(),
            fragments: Fragments::default(),
            encrypted: EncryptedPairs::default(),
            guesses: Guesses::default(),
            last_packet_ns: 0,
            is_collecting: true,
            limits,
        }
    }

    /// Replaces the tunnels to look into, from the next batch on. Returns the positions of those left off, as
    /// [`Overlays::new`] does.
    pub fn set_overlays(&mut self, overlays: &[OverlaySpec]) -> Vec<usize> {
        let (overlays, left) = Overlays::new(overlays);
        let networks = overlays.specs().iter().filter(|spec| !spec.vni_is_identity).filter_map(|spec| spec.vni);
        self.networks = networks.filter(|&network| network != 0).collect();
        self.networks.sort_unstable();
        self.networks.dedup();
        self.networks.truncate(MAX_NETWORKS);
        self.overlays = overlays;
        self.counters.overlays_refused = left.len() as u64;
        left
    }

    /// Replaces the outer node addresses that tell a tunnelled packet's cluster.
    pub fn set_nodes(&mut self, nodes: &[(IpAddr, u16)]) {
        self.names.set_nodes(nodes);
    }

    /// Changes the memory that the connection table may take, bytes, at least 1 MiB. Where that is less than it takes,
    /// connections are pushed out some at each call of [`Tracker::expire`]; their memory is kept for new ones.
    pub fn set_max_memory(&mut self, bytes: usize) {
        self.limits.max_memory_bytes = bytes;
        self.table.slab.set_max_bytes(bytes.max(1 << 20));
    }

    /// Numbers the connections from now on `first`, `first + step`, …: several trackers then number them apart.
    pub fn number_by(&mut self, first: u64, step: u64) {
        self.table.number_by(first.max(1), step.max(1));
    }

    /// Takes note that a server answers from this port, as another tracker saw.
    pub fn learn_port(&mut self, port: u16) {
        self.ports.learn(port);
    }

    /// The ports that were learned since the last call, here or from others.
    pub fn take_learned_ports(&mut self) -> Vec<u16> {
        self.ports.take_news()
    }

    /// Starts or stops making connections. While stopped, frames are counted and let go.
    pub fn set_collecting(&mut self, is_collecting: bool) {
        self.is_collecting = is_collecting;
    }

    /// Forgets every connection, live and ended, also those that wait to be taken. Counters and claims stay.
    pub fn clear(&mut self) {
        self.table.clear();
        self.gaps.clear();
        self.fragments.clear();
        self.encrypted.clear();
        self.guesses.clear();
        self.ended.clear();
        self.held.clear();
    }

    /// Replaces all that a cluster told of one place before: who held it when, at most one at a time.
    ///
    /// It holds for every connection that is judged from now on, also for those that are in the table already.
    pub fn set_claims(&mut self, place: &Place, spans: &[Span]) {
        self.names.set_claims(place, spans, &mut self.counters);
    }

    /// Replaces the clusters that tell nothing at present, each with the time since which it does not: until they are
    /// heard again, nobody is named by their claims from then on.
    pub fn set_away(&mut self, away: &[(u16, u64)]) {
        self.names.set_away(away);
    }

    /// Replaces the places where clusters are seen that no tunnel tells apart.
    pub fn set_scopes(&mut self, scopes: &[Scope]) {
        self.names.set_scopes(scopes);
    }

    /// Names both sides of a connection by what is known now of the time of its first packet.
    pub fn judge(&self, connection: &mut Connection) {
        self.names.judge(connection);
    }

    /// Shows the connections in slots `from_slot..from_slot + max_slots` to `visit`, in no order, until it returns
    /// false. Returns where to go on, or None at the end of the table. Their sides are still to be judged.
    ///
    /// A connection keeps its slot: one that stays between two calls is seen exactly once.
    pub fn for_each(&self, from_slot: u32, max_slots: u32, visit: &mut dyn FnMut(&Connection) -> bool) -> Option<u32> {
        let slots = self.table.slab.hot.len() as u32;
        let to = from_slot.saturating_add(max_slots).min(slots);
        for slot in from_slot..to {
            if self.table.slab.hot[slot as usize].is_free() {
                continue;
            }
            if !visit(&view::connection(&self.table, slot, None, self.rules.control_only)) {
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

    /// Pairs of nodes between which encrypted traffic was seen, in no order; at most [`Tracker::MAX_ENCRYPTED_PAIRS`].
    pub fn encrypted(&self) -> impl Iterator<Item = &EncryptedPair> {
        self.encrypted.iter()
    }

    /// What UDP between known nodes, behind no tunnel that is looked into, could be; few, in no order.
    pub fn guesses(&self) -> impl Iterator<Item = &Guess> {
        self.guesses.iter()
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

#[cfg(test)]
mod tests;
