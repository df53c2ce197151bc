//! From frames to connections, some at a time: all are read, then all places in the table are asked for, then all are
//! counted. Memory is slow and patient: it serves many requests in the time of one.
use wire::{Datagram, Frame, Outcome, Parsed, Seen};

use crate::counters::SourceCounters;
use crate::entry::{NONE, Proto};
use crate::lane::{FLAGS, Key, Kind, Lane, Path, WidePair, ZERO_WINDOW, network_of, place_of, wide_pair};
use crate::story;

use super::Tracker;

/// Frames that are worked on together: enough to hide the time that memory takes, few enough to stay in the cache.
const LANES: usize = 32;

/// What is between reading and counting.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    /// The addresses of those that are IPv6.
    wide: Vec<WidePair>,
}

impl Lanes {
    pub fn new() -> Self {
        Self { lanes: vec![Lane::default(); LANES], wide: vec![WidePair::default(); LANES] }
    }
}

/// What came from one source since it was last noted.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    source: u16,
    packets: u64,
    bytes: u64,
    segments: u64,
    copies: u64,
}

impl Tracker {
    /// Reads frames, in the order given. Any number of them; some hundreds at a time are as good as more.
    #[inline(never)]
    pub fn batch(&mut self, frames: &[Frame<'_>]) {
        if !self.is_collecting {
            return self.let_go(frames);
        }
        let mut work = std::mem::take(&mut self.work);
        for frames in frames.chunks(LANES) {
            self.read_all(frames, &mut work);
            for (lane, _) in work.lanes.iter_mut().zip(frames) {
                if lane.kind != Kind::Done {
                    lane.guess = self.ask_for(lane);
                }
            }
            for ((lane, wide), frame) in work.lanes.iter().zip(&work.wide).zip(frames) {
                match lane.kind {
                    Kind::Segment => self.count_segment(lane, wide, frame),
                    Kind::Done => {}
                    Kind::Datagram => self.count_datagram(lane, wide, frame),
                    Kind::Special => self.count_special(lane, wide, frame),
                }
            }
        }
        self.work = work;
    }

    fn let_go(&mut self, frames: &[Frame<'_>]) {
        for frame in frames {
            self.last_packet_ns = self.last_packet_ns.max(frame.ts_ns);
            let source = self.source(frame.source);
            source.packets += 1;
            source.bytes += u64::from(frame.wire_len);
            source.not_collected += 1;
        }
    }

    pub(super) fn source(&mut self, number: u16) -> &mut SourceCounters {
        &mut self.sources[usize::from(number).min(Self::MAX_SOURCES - 1)]
    }

    #[inline]
    fn read_all(&mut self, frames: &[Frame<'_>], work: &mut Lanes) {
        let mut tally = Tally { source: frames.first().map_or(0, |frame| frame.source), ..Tally::default() };
        let mut last_ns = self.last_packet_ns;
        for ((frame, lane), wide) in frames.iter().zip(&mut work.lanes).zip(&mut work.wide) {
            if frame.source != tally.source {
                self.note(std::mem::replace(&mut tally, Tally { source: frame.source, ..Tally::default() }));
            }
            tally.packets += 1;
            tally.bytes += u64::from(frame.wire_len);
            last_ns = last_ns.max(frame.ts_ns);
            if let Some(parsed) = wire::quick(frame.data, frame.wire_len, frame.link, &self.overlays) {
                let is_copy = self.fill(lane, wide, frame, &parsed);
                tally.segments += u64::from(!is_copy);
                tally.copies += u64::from(is_copy);
            } else {
                self.read_closely(lane, wide, frame);
            }
            self.table.prefetch_index(&lane.key);
        }
        self.note(tally);
        self.last_packet_ns = last_ns;
    }

    /// Reads a frame that is not of the common kind.
    #[inline(never)]
    fn read_closely(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>) {
        let seen = wire::read_frame(frame, &self.overlays);
        let is_copy = match &seen {
            Seen::Tcp(parsed) => self.fill(lane, wide, frame, parsed),
            Seen::Datagram(datagram) => self.fill_datagram(lane, wide, frame, datagram),
            _ => {
                *lane = Lane::default();
                false
            }
        };
        if matches!(seen, Seen::Other(Outcome::UnknownVni)) && self.guesses.is_due() {
            self.guess_behind_known_ports(frame);
        }
        let is_special = match &seen {
            Seen::Tcp(Parsed { fragmented, .. }) | Seen::Datagram(Datagram { fragmented, .. }) => *fragmented,
            Seen::IcmpError(_) | Seen::Fragment(_) | Seen::Encrypted(_) => true,
            Seen::Other(_) => false,
        };
        if is_special && !is_copy {
            lane.kind = Kind::Special;
        }
        let outcome = if is_copy { Outcome::Duplicate } else { seen.outcome() };
        self.source(frame.source).outcomes[outcome.index()] += 1;
    }

    /// Reads a frame whose tunnel has an unexpected identifier as if its tunnel were not known.
    #[cold]
    fn guess_behind_known_ports(&mut self, frame: &Frame<'_>) {
        if let Seen::Datagram(datagram) = wire::read_frame(frame, &wire::Overlays::default())
            && self.names.are_nodes(&datagram.addrs)
        {
            self.guesses.try_kinds(frame, datagram.dst_port);
        }
    }

    #[inline]
    fn note(&mut self, tally: Tally) {
        let source = self.source(tally.source);
        source.packets += tally.packets;
        source.bytes += tally.bytes;
        source.outcomes[Outcome::Tcp.index()] += tally.segments;
        source.outcomes[Outcome::Duplicate.index()] += tally.copies;
    }

    #[inline(always)]
    fn fill(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>, parsed: &Parsed) -> bool {
        let is_v6 = matches!(parsed.addrs, wire::IpPair::V6 { .. });
        let network = network_of(parsed.tunnel.as_ref());
        let place = place_of(network, Proto::Tcp, is_v6);
        if is_v6 {
            *wide = wide_pair(&parsed.addrs);
        }
        let key = self.table.key(&parsed.addrs, [parsed.src_port, parsed.dst_port], place);
        let cluster = self.names.packet_cluster(parsed.tunnel.as_ref(), frame.source, parsed.vlan);
        let print = self.print(&key, cluster, parsed);
        let is_copy = self.copies.is_copy(print, parsed.ip_id != 0, frame.ts_ns);
        *lane = Lane {
            key,
            ts_ns: frame.ts_ns,
            seq: parsed.seq,
            ack: parsed.ack,
            payload: parsed.payload_len,
            wire_len: frame.wire_len,
            guess: NONE,
            cluster,
            flags: parsed.flags & FLAGS | if parsed.window == 0 { ZERO_WINDOW } else { 0 },
            kind: if is_copy { Kind::Done } else { Kind::Segment },
        };
        is_copy
    }

    fn fill_datagram(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>, datagram: &Datagram) -> bool {
        let Some(path) = Path::of(&Seen::Datagram(*datagram)) else { return false };
        *wide = wide_pair(&path.addrs);
        let place = path.place_in(network_of(path.tunnel.as_ref()));
        let key = self.table.key(&path.addrs, [path.src_port, path.dst_port], place);
        let told =
            u64::from(datagram.ip_id) << 48 | u64::from(datagram.checksum) << 32 | u64::from(datagram.payload_len);
        let cluster = self.names.packet_cluster(path.tunnel.as_ref(), frame.source, path.vlan);
        let print = self.table.seed.mix(key.hash ^ u64::from(cluster), told ^ key.addrs ^ u64::from(key.ports) << 32);
        // Nothing else tells one datagram from the next with the same content.
        let is_copy = datagram.ip_id != 0 && self.copies.is_copy(print, true, frame.ts_ns);
        *lane = Lane {
            key,
            ts_ns: frame.ts_ns,
            payload: datagram.payload_len,
            wire_len: frame.wire_len,
            guess: NONE,
            cluster,
            kind: if is_copy { Kind::Done } else { Kind::Datagram },
            ..Lane::default()
        };
        is_copy
    }

    /// A hash of what two copies of a segment have in common.
    #[inline(always)]
    fn print(&self, key: &Key, cluster: u16, parsed: &Parsed) -> u64 {
        /// 2^64 divided by the golden ratio: what differs in few bits then does in many.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let ends = if key.is_v6() { key.hash } else { key.addrs };
        // Multiplied, since checksums differ in the same bits as the ports that they cover.
        let ends = ends.wrapping_add(u64::from(key.ports).rotate_left(32)).wrapping_mul(MIX);
        let told = u64::from(parsed.ip_id) << 48 | u64::from(parsed.checksum) << 32 | u64::from(parsed.payload_len);
        let numbers = u64::from(parsed.seq) << 32 | u64::from(parsed.ack);
        let which = u64::from(parsed.flags) << 16 ^ u64::from(cluster);
        self.table.seed.mix(numbers ^ which, told ^ ends)
    }

    /// Looks a lane's connection up in the index, and starts loading it.
    #[inline]
    fn ask_for(&self, lane: &Lane) -> u32 {
        let guess = self.table.prefetch_entry(&lane.key, lane.is_control());
        if guess == NONE {
            self.table.slab.prefetch_free();
        }
        guess
    }

    #[inline(always)]
    pub(super) fn count_segment(&mut self, lane: &Lane, wide: &WidePair, frame: &Frame<'_>) {
        let Some(direction) = self.table.verify(lane.guess, &lane.key, wide, lane.cluster) else {
            return self.count_anew(lane, wide, frame);
        };
        if !story::quick(&mut self.table.slab.hot[lane.guess as usize], direction, lane) {
            self.follow(lane.guess, direction, lane, frame);
        }
    }

    /// The segment of a connection that was not guessed, or is not in the table.
    #[inline(never)]
    fn count_anew(&mut self, lane: &Lane, wide: &WidePair, frame: &Frame<'_>) {
        let found = self.table.find(&lane.key, wide, lane.cluster).or_else(|| self.find_elsewhere(lane, frame));
        match found {
            Some((slot, direction)) => self.follow(slot, direction, lane, frame),
            None => self.open(lane, frame),
        }
    }

    /// Reads a frame again, for what few packets need.
    pub(super) fn path_of(&self, frame: &Frame<'_>) -> Option<Path> {
        let seen = wire::read_frame(frame, &self.overlays);
        Path::of(&seen)
    }
}
