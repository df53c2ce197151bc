//! From frames to connections, some at a time: all are read, then all places in the table are asked for, then all are
//! counted. Memory is slow and patient: it serves many requests in the time of one.
use wire::{Datagram, Frame, LinkType, Outcome, Overlays, Parsed, RawSegment, Seen};

use crate::counters::SourceCounters;
use crate::entry::NONE;
use crate::lane::{HAS_ID, Kind, Lane, Path, WidePair, network_of, wide_pair};
use crate::prefetch;
use crate::story;

use super::Tracker;

/// Frames that are worked on together: enough to hide the time that memory takes, few enough to stay in the cache.
pub(super) const LANES: usize = 32;

/// How many frames ahead of their reading their headers are asked for, and where: what a plain frame has behind its
/// first cache line, and where TCP is in the usual tunnels.
const AHEAD: usize = 8;
const PLAIN_HEADERS: usize = 48;
const TUNNELLED_HEADERS: usize = 100;

/// What is between reading and counting.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub lanes: Vec<Lane>,
    /// The addresses of those that are IPv6.
    pub wide: Vec<WidePair>,
}

/// Where the frames are that lanes were made of: few lanes need theirs again.
pub(super) trait Origin<'a> {
    /// The frame of the lane with this number.
    fn frame(&self, lane: usize) -> Frame<'a>;
}

impl<'a> Origin<'a> for [Frame<'a>] {
    #[inline]
    fn frame(&self, lane: usize) -> Frame<'a> {
        self[lane]
    }
}

impl Lanes {
    pub fn new() -> Self {
        Self { lanes: vec![Lane::default(); LANES], wide: vec![WidePair::default(); LANES] }
    }
}

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
pub(super) fn glance<const WRAPPED: bool>(
    data: &[u8],
    wire_len: u32,
    overlays: &Overlays,
) -> Option<(RawSegment, u32)> {
    if WRAPPED { wire::tunnelled(data, wire_len, overlays) } else { Some((wire::plain(data, wire_len)?, 0)) }
}

impl Tracker {
    /// Reads frames, in the order given. Any number of them; some hundreds at a time are as good as more.
    #[inline(never)]
    pub fn batch(&mut self, frames: &[Frame<'_>]) {
        if !self.is_collecting {
            return self.let_go(frames);
        }
        let mut work = std::mem::take(&mut self.work);
        let mut rest = frames;
        while !rest.is_empty() {
            let coming = rest.get(AHEAD..).unwrap_or_default();
            let frames = rest.split_off(..LANES.min(rest.len())).unwrap_or_default();
            self.read_all(frames, coming, &mut work);
            self.ask_all(frames, frames.len(), &mut work);
            self.count_all(frames, frames.len(), &work);
        }
        self.work = work;
    }

    pub(super) fn let_go(&mut self, frames: &[Frame<'_>]) {
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

    // The three steps are functions of their own: together they need more registers than there are.
    fn read_all(&mut self, frames: &[Frame<'_>], coming: &[Frame<'_>], work: &mut Lanes) {
        let others = if self.mostly_wrapped {
            self.read_expecting::<true>(frames, coming, work)
        } else {
            self.read_expecting::<false>(frames, coming, work)
        };
        self.mostly_wrapped ^= others > frames.len() / 2;
    }

    /// Reads frames that most likely are all in VXLAN, or all not. Returns how many were not as expected.
    #[inline(never)]
    fn read_expecting<const WRAPPED: bool>(
        &mut self,
        frames: &[Frame<'_>],
        coming: &[Frame<'_>],
        work: &mut Lanes,
    ) -> usize {
        let mut tally = Tally::of(frames.first().map_or(0, |frame| frame.source));
        let (mut first, mut others) = (0, Others::default());
        let mut last_ns = self.last_packet_ns;
        let is_one_cluster = !self.names.clusters_differ();
        for (number, (frame, lane)) in frames.iter().zip(&mut work.lanes).enumerate() {
            if let Some(next) = coming.get(number) {
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
            if is_common && let Some((raw, network)) = glance::<WRAPPED>(frame.data, frame.wire_len, &self.overlays) {
                *lane = Lane::of_common(&self.table.seed, frame, &raw, network);
            } else {
                self.read_other(lane, &mut work.wide[number], frame, &mut others);
            }
            self.table.prefetch_index(&lane.key);
            self.copies.prefetch(lane.print);
        }
        self.note(Tally { noted: others.noted, ..tally }, (frames.len() - first) as u64);
        self.last_packet_ns = last_ns;
        others.count
    }

    /// Reads any frame.
    #[inline(never)]
    fn read_other(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>, others: &mut Others) {
        others.count += 1;
        if self.names.clusters_differ() {
            if let Some(parsed) = wire::glance(frame.data, frame.wire_len, frame.link, &self.overlays) {
                return self.fill(lane, wide, frame, &parsed);
            }
        } else if frame.link == LinkType::Ethernet
            && let Some((bytes, _)) = wire::untagged(frame.data)
        {
            let wire_len = frame.wire_len.saturating_sub((frame.data.len() - bytes.len()) as u32);
            let wrapped = glance::<true>(bytes, wire_len, &self.overlays);
            if let Some((raw, network)) = wrapped.or_else(|| glance::<false>(bytes, wire_len, &self.overlays)) {
                *lane = Lane::of_common(&self.table.seed, frame, &raw, network);
                return;
            }
        }
        self.read_closely(lane, wide, frame);
        others.noted += 1;
    }

    /// Reads a frame that is not of the common kind.
    #[inline(never)]
    pub(super) fn read_closely(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>) {
        let seen = match wire::quick(frame.data, frame.wire_len, frame.link, &self.overlays) {
            Some(parsed) => Seen::Tcp(parsed),
            None => wire::read_frame(frame, &self.overlays),
        };
        match &seen {
            Seen::Tcp(parsed) => self.fill(lane, wide, frame, parsed),
            Seen::Datagram(datagram) => self.fill_datagram(lane, wide, frame, datagram),
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

    /// Sorts out copies among the first `count` lanes, and asks for the others' places in the table.
    #[inline(never)]
    pub(super) fn ask_all<'a>(&mut self, origin: &(impl Origin<'a> + ?Sized), count: usize, work: &mut Lanes) {
        for (number, lane) in work.lanes[..count].iter_mut().enumerate() {
            if lane.kind == Kind::Done {
                continue;
            }
            if lane.print != 0 && self.copies.is_copy(lane.print, lane.has_id(), lane.ts_ns) {
                self.note_copy(lane, origin.frame(number).source);
            } else {
                lane.guess = self.ask_for(lane);
            }
        }
    }

    #[inline(never)]
    pub(super) fn count_all<'a>(&mut self, origin: &(impl Origin<'a> + ?Sized), count: usize, work: &Lanes) {
        for (number, (lane, wide)) in work.lanes[..count].iter().zip(&work.wide).enumerate() {
            // Asked for first, and not one among others: it nearly always is one.
            if lane.kind == Kind::Segment {
                self.count_segment(lane, wide, || origin.frame(number));
                continue;
            }
            match lane.kind {
                Kind::Done | Kind::Unread | Kind::Segment => {}
                Kind::Datagram => self.count_datagram(lane, wide, &origin.frame(number)),
                Kind::Special => self.count_special(lane, wide, &origin.frame(number)),
            }
        }
    }

    #[cold]
    fn note_copy(&mut self, lane: &mut Lane, source: u16) {
        lane.kind = Kind::Done;
        self.source(source).count_copy(lane.outcome());
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

    fn fill(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>, parsed: &Parsed) {
        if matches!(parsed.addrs, wire::IpPair::V6 { .. }) {
            *wide = wide_pair(&parsed.addrs);
        }
        let cluster =
            self.names.packet_cluster(parsed.tunnel.as_ref(), frame.source, || frame.vlan.unwrap_or(parsed.vlan));
        *lane = Lane::of_segment(&self.table.seed, frame, parsed, cluster);
    }

    fn fill_datagram(&mut self, lane: &mut Lane, wide: &mut WidePair, frame: &Frame<'_>, datagram: &Datagram) {
        let Some(path) = Path::of(&Seen::Datagram(*datagram)) else { return };
        *wide = wide_pair(&path.addrs);
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

    /// Looks a lane's connection up in the index, and starts loading it.
    #[inline]
    fn ask_for(&self, lane: &Lane) -> u32 {
        self.table.prefetch_entry(&lane.key, lane.is_control())
    }

    /// `frame` is asked for where the lane does not tell enough.
    #[inline(always)]
    pub(super) fn count_segment<'a>(&mut self, lane: &Lane, wide: &WidePair, frame: impl FnOnce() -> Frame<'a>) {
        let Some(direction) = self.table.verify(lane.guess, &lane.key, wide, lane.cluster) else {
            return self.count_anew(lane, wide, &frame());
        };
        if story::quick(&mut self.table.slab.hot[lane.guess as usize], direction, lane) {
            return;
        }
        // Since the guess was made, a segment of the same batch may have begun a new connection between the same ports.
        if self.table.is_unindexed(lane.guess) {
            return self.count_anew(lane, wide, &frame());
        }
        self.follow(lane.guess, direction, lane, &frame());
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
        if frame.vlan.is_none()
            && let Some(parsed) = wire::glance(frame.data, frame.wire_len, frame.link, &self.overlays)
        {
            return Path::of(&Seen::Tcp(parsed));
        }
        Path::of(&wire::read_frame(frame, &self.overlays))
    }
}
