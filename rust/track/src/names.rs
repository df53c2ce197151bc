//! Giving connections the endpoints that held their addresses: at their first packet, or once a claim comes late.
use core::net::IpAddr;
use std::collections::{HashMap, HashSet};

use wire::{IpPair, Tunnel};

use crate::book::{Added, Book, Claim};
use crate::connection::Reason;
use crate::counters::Counters;
use crate::entry::{IN, OUT, mark};
use crate::hash::FoldState;
use crate::late::{Late, Unnamed, mark_of};
use crate::table::Table;

/// Slots that one step of a pass over the table looks at.
const SWEEP_STEP: u32 = 4096;

#[derive(Debug)]
pub(crate) struct Names {
    book: Book,
    late: Late,
    nodes: HashMap<u128, u16, FoldState>,
    /// Several clusters have nodes: equal inner addresses may then be different Pods.
    pub clusters_differ: bool,
}

/// One space for both families.
#[inline]
fn bits(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().to_bits(),
        IpAddr::V6(addr) => addr.to_bits(),
    }
}

impl Names {
    pub fn new(max_claims: usize) -> Self {
        Self { book: Book::new(max_claims), late: Late::default(), nodes: HashMap::default(), clusters_differ: false }
    }

    /// Claims held.
    pub fn claims(&self) -> usize {
        self.book.len()
    }

    /// Replaces the nodes. Connections in tunnels of unknown clusters are looked at again.
    pub fn set_nodes(&mut self, nodes: &[(IpAddr, u16)], counters: &mut Counters) {
        let mut map: HashMap<u128, u16, FoldState> = HashMap::default();
        for &(addr, cluster) in nodes {
            // An address that two clusters name tells nothing.
            map.entry(bits(addr))
                .and_modify(|known| *known = if *known == cluster { cluster } else { 0 })
                .or_insert(cluster);
        }
        if map == self.nodes {
            return;
        }
        let clusters: HashSet<u16> = map.values().copied().collect();
        self.clusters_differ = clusters.len() > 1;
        self.nodes = map;
        counters.claim_sweeps += u64::from(self.late.start_sweep());
    }

    /// The cluster that a tunnel tells: by its nodes, else by its configuration; 0 where it tells none.
    #[inline]
    pub fn tunnel_cluster(&self, tunnel: &Tunnel) -> u16 {
        let (src, dst) = match tunnel.outer {
            IpPair::V4 { src, dst } => (src.into(), dst.into()),
            IpPair::V6 { src, dst } => (src.into(), dst.into()),
        };
        self.node_cluster([src, dst]).unwrap_or(tunnel.cluster)
    }

    /// The cluster of two nodes; 0 where they are of different ones, None where both are unknown.
    fn node_cluster(&self, nodes: [IpAddr; 2]) -> Option<u16> {
        if self.nodes.is_empty() {
            return None;
        }
        match nodes.map(|addr| self.nodes.get(&bits(addr)).copied()) {
            [Some(a), Some(b)] => Some(if a == b { a } else { 0 }),
            [one, other] => one.or(other),
        }
    }

    /// The cluster that a plain packet's addresses tell; 0 where they tell none.
    pub fn plain_cluster(&self, addrs: &IpPair, ns: u64) -> u16 {
        let find = |addr| self.book.find(addr, ns, 0).cluster;
        match find(addrs.dst()) {
            0 => find(addrs.src()),
            cluster => cluster,
        }
    }

    /// Names both sides of a new connection.
    pub fn name_new(&mut self, table: &mut Table, slot: u32, tunnel_cluster: u16) {
        let cold = &mut table.slab.cold[slot as usize];
        let started_ns = cold.started_ns;
        let id = cold.id();
        if tunnel_cluster != 0 {
            cold.cluster = tunnel_cluster;
            cold.mark(mark::TUNNEL_CLUSTER);
        }
        let addrs = table.addrs(slot);
        let mut marks = [0; 2];
        for side in [OUT, IN] {
            if !self.name_side(table, slot, side, addrs[side]) {
                marks[side] = mark_of(addrs[side]);
            }
        }
        if marks != [0; 2] {
            self.late.remember(Unnamed { id, slot, marks }, started_ns);
        }
    }

    /// Returns whether the side has a name now.
    fn name_side(&self, table: &mut Table, slot: u32, side: usize, addr: IpAddr) -> bool {
        let cold = &mut table.slab.cold[slot as usize];
        let told_by_tunnel = cold.has(mark::TUNNEL_CLUSTER);
        let cluster = if told_by_tunnel { cold.cluster } else { 0 };
        let answer = self.book.find(addr, cold.started_ns, cluster);
        cold.set_reason(side, answer.reason);
        cold.endpoint[side] = answer.endpoint;
        let is_named = answer.reason == Reason::Named;
        // Between two clusters without a tunnel, the connection is its server's.
        if is_named && !told_by_tunnel && (side == IN || cold.cluster == 0) {
            cold.cluster = answer.cluster;
        }
        is_named
    }

    /// Adds claims, and names the connections that they cover.
    pub fn add_claims(&mut self, table: &mut Table, claims: &[Claim], counters: &mut Counters) {
        let mut addrs = Vec::new();
        let mut is_beyond_reach = false;
        for claim in claims {
            let added = self.book.add(claim);
            counters.claims_dropped += u64::from(added == Added::Displaced);
            counters.claims_refused += u64::from(added == Added::Refused);
            if matches!(added, Added::New | Added::Displaced) {
                addrs.push(claim.addr);
                is_beyond_reach |= self.late.is_beyond_reach(claim.from_ns);
            }
        }
        if addrs.is_empty() {
            return;
        }
        for unnamed in self.late.affected(&addrs) {
            let index = unnamed.slot as usize;
            let is_there = !table.slab.hot[index].is_free() && table.slab.cold[index].id() == unnamed.id;
            if is_there {
                self.name_again(table, unnamed.slot, counters);
            }
        }
        if is_beyond_reach {
            counters.claim_sweeps += u64::from(self.late.start_sweep());
        }
    }

    fn name_again(&self, table: &mut Table, slot: u32, counters: &mut Counters) {
        let addrs = table.addrs(slot);
        for side in [OUT, IN] {
            let cold = &table.slab.cold[slot as usize];
            // Two had a claim when the packet passed: that one of them is followed no more makes neither of them right.
            // Only a tunnel's nodes, learnt later, can tell them apart.
            let is_final = match cold.reason(side) {
                Reason::Named => true,
                Reason::Ambiguous => !cold.has(mark::TUNNEL_CLUSTER),
                _ => false,
            };
            if !is_final && self.name_side(table, slot, side, addrs[side]) {
                counters.named_late += 1;
            }
        }
    }

    /// Goes on with a pass over the table. Returns whether there is more of it to do.
    pub fn sweep(&mut self, table: &mut Table, counters: &mut Counters) -> bool {
        let slots = table.slab.hot.len() as u32;
        let Some(step) = self.late.next_step(SWEEP_STEP, slots) else {
            return false;
        };
        for slot in step {
            if !table.slab.hot[slot as usize].is_free() {
                self.learn_cluster(table, slot);
                self.name_again(table, slot, counters);
            }
        }
        self.late.is_sweeping()
    }

    fn learn_cluster(&self, table: &mut Table, slot: u32) {
        let is_known = table.slab.cold[slot as usize].has(mark::TUNNEL_CLUSTER);
        let told = table.outer_addrs(slot).filter(|_| !is_known).and_then(|nodes| self.node_cluster(nodes));
        if let Some(cluster) = told.filter(|&cluster| cluster != 0) {
            let cold = &mut table.slab.cold[slot as usize];
            let is_free_to = cold.cluster == 0 || cold.cluster == cluster;
            if is_free_to {
                cold.cluster = cluster;
                cold.mark(mark::TUNNEL_CLUSTER);
            }
        }
    }

    /// Forgets the claims of a cluster.
    pub fn drop_cluster(&mut self, cluster: u16) {
        self.book.drop_cluster(cluster);
    }

    /// Forgets the connections.
    pub fn clear(&mut self) {
        self.late.clear();
    }
}
