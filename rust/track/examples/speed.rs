//! How many packets a second the tracker takes, beside loops that do less.
//!
//! `cargo run --release --example speed -- [packets] [connections] [at a time] [plain|vxlan] [only this loop]`; frames
//! are made in memory, and read through a window of 256 KiB as from a file. The loops take turns; the best of five
//! rounds of each counts.
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use track::{Encap, Frame, Limits, LinkType, OverlaySpec, Tracker};
use wire::Overlays;
use wire::build::{self, Segment};
use wire::tcp::flag::{ACK, FIN, PSH, SYN};

const SNAP: usize = 128;
const RECORD: usize = 16;
const WINDOW: usize = 256 << 10;
const BATCH: usize = 256;
const ROUNDS: usize = 5;
const VXLAN_PORT: u16 = 8472;

/// Random numbers that are the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

/// A conversation that is under way.
struct Talk {
    ends: [(IpAddr, u16); 2],
    seq: [u32; 2],
    left: u32,
    step: u32,
}

impl Talk {
    fn new(dice: &mut Dice, number: u32, packets: u32) -> Self {
        let addr = |dice: &mut Dice| IpAddr::V4(Ipv4Addr::from_bits(0x0a0a_0000 | dice.roll(1 << 16) as u32));
        let port = 10_000 + (number % 50_000) as u16;
        let seq = [dice.roll(1 << 32) as u32, dice.roll(1 << 32) as u32];
        Self { ends: [(addr(dice), port), (addr(dice), 8080)], seq, left: packets, step: 0 }
    }

    /// The next packet: a handshake, data with its acknowledgments, and both sides' FIN.
    fn next(&mut self, dice: &mut Dice) -> Segment {
        let (from, flags, payload) = match (self.step, self.left) {
            (0, _) => (0, SYN, 0),
            (1, _) => (1, SYN | ACK, 0),
            (2, _) => (0, ACK, 0),
            (_, 3) => (0, FIN | ACK, 0),
            (_, 2) => (1, FIN | ACK, 0),
            (_, 1) => (0, ACK, 0),
            _ if dice.roll(2) == 0 => (1, ACK | PSH, 1 + dice.roll(1448) as usize),
            _ => (0, ACK, 0),
        };
        self.step += 1;
        self.left -= 1;
        let ack = if flags & ACK == 0 { 0 } else { self.seq[1 - from] };
        let segment =
            Segment { src: self.ends[from], dst: self.ends[1 - from], seq: self.seq[from], ack, flags, payload };
        let len = payload as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.seq[from] = self.seq[from].wrapping_add(len);
        segment
    }
}

/// Records of frames: time, captured and whole length, then the bytes.
fn records(packets: usize, connections: usize, at_a_time: usize, is_tunnelled: bool) -> Vec<u8> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mean = (packets / connections).max(8) as u64;
    let mut number = 0;
    let mut open = |dice: &mut Dice| {
        number += 1;
        let packets = 7 + dice.roll(2 * (mean - 7) + 1) as u32;
        Talk::new(dice, number, packets)
    };
    let mut talks: Vec<Talk> = (0..at_a_time).map(|_| open(&mut dice)).collect();
    let mut out = Vec::with_capacity(packets * (RECORD + SNAP));
    let nodes = |dice: &mut Dice| IpAddr::V4(Ipv4Addr::from_bits(0xac10_0000 | dice.roll(64) as u32));
    for packet in 0..packets {
        let at = dice.roll(talks.len() as u64) as usize;
        let segment = talks[at].next(&mut dice);
        if talks[at].left == 0 {
            talks[at] = open(&mut dice);
        }
        let mut frame = build::frame(&segment);
        if is_tunnelled {
            frame = build::vxlan((nodes(&mut dice), nodes(&mut dice)), VXLAN_PORT, 1, &frame);
        }
        let ts_ns = 1_700_000_000_000_000_000 + packet as u64 * 3_000;
        let captured = frame.len().min(SNAP);
        out.extend(ts_ns.to_le_bytes());
        out.extend((captured as u32).to_le_bytes());
        out.extend((frame.len() as u32).to_le_bytes());
        out.extend(&frame[..captured]);
    }
    out
}

/// Reads the records in batches, through a window that stays in the cache. Returns nanoseconds a packet.
fn read(records: &[u8], mut work: impl FnMut(&[Frame<'_>])) -> f64 {
    let mut window = vec![0; WINDOW];
    let (mut at, mut packets) = (0, 0);
    let started = Instant::now();
    while at < records.len() {
        let filled = (records.len() - at).min(WINDOW);
        window[..filled].copy_from_slice(&records[at..at + filled]);
        let mut rest = &window[..filled];
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            while batch.len() < BATCH {
                let Some((frame, after)) = record(rest) else { break };
                batch.push(frame);
                rest = after;
            }
            packets += batch.len();
            if batch.is_empty() {
                break;
            }
            work(&batch);
        }
        at += filled - rest.len();
    }
    started.elapsed().as_nanos() as f64 / packets as f64
}

fn record(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (ts_ns, rest) = bytes.split_first_chunk()?;
    let (captured, rest) = rest.split_first_chunk()?;
    let (wire_len, rest) = rest.split_first_chunk()?;
    let (data, rest) = rest.split_at_checked(u32::from_le_bytes(*captured) as usize)?;
    let (ts_ns, wire_len) = (u64::from_le_bytes(*ts_ns), u32::from_le_bytes(*wire_len));
    Some((Frame { ts_ns, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: None }, rest))
}

/// The least that counting connections can do: entries of 64 bytes in a table that is never more than half full,
/// found by address and port, and no story.
struct Bare {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Entry {
    key: [u64; 2],
    last_ns: u64,
    packets: [u32; 2],
    bytes: [u64; 2],
    seq: [u32; 2],
}

impl Bare {
    fn new(connections: usize) -> Self {
        Self { entries: vec![Entry::default(); (2 * connections).next_power_of_two()] }
    }

    fn batch(&mut self, frames: &[Frame<'_>], is_tunnelled: bool) {
        let mask = self.entries.len() - 1;
        for frame in frames {
            let data = if is_tunnelled { &frame.data[50..] } else { frame.data };
            let Some(header) = data.first_chunk::<54>() else { continue };
            if header[12..14] != [8, 0] || header[23] != 6 || header[14] != 0x45 {
                continue;
            }
            let number = |at: usize, len: usize| header[at..at + len].iter().fold(0, |n, &b| n << 8 | u64::from(b));
            let ends = [number(26, 4) << 16 | number(34, 2), number(30, 4) << 16 | number(36, 2)];
            let side = usize::from(ends[0] > ends[1]);
            let key = [ends[side], ends[1 - side]];
            let product = u128::from(key[0] ^ 0x9e37_79b9_7f4a_7c15) * u128::from(key[1] ^ 0xd6e8_feb8_6659_fd93);
            let mut at = ((product >> 64) as u64 ^ product as u64) as usize & mask;
            while self.entries[at].key != key && self.entries[at].key != [0; 2] {
                at = (at + 1) & mask;
            }
            let entry = &mut self.entries[at];
            entry.key = key;
            entry.last_ns = frame.ts_ns;
            entry.packets[side] += 1;
            entry.bytes[side] += u64::from(frame.wire_len);
            entry.seq[side] = number(38, 4) as u32;
        }
    }
}

const LOOPS: [&str; 4] = ["headers", "bare", "parse", "track"];

/// Runs one of the loops. Returns nanoseconds a packet.
fn run(which: &str, records: &[u8], connections: usize, is_tunnelled: bool) -> f64 {
    let spec = OverlaySpec { kind: Encap::Vxlan, port: VXLAN_PORT, vni: None, vni_is_identity: false, cluster: 1 };
    match which {
        "headers" => {
            let mut bytes = 0;
            let ns = read(records, |frames| bytes += frames.iter().map(|f| f.wire_len as usize).sum::<usize>());
            std::hint::black_box(bytes);
            ns
        }
        "bare" => {
            let mut bare = Bare::new(connections);
            read(records, |frames| bare.batch(frames, is_tunnelled))
        }
        "parse" => {
            let (overlays, _) = Overlays::new(&[spec]);
            let sees = |frame: &Frame<'_>| wire::parse(frame.data, frame.wire_len, frame.link, &overlays).is_ok();
            let mut seen = 0;
            let ns = read(records, |frames| seen += frames.iter().filter(|frame| sees(frame)).count());
            std::hint::black_box(seen);
            ns
        }
        _ => {
            let mut tracker = Tracker::new(Limits::default());
            tracker.set_overlays(&[spec]);
            read(records, |frames| {
                tracker.batch(frames);
                tracker.expire(tracker.last_packet_ns());
            })
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: usize| args.get(at).map_or(default, |arg| arg.parse().expect("a number is wanted"));
    let (packets, connections, at_a_time) = (number(0, 10_500_000), number(1, 200_000), number(2, 20_000));
    for name in ["plain", "vxlan"] {
        if args.get(3).is_some_and(|only| only != name) {
            continue;
        }
        println!("{name}: {packets} packets, {connections} connections, {at_a_time} at a time");
        let is_tunnelled = name == "vxlan";
        let records = records(packets, connections, at_a_time, is_tunnelled);
        let mut best = [f64::MAX; LOOPS.len()];
        for _ in 0..ROUNDS {
            for (best, which) in best.iter_mut().zip(LOOPS) {
                if args.get(4).is_none_or(|only| only == which) {
                    *best = best.min(run(which, &records, connections, is_tunnelled));
                }
            }
        }
        for (which, ns) in LOOPS.iter().zip(best).filter(|(_, ns)| *ns < f64::MAX) {
            println!("  {which:8} {ns:6.1} ns a packet, {:5.1} million/s", 1e3 / ns);
        }
        println!("  track reaches {:.2} of bare", best[1] / best[3]);
    }
}
