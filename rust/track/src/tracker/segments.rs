//! Segments that are not the plain case: first ones, last ones, and those that travel differently from the others.
use wire::tcp::flag;

use crate::entry::{IN, OUT};
use crate::story::{self, Segment, Verdict};
use crate::table::Key;
use crate::view;

use super::{Pending, Tracker};

impl Tracker {
    /// The connection whose other direction travels differently: in a tunnel, where this one does not, or the reverse.
    pub(super) fn find_elsewhere(&self, lane: &Pending) -> Option<(u32, usize)> {
        let find = |network: u32| {
            let key = Key { hash: self.table.hash(&lane.parsed, network), network, cluster: 0 };
            self.table.find(&lane.parsed, &key)
        };
        // A SYN comes before anything that it could be joined to.
        if lane.segment.flags & (flag::SYN | flag::ACK) == flag::SYN {
            return None;
        }
        let (found, cluster) = match &lane.parsed.tunnel {
            Some(_) if lane.key.network == 0 => return None,
            Some(tunnel) => (find(0)?, self.names.tunnel_cluster(tunnel)),
            None => {
                let found = self.networks.iter().find_map(|&network| find(network))?;
                (found, self.names.plain_cluster(&lane.parsed.addrs, lane.segment.ts_ns))
            }
        };
        let theirs = self.table.slab.cold[found.0 as usize].cluster;
        (theirs == cluster).then_some(found)
    }

    pub(super) fn follow(&mut self, slot: u32, direction: usize, lane: &Pending) {
        if story::is_odd(lane.segment.flags) {
            self.counters.odd_flags += 1;
            return;
        }
        let (hot, cold) = self.table.slab.both(slot);
        let verdict = story::follow(hot, cold, direction, &lane.segment, self.rules);
        match verdict {
            Verdict::Counted => self.learn_port(lane),
            Verdict::Ended(end) => self.note_end(slot, end),
            Verdict::Suspicious => self.counters.suspicious += 1,
            Verdict::AfterEnd => self.counters.after_end += 1,
            Verdict::Reopens => {
                self.replace(slot);
                self.open(lane);
            }
        }
    }

    fn learn_port(&mut self, lane: &Pending) {
        if is_syn_ack(&lane.segment) {
            self.ports.learn(lane.parsed.src_port);
        }
    }

    /// Enters a new connection.
    pub(super) fn open(&mut self, lane: &Pending) {
        let flags = lane.segment.flags;
        if story::is_odd(flags) {
            self.counters.odd_flags += 1;
            return;
        }
        if flags & flag::RST != 0 {
            self.counters.stray_rst += 1;
            return;
        }
        let direction = self.first_direction(lane);
        let Some(slot) = self.create(lane, direction) else {
            self.counters.not_entered += 1;
            return;
        };
        let (hot, cold) = self.table.slab.both(slot);
        story::begin(hot, cold, direction, &lane.segment, self.rules);
        cold.source = lane.source;
        self.counters.created += 1;
        self.counters.joined += u64::from(view::is_joined(cold));
        let cluster = lane.parsed.tunnel.map_or(0, |tunnel| self.names.tunnel_cluster(&tunnel));
        self.names.name_new(&mut self.table, slot, cluster);
        self.schedule(slot, lane.segment.ts_ns);
        self.learn_port(lane);
    }

    fn first_direction(&self, lane: &Pending) -> usize {
        let is_client = match lane.segment.flags & (flag::SYN | flag::ACK) {
            flag::SYN => true,
            _ if is_syn_ack(&lane.segment) => false,
            _ => self.ports.sender_is_client(lane.parsed.src_port, lane.parsed.dst_port),
        };
        if is_client { OUT } else { IN }
    }
}

fn is_syn_ack(segment: &Segment) -> bool {
    segment.flags & (flag::SYN | flag::ACK) == flag::SYN | flag::ACK
}
