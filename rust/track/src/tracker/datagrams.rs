//! Rows without a TCP story, and packets that tell of other packets: errors, later fragments, encrypted ones.
use wire::{Encrypted, Fragment, Frame, IcmpError, Role, Seen};

use crate::connection::State;
use crate::entry::{IN, OUT, Proto, status};
use crate::fragments::Row;
use crate::lane::{Lane, Path, network_of};
use crate::story;

use super::Tracker;

impl Tracker {
    pub(super) fn count_datagram(&mut self, lane: &Lane, frame: &Frame<'_>) {
        let guessed = self.table.verify(lane.guess, &lane.key, lane.cluster);
        let guessed = guessed.filter(|_| !self.table.is_unindexed(lane.guess)).map(|found| (lane.guess, found));
        let found = guessed
            .or_else(|| self.table.find(&lane.key, lane.cluster))
            .or_else(|| self.path_of(frame).and_then(|path| self.find_other_way(&path, frame.source, lane.ts_ns)));
        match found {
            Some((slot, direction)) => self.add_datagram(slot, direction, lane),
            None => self.open_datagram(lane, frame),
        }
    }

    fn add_datagram(&mut self, slot: u32, direction: usize, lane: &Lane) {
        let (hot, cold) = self.table.slab.both(slot);
        story::add_packet(hot, cold, direction, lane.wire_len, lane.ts_ns);
        hot.advance(direction, lane.payload);
    }

    fn open_datagram(&mut self, lane: &Lane, frame: &Frame<'_>) {
        let Some(path) = self.path_of(frame) else { return };
        if path.proto == Proto::Udp && path.tunnel.is_none() && self.names.are_nodes(&path.addrs) {
            self.guesses.try_kinds(frame, path.dst_port);
        }
        let is_client = match path.role {
            Role::Asks => true,
            Role::Answers => false,
            Role::Unknown => self.ports.sender_is_client(path.src_port, path.dst_port),
        };
        let direction = if is_client { OUT } else { IN };
        let Some(slot) = self.enter(lane, frame, &path, direction) else { return };
        let (hot, cold) = self.table.slab.both(slot);
        hot.set_state(State::Active);
        story::begin_times(cold, lane.ts_ns);
        self.add_datagram(slot, direction, lane);
        self.schedule(slot, lane.ts_ns);
    }

    /// A frame that has to be read again, now that all before it have been counted.
    #[cold]
    pub(super) fn count_special(&mut self, lane: &Lane, frame: &Frame<'_>) {
        let seen = wire::read_frame(frame, &self.overlays);
        if self.is_special_copy(&seen, frame) {
            self.source(frame.source).count_copy(seen.outcome());
            return;
        }
        match seen {
            Seen::Tcp(_) => {
                self.count_segment(lane, || *frame);
                self.remember_first(lane, frame);
            }
            Seen::Datagram(_) => {
                self.count_datagram(lane, frame);
                self.remember_first(lane, frame);
            }
            Seen::IcmpError(error) => self.count_error(&error, frame),
            Seen::Fragment(fragment) => self.count_fragment(&fragment, frame),
            Seen::Encrypted(packet) => {
                let is_kept = self.encrypted.count(&packet, frame.wire_len, frame.ts_ns);
                self.counters.encrypted_not_kept += u64::from(!is_kept);
            }
            Seen::Other(_) => {}
        }
    }

    fn is_special_copy(&mut self, seen: &Seen, frame: &Frame<'_>) -> bool {
        let (tunnel, vlan) = match seen {
            Seen::Fragment(Fragment { tunnel, vlan, .. })
            | Seen::IcmpError(IcmpError { tunnel, vlan, .. })
            | Seen::Encrypted(Encrypted { tunnel, vlan, .. }) => (tunnel, *vlan),
            Seen::Tcp(_) | Seen::Datagram(_) | Seen::Other(_) => return false,
        };
        let cluster = self.names.packet_cluster(tunnel.as_ref(), frame.source, || vlan);
        self.copies.is_special_copy(seen, cluster, frame.ts_ns)
    }

    /// Notes where the later fragments of this frame's datagram belong.
    fn remember_first(&mut self, lane: &Lane, frame: &Frame<'_>) {
        self.counters.first_fragments += 1;
        let first = wire::first_fragment(frame.data, frame.wire_len, frame.link, &self.overlays);
        let found = self.table.find(&lane.key, lane.cluster);
        if let (Some(first), Some((slot, direction))) = (first, found) {
            let id = self.table.slab.cold[slot as usize].id();
            let row = Row { slot, id, direction: direction as u8 };
            self.fragments.remember(&first.key, network_of(first.tunnel.as_ref()), frame.ts_ns, row);
        }
    }

    /// Counts a later fragment on its first one's row. Its bytes are in the length that UDP's header tells, and show in
    /// the number of TCP's next segment.
    fn count_fragment(&mut self, fragment: &Fragment, frame: &Frame<'_>) {
        let network = network_of(fragment.tunnel.as_ref());
        let row = self.fragments.find(&fragment.key, network, frame.ts_ns).filter(|row| {
            let hot = &self.table.slab.hot[row.slot as usize];
            !hot.is_free() && !hot.has(status::FROZEN) && self.table.slab.cold[row.slot as usize].id() == row.id
        });
        let Some(row) = row else {
            self.counters.fragments_unknown += 1;
            return;
        };
        self.counters.fragments_followed += 1;
        let (hot, cold) = self.table.slab.both(row.slot);
        let direction = usize::from(row.direction);
        story::add_packet(hot, cold, direction, frame.wire_len, frame.ts_ns);
        if fragment_counts(hot.place) {
            hot.advance(direction, fragment.payload_len);
        }
    }

    /// Counts an error on the row of the packet that it quotes. Anyone can make one up, so that it changes nothing else.
    fn count_error(&mut self, error: &IcmpError, frame: &Frame<'_>) {
        let quoted = &error.quoted;
        let found = Proto::from_number(quoted.proto).and_then(|proto| {
            let path = Path {
                addrs: quoted.addrs,
                src_port: quoted.src_port,
                dst_port: quoted.dst_port,
                proto,
                vlan: error.vlan,
                tunnel: error.tunnel,
                role: Role::Unknown,
            };
            let place = path.place_in(network_of(path.tunnel.as_ref()));
            let key = self.table.key(&path.addrs, [path.src_port, path.dst_port], place);
            let cluster = self.names.packet_cluster(path.tunnel.as_ref(), frame.source, || path.vlan);
            let found = self.table.find(&key, cluster);
            found.or_else(|| self.find_other_way(&path, frame.source, frame.ts_ns))
        });
        let Some((slot, _)) = found.filter(|found| !self.table.slab.hot[found.0 as usize].has(status::FROZEN)) else {
            self.counters.icmp_errors_unknown += 1;
            return;
        };
        self.counters.icmp_errors_matched += 1;
        let hot = &mut self.table.slab.hot[slot as usize];
        hot.icmp_errors = hot.icmp_errors.saturating_add(1);
    }
}

/// Whether the length in the first fragment was that of the fragment, not of the datagram.
fn fragment_counts(place: u32) -> bool {
    let number = Proto::number_in(place);
    ![Proto::Tcp, Proto::Udp].iter().any(|&proto| Proto::from_number(number) == Some(proto))
}
