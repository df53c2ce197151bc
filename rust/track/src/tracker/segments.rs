//! Segments that are not the plain case: first ones, last ones, and those that travel differently from the others.
use wire::tcp::flag;

use wire::Frame;

use crate::entry::{IN, OUT, status};
use crate::lane::{Lane, MAYBE_COPY, Path, network_of};
use crate::spread::tells_server;
use crate::story::{self, Entry, Segment, Verdict};
use crate::view;

use super::Tracker;

impl Tracker {
    /// The connection whose other direction travels differently: in a tunnel, where this one does not, or the reverse.
    pub(super) fn find_elsewhere(&self, lane: &Lane, frame: &Frame<'_>) -> Option<(u32, usize)> {
        // A SYN comes before anything that it could be joined to.
        if lane.flags & (flag::SYN | flag::ACK) == flag::SYN {
            return None;
        }
        let path = self.path_of(frame)?;
        self.find_other_way(&path, frame.source, lane.ts_ns)
    }

    /// The connection of a packet in a network that is not the packet's own, where both are of one cluster.
    pub(super) fn find_other_way(&self, path: &Path, source: u16, ts_ns: u64) -> Option<(u32, usize)> {
        let told = self.names.told_cluster(path.tunnel.as_ref(), source, path.vlan);
        let find = |network: u32| {
            let key = self.table.key(&path.addrs, [path.src_port, path.dst_port], path.place_in(network));
            self.table.find(&key, 0)
        };
        let (found, cluster) = match &path.tunnel {
            Some(tunnel) if network_of(Some(tunnel)) == 0 => return None,
            Some(_) => (find(0)?, told),
            None => {
                let found = self.networks.iter().find_map(|&network| find(network))?;
                let plain = || self.names.plain_cluster([path.addrs.src(), path.addrs.dst()], ts_ns);
                (found, if told == 0 { plain() } else { told })
            }
        };
        (self.row_cluster(found.0) == cluster).then_some(found)
    }

    /// The cluster of a connection: the one that its way told, else that of its addresses.
    fn row_cluster(&self, slot: u32) -> u16 {
        let cold = &self.table.slab.cold[slot as usize];
        match cold.cluster {
            0 => self.names.plain_cluster(self.table.addrs(slot), cold.started_ns),
            told => told,
        }
    }

    pub(super) fn follow(&mut self, slot: u32, direction: usize, lane: &Lane, frame: &Frame<'_>) {
        if lane.flags & MAYBE_COPY != 0 && self.table.slab.hot[slot as usize].has(status::MIRRORED_TWICE) {
            return self.source(frame.source).count_copy(lane.outcome());
        }
        self.learn_port_of(lane);
        if story::is_odd(lane.flags) {
            self.counters.odd_flags += 1;
            return;
        }
        let (hot, cold) = self.table.slab.both(slot);
        let entry = Entry { hot, cold, gaps: &mut self.gaps };
        match story::follow(entry, direction, &Segment::of(lane), self.rules) {
            Verdict::Counted => {}
            Verdict::Ended(end) => self.note_end(slot, end),
            Verdict::Suspicious => self.counters.suspicious += 1,
            Verdict::AfterEnd => self.counters.after_end += 1,
            Verdict::Reopens => {
                self.replace(slot, lane.ts_ns);
                self.open(lane, frame);
            }
        }
    }

    /// Whatever else it is: other trackers learn of it, too, and know no more than its flags.
    #[inline]
    fn learn_port_of(&mut self, lane: &Lane) {
        if tells_server(lane.flags) {
            self.ports.learn(lane.key.src_port());
        }
    }

    /// Enters a new connection.
    pub(super) fn open(&mut self, lane: &Lane, frame: &Frame<'_>) {
        self.learn_port_of(lane);
        if story::is_odd(lane.flags) {
            self.counters.odd_flags += 1;
            return;
        }
        if lane.flags & flag::RST != 0 {
            self.counters.stray_rst += 1;
            return;
        }
        let Some(path) = self.path_of(frame) else { return };
        let direction = self.first_direction(lane, &path);
        let Some(slot) = self.enter(lane, frame, &path, direction) else { return };
        let (hot, cold) = self.table.slab.both(slot);
        let entry = Entry { hot, cold, gaps: &mut self.gaps };
        story::begin(entry, direction, &Segment::of(lane), self.rules);
        self.counters.joined += u64::from(view::is_joined(&self.table.slab.cold[slot as usize]));
        self.schedule(slot, lane.ts_ns);
    }

    /// A new row, whose story is still to begin. None where memory does not allow one.
    pub(super) fn enter(&mut self, lane: &Lane, frame: &Frame<'_>, path: &Path, direction: usize) -> Option<u32> {
        let slot = self.create(path, &lane.key, direction);
        if let Some(slot) = slot {
            let cold = &mut self.table.slab.cold[slot as usize];
            cold.source = frame.source;
            cold.cluster = self.names.told_cluster(path.tunnel.as_ref(), frame.source, path.vlan);
            self.counters.created += 1;
        } else {
            self.source(frame.source).not_entered += 1;
        }
        slot
    }

    fn first_direction(&self, lane: &Lane, path: &Path) -> usize {
        let is_client = match lane.flags & (flag::SYN | flag::ACK) {
            flag::SYN => true,
            _ if tells_server(lane.flags) => false,
            _ => self.ports.sender_is_client(path.src_port, path.dst_port),
        };
        if is_client { OUT } else { IN }
    }
}
