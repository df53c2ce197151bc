//! Who the two sides of a connection are: judged by the time of its first packet whenever somebody asks, with all that
//! is known by then, so that what a cluster tells late or corrects later needs no pass over the table.
use core::net::IpAddr;
use std::collections::{HashMap, HashSet};

use wire::{IpPair, Tunnel};

use crate::book::{Answer, Book, Place, ProtoPort, Span, bits};
use crate::connection::{Connection, Reason};
use crate::counters::Counters;
use crate::hash::FoldState;
use crate::scopes::{Scope, Scopes};
use crate::table::Table;

/// Slots that one step of a pass over the table looks at.
const SWEEP_STEP: u32 = 4096;

#[derive(Debug)]
pub(crate) struct Names {
    book: Book,
    nodes: HashMap<u128, u16, FoldState>,
    scopes: Scopes,
    /// By cluster that tells nothing at present: since when it does not.
    away: Vec<(u16, u64)>,
    /// Several clusters have nodes or scopes: equal inner addresses may then be different Pods.
    clusters_differ: bool,
    /// Where a pass over the table stands that learns the clusters of tunnels; None when there is none under way.
    sweep: Option<u32>,
}

impl Names {
    pub fn new(max_claims: usize) -> Self {
        Self {
            book: Book::new(max_claims),
            nodes: HashMap::default(),
            scopes: Scopes::default(),
            away: Vec::new(),
            clusters_differ: false,
            sweep: None,
        }
    }

    /// Claims held.
    pub fn claims(&self) -> usize {
        self.book.len()
    }

    /// Replaces what a cluster tells of a place.
    pub fn set_claims(&mut self, place: &Place, spans: &[Span], counters: &mut Counters) {
        let left = self.book.set(place, spans);
        counters.claims_dropped += left.dropped;
        counters.claims_refused += left.refused;
    }

    /// Replaces the times since which clusters tell nothing.
    pub fn set_away(&mut self, away: &[(u16, u64)]) {
        self.away = away.to_vec();
    }

    pub fn set_scopes(&mut self, scopes: &[Scope]) {
        self.scopes = Scopes::new(scopes);
        self.note_difference();
    }

    /// Replaces the nodes. Connections in tunnels of unknown clusters are looked at again.
    pub fn set_nodes(&mut self, nodes: &[(IpAddr, u16)]) {
        let mut map: HashMap<u128, u16, FoldState> = HashMap::default();
        for &(addr, cluster) in nodes {
            // An address that two clusters name tells nothing.
            map.entry(bits(addr))
                .and_modify(|known| *known = if *known == cluster { cluster } else { 0 })
                .or_insert(cluster);
        }
        if map != self.nodes {
            self.nodes = map;
            self.note_difference();
            self.sweep = Some(0);
        }
    }

    fn note_difference(&mut self) {
        let clusters: HashSet<u16> = self.nodes.values().copied().collect();
        self.clusters_differ = clusters.len() > 1 || !self.scopes.is_empty();
    }

    /// Whether several clusters have nodes or scopes, so that packets have to be told apart by them.
    pub const fn clusters_differ(&self) -> bool {
        self.clusters_differ
    }

    /// The cluster of a packet as far as it has to be told apart from others with the same addresses.
    #[inline]
    pub fn packet_cluster(&self, tunnel: Option<&Tunnel>, source: u16, vlan: impl FnOnce() -> u16) -> u16 {
        if self.clusters_differ { self.told_cluster(tunnel, source, vlan()) } else { 0 }
    }

    /// The cluster that a packet's way tells: its tunnel's nodes, else where it was seen, else its tunnel's
    /// configuration; 0 where nothing tells.
    #[inline(never)]
    pub fn told_cluster(&self, tunnel: Option<&Tunnel>, source: u16, vlan: u16) -> u16 {
        let nodes = tunnel.map(|tunnel| match tunnel.outer {
            IpPair::V4 { src, dst } => [src.into(), dst.into()],
            IpPair::V6 { src, dst } => [src.into(), dst.into()],
        });
        let by_nodes = nodes.and_then(|nodes| self.node_cluster(nodes));
        if let Some(cluster) = by_nodes.filter(|&cluster| cluster != 0) {
            return cluster;
        }
        match self.scopes.only(source, vlan) {
            0 if by_nodes.is_none() => tunnel.map_or(0, |tunnel| tunnel.cluster),
            cluster => cluster,
        }
    }

    /// Whether both addresses are those of nodes of one cluster.
    pub fn are_nodes(&self, addrs: &IpPair) -> bool {
        let ends: [IpAddr; 2] = [addrs.src(), addrs.dst()];
        !self.nodes.is_empty()
            && self.node_cluster(ends).is_some_and(|cluster| cluster != 0)
            && ends.iter().all(|&end| self.nodes.contains_key(&bits(end)))
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

    /// The cluster that two plain addresses tell; 0 where they tell none.
    pub fn plain_cluster(&self, [src, dst]: [IpAddr; 2], ns: u64) -> u16 {
        let named = |addr| Some(self.book.find(addr, ns, |_| true)).filter(|answer| answer.reason == Reason::Named);
        named(dst).or_else(|| named(src)).map_or(0, |answer| answer.cluster)
    }

    /// Names both sides of a connection, or says why not.
    pub fn judge(&self, row: &mut Connection) {
        if row.overlay_cluster == 0 {
            let nodes = row.outer_src.zip(row.outer_dst).and_then(|(src, dst)| self.node_cluster([src, dst]));
            row.overlay_cluster = nodes.unwrap_or_default();
        }
        let (told, source, vlan) = (row.overlay_cluster, row.source, row.vlan);
        let admits = |cluster| {
            if told == 0 { self.scopes.admits(cluster, source, vlan) } else { cluster == told }
        };
        let port = ProtoPort { proto: row.proto, port: row.dst_port };
        let src = self.side(row.src, None, row.started_ns, admits);
        let dst = self.side(row.dst, Some(port), row.started_ns, admits);
        (row.src_endpoint, row.src_reason, row.src_since_ns) = (src.endpoint, src.reason, since(&src));
        (row.dst_endpoint, row.dst_reason, row.dst_since_ns) = (dst.endpoint, dst.reason, since(&dst));
        (row.src_cluster, row.dst_cluster) = (src.cluster, dst.cluster);
        // Between two clusters without a tunnel, the connection is its server's.
        let named = [dst, src].into_iter().find(|side| side.reason == Reason::Named);
        row.cluster = if told == 0 { named.map_or(0, |side| side.cluster) } else { told };
    }

    fn side(&self, addr: IpAddr, port: Option<ProtoPort>, ns: u64, admits: impl Fn(u16) -> bool + Copy) -> Answer {
        let behind = port.and_then(|port| self.book.find_port(addr, port, ns, admits));
        let behind = behind.filter(|answer| self.doubt(answer, ns).is_none());
        let answer = behind.unwrap_or_else(|| self.book.find(addr, ns, admits));
        match answer.reason {
            Reason::Named => match self.doubt(&answer, ns) {
                Some(doubt) => self.vouched(addr, &answer, ns, admits).unwrap_or(doubt),
                None => answer,
            },
            Reason::NoneClaims | Reason::Ended | Reason::NotYet => self.unheard(ns, admits).unwrap_or(answer),
            _ => answer,
        }
    }

    /// What speaks against an open claim: its cluster tells nothing any more.
    fn doubt(&self, answer: &Answer, ns: u64) -> Option<Answer> {
        if answer.is_open { self.unheard(ns, |cluster| cluster == answer.cluster) } else { None }
    }

    /// The same answer from a cluster that is heard, where two connections lead to one cluster.
    fn vouched(&self, addr: IpAddr, doubted: &Answer, ns: u64, admits: impl Fn(u16) -> bool) -> Option<Answer> {
        let is_heard = |cluster| self.unheard(ns, |each| each == cluster).is_none();
        let answer = self.book.find(addr, ns, |cluster| admits(cluster) && is_heard(cluster));
        Some(answer).filter(|answer| answer.reason == Reason::Named && answer.endpoint == doubted.endpoint)
    }

    fn unheard(&self, ns: u64, admits: impl Fn(u16) -> bool) -> Option<Answer> {
        let away = self.away.iter().find(|(cluster, since_ns)| ns >= *since_ns && admits(*cluster));
        away.map(|&(cluster, since_ns)| Answer { cluster, since_ns, ..Answer::nobody(Reason::Away) })
    }

    /// Goes on with a pass over the table. Returns whether there is more of it to do.
    pub fn sweep(&mut self, table: &mut Table) -> bool {
        let slots = table.slab.hot.len() as u32;
        let Some(from) = self.sweep else { return false };
        let to = from.saturating_add(SWEEP_STEP).min(slots);
        for slot in from..to {
            let is_unknown = !table.slab.hot[slot as usize].is_free() && table.slab.cold[slot as usize].cluster == 0;
            if let Some(nodes) = table.outer_addrs(slot).filter(|_| is_unknown) {
                table.slab.cold[slot as usize].cluster = self.node_cluster(nodes).unwrap_or_default();
            }
        }
        self.sweep = (to < slots).then_some(to);
        self.sweep.is_some()
    }
}

fn since(answer: &Answer) -> Option<u64> {
    (answer.since_ns != 0).then_some(answer.since_ns)
}
