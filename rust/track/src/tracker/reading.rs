//! From frames to lanes: what every packet tells, read and put down for asking and counting.
use wire::{Datagram, Frame, IpPair, LinkType, Outcome, Overlays, Parsed, RawSegment, Seen};

use crate::entry::NONE;
use crate::lane::{HAS_ID, Kind, Lane, Path, network_of};
use crate::prefetch;

use super::Tracker;

/// How many frames ahead of their reading their headers are asked for, and where: what a plain frame has behind its
/// first cache line, and where TCP is in the usual tunnels.
const AHEAD: usize = 8;
const PLAIN_HEADERS: usize = 48;
const TUNNELLED_HEADERS: usize = 100;

/// What came from one source since it was last noted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub source: u16,
    pub bytes: u64,
    /// Packets whose outcome was noted already. The others are TCP segments.
    pub noted: u64,
}

/// Frames that were not as expected, and those of them whose outcome was noted already.
#[derive(Debug, Default)]
struct Others {
    count: usize,
    noted: u64,
}

impl Tally {
    pub fn of(source: u16) -> Self {
        Self { source, ..Self::default() }
    }
}

/// Reads an untagged frame of the common kind: in VXLAN or not.
#[inline(always)]
pub(super) fn glance<const WRAPPED: bool>(data: &[u8], overlays: &Overlays) -> Option<(RawSegment, u32)> {
    if WRAPPED { wire::in_vxlan(data, overlays) } else { Some((wire::plain(data)?, 0)) }
}

/// The same over IPv6, plain or in VXLAN.
#[inline]
pub(crate) fn glance_v6(data: &[u8], overlays: &Overlays) -> Option<(RawSegment, IpPair, u32)> {
    let plain = wire::plain_v6(data).map(|(raw, addrs)| (raw, addrs, 0));
    plain.or_else(|| wire::in_vxlan_v6(data, overlays))
}

impl Tracker {
    /// Reads the first `count` frames; those behind them come next.
    pub(super) fn read_all(&mut self, frames: &[Frame<'_>], count: usize, work: &mut [Lane]) {
        let others = if self.mostly_wrapped {
            self.read_expecting::<true>(frames, count, work)
        } else {
            self.read_expecting::<false>(frames, count, work)
        };
        self.mostly_wrapped ^= others > count / 2;
    }

    /// Reads frames that most likely are all in VXLAN, or all not. Returns how many were not as expected.
    #[inline(never)]
    fn read_expecting<const WRAPPED: bool>(&mut self, frames: &[Frame<'_>], count: usize, work: &mut [Lane]) -> usize {
        let mut tally = Tally::of(frames.first().map_or(0, |frame| frame.source));
        let (mut first, mut others) = (0, Others::default());
        let mut last_ns = self.last_packet_ns;
        let is_one_cluster = !self.names.clusters_differ();
        for (number, (frame, lane)) in frames[..count].iter().zip(work).enumerate() {
            if let Some(next) = frames.get(number + AHEAD) {
                prefetch::behind(next.data, PLAIN_HEADERS);
                prefetch::behind(next.data, TUNNELLED_HEADERS);
            }
            if frame.source != tally.source {
                let packets = (number - std::mem::replace(&mut first, number)) as u64;
                tally.noted = std::mem::take(&mut others.noted);
                self.note(std::mem::replace(&mut tally, Tally::of(frame.source)), packets);
            }
            tally.bytes += u64::from(frame.wire_len);
            last_ns = last_ns.max(frame.ts_ns);
            let is_common = (frame.link == LinkType::Ethernet) & is_one_cluster;
            if is_common && let Some((raw, network)) = glance::<WRAPPED>(frame.data, &self.overlays) {
                *lane = Lane::of_common(&self.table.seed, frame, &raw, network);
            } else {
                self.read_other(lane, frame, &mut others);
            }
            self.table.prefetch_index(&lane.key);
            self.copies.prefetch(lane.print);
        }
        self.note(Tally { noted: others.noted, ..tally }, (count - first) as u64);
        self.last_packet_ns = last_ns;
        others.count
    }

    /// Reads any frame.
    #[inline(never)]
    fn read_other(&mut self, lane: &mut Lane, frame: &Frame<'_>, others: &mut Others) {
        others.count += 1;
        if self.names.clusters_differ() {
            if let Some(parsed) = wire::glance(frame.data, frame.link, &self.overlays) {
                return self.fill(lane, frame, &parsed);
            }
        } else if frame.link == LinkType::Ethernet
            && let Some((bytes, _)) = wire::untagged(frame.data)
        {
            let wrapped = glance::<true>(bytes, &self.overlays);
            let found = wrapped.or_else(|| glance::<false>(bytes, &self.overlays));
            let found = found.or_else(|| wire::in_geneve_or_ip(bytes, &self.overlays));
            if let Some((raw, network)) = found {
                *lane = Lane::of_common(&self.table.seed, frame, &raw, network);
                return;
            }
            if let Some((raw, addrs, network)) = glance_v6(bytes, &self.overlays) {
                *lane = Lane::of_common_v6(&self.table.seed, frame, &raw, &addrs, network);
                return;
            }
        }
        self.read_closely(lane, frame);
        others.noted += 1;
    }

    /// Reads a frame that is not of the common kind.
    #[inline(never)]
    pub(super) fn read_closely(&mut self, lane: &mut Lane, frame: &Frame<'_>) {
        let seen = match wire::quick(frame.data, frame.wire_len, frame.link, &self.overlays) {
            Some(parsed) => Seen::Tcp(parsed),
            None => wire::read_frame(frame, &self.overlays),
        };
        match &seen {
            Seen::Tcp(parsed) => self.fill(lane, frame, parsed),
            Seen::Datagram(datagram) => self.fill_datagram(lane, frame, datagram),
            _ => *lane = Lane::default(),
        }
        if matches!(seen, Seen::Other(Outcome::UnknownVni)) && self.guesses.is_due() {
            self.guess_behind_known_ports(frame);
        }
        let is_special = match &seen {
            Seen::Tcp(Parsed { fragmented, .. }) | Seen::Datagram(Datagram { fragmented, .. }) => *fragmented,
            Seen::IcmpError(_) | Seen::Fragment(_) | Seen::Encrypted(_) => true,
            Seen::Other(_) => false,
        };
        if is_special {
            lane.kind = Kind::Special;
        }
        self.source(frame.source).outcomes[seen.outcome().index()] += 1;
    }

    /// Reads a frame whose tunnel has an unexpected identifier as if its tunnel were not known.
    #[cold]
    fn guess_behind_known_ports(&mut self, frame: &Frame<'_>) {
        if let Seen::Datagram(datagram) = wire::read_frame(frame, &Overlays::default())
            && self.names.are_nodes(&datagram.addrs)
        {
            self.guesses.try_kinds(frame, datagram.dst_port);
        }
    }

    #[inline]
    pub(super) fn note(&mut self, tally: Tally, packets: u64) {
        let source = self.source(tally.source);
        source.packets += packets;
        source.bytes += tally.bytes;
        source.outcomes[Outcome::Tcp.index()] += packets - tally.noted;
    }

    fn fill(&mut self, lane: &mut Lane, frame: &Frame<'_>, parsed: &Parsed) {
        let cluster =
            self.names.packet_cluster(parsed.tunnel.as_ref(), frame.source, || frame.vlan.unwrap_or(parsed.vlan));
        *lane = Lane::of_segment(&self.table.seed, frame, parsed, cluster);
    }

    fn fill_datagram(&mut self, lane: &mut Lane, frame: &Frame<'_>, datagram: &Datagram) {
        let Some(path) = Path::of(&Seen::Datagram(*datagram)) else { return };
        let place = path.place_in(network_of(path.tunnel.as_ref()));
        let key = self.table.key(&path.addrs, [path.src_port, path.dst_port], place);
        let told =
            u64::from(datagram.ip_id) << 48 | u64::from(datagram.checksum) << 32 | u64::from(datagram.payload_len);
        let cluster = self.names.packet_cluster(path.tunnel.as_ref(), frame.source, || path.vlan);
        let which = u64::from(cluster) ^ u64::from(datagram.content) << 16;
        let print = self.table.seed.mix(key.hash ^ which, told ^ path.sender());
        *lane = Lane {
            key,
            print: if datagram.ip_id == 0 && datagram.content == 0 { 0 } else { print },
            ts_ns: frame.ts_ns,
            payload: datagram.payload_len,
            wire_len: frame.wire_len,
            guess: NONE,
            cluster,
            flags: if datagram.ip_id == 0 { 0 } else { HAS_ID },
            kind: Kind::Datagram,
            ..Lane::default()
        };
    }
}
