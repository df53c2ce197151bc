//! The tracker from the outside: frames in, connections out.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::build::{self, Segment as Built};
use wire::tcp::flag::{ACK, FIN, PSH, RST, SYN};
use wire::{Encap, LinkType};

use super::*;
use crate::entry::{IN, OUT};
use crate::{End, Reason, State};
use wire::Frame;

mod ahead;
mod belief;
mod bounds;
mod copies;
mod datagrams;
mod model;
mod names;
mod story;
mod tunnels;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/// When the tests' connections start.
const START: u64 = 1_700_000_000 * SECOND;

const CLIENT: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(10, 10, 1, 1)), 40000);
const SERVER: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(10, 10, 2, 1)), 8080);

/// The client's and the server's initial sequence numbers: both streams wrap soon.
const CLIENT_SEQ: u32 = u32::MAX - 100;
const SERVER_SEQ: u32 = u32::MAX - 5;

fn tracker() -> Tracker {
    Tracker::new(Limits { max_memory_bytes: 1 << 20, ..Limits::default() })
}

fn feed(tracker: &mut Tracker, ts_ns: u64, data: &[u8]) {
    let wire_len = u32::try_from(data.len()).unwrap();
    tracker.batch(&[Frame { ts_ns, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: None }]);
}

fn rows(tracker: &Tracker) -> Vec<Connection> {
    let mut rows = Vec::new();
    let mut from = Some(0);
    while let Some(slot) = from {
        from = tracker.for_each(slot, 7, &mut |connection| {
            let mut row = connection.clone();
            tracker.judge(&mut row);
            rows.push(row);
            true
        });
    }
    rows.sort_by_key(|row| row.id);
    rows
}

fn only(tracker: &Tracker) -> Connection {
    let mut rows = rows(tracker);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0)
}

/// Puts an identification (into the checksum where there is none) and a window into a TCP segment.
fn stamped(mut frame: Vec<u8>, id: u16, window: u16) -> Vec<u8> {
    let is_v4 = frame[12] == 8;
    let tcp = if is_v4 { 34 } else { 54 };
    let at = if is_v4 { 18 } else { tcp + 16 };
    frame[at..at + 2].copy_from_slice(&id.to_be_bytes());
    frame[tcp + 14..tcp + 16].copy_from_slice(&window.to_be_bytes());
    frame
}

/// Two ends that talk, and the time: sequence numbers are relative to the initial ones.
struct Talk {
    tracker: Tracker,
    now: u64,
    ends: [(IpAddr, u16); 2],
    first: [u32; 2],
    wrap: fn(usize, Vec<u8>) -> Vec<u8>,
    /// The IP identification of the latest packet: each has its own.
    id: u16,
    window: u16,
    /// All that was sent, with its times.
    sent: Vec<(u64, Vec<u8>)>,
}

impl Talk {
    fn new() -> Self {
        Self::on(tracker())
    }

    fn on(tracker: Tracker) -> Self {
        let first = [CLIENT_SEQ, SERVER_SEQ];
        Self {
            tracker,
            now: START,
            ends: [CLIENT, SERVER],
            first,
            wrap: |_, frame| frame,
            id: 0,
            window: 0xffff,
            sent: vec![],
        }
    }

    fn v6() -> Self {
        let addr = |last| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last));
        let mut talk = Self::new();
        talk.ends = [(addr(1), 40000), (addr(2), 8080)];
        talk
    }

    fn after(&mut self, ns: u64) -> &mut Self {
        self.now += ns;
        self
    }

    fn send(&mut self, from: usize, flags: u8, seq: u32, ack: u32, payload: usize) -> &mut Self {
        let ack = if flags & ACK == 0 { 0 } else { self.first[1 - from].wrapping_add(ack) };
        let seq = self.first[from].wrapping_add(seq);
        let (src, dst) = (self.ends[from], self.ends[1 - from]);
        self.id = self.id % 0x7fff + 1;
        let plain = stamped(build::frame(&Built { src, dst, seq, ack, flags, payload }), self.id, self.window);
        let frame = (self.wrap)(from, plain);
        feed(&mut self.tracker, self.now, &frame);
        self.sent.push((self.now, frame));
        self
    }

    /// What another tracker makes of the same frames, so many at a time.
    fn rows_in_batches<'a>(&'a self, tracker: Tracker, frames: usize) -> Vec<Connection> {
        let mut tracker = tracker;
        for some in self.sent.chunks(frames) {
            let frame = |(ts_ns, data): &'a (u64, Vec<u8>)| {
                let wire_len = data.len() as u32;
                Frame { ts_ns: *ts_ns, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: None }
            };
            tracker.batch(&some.iter().map(frame).collect::<Vec<_>>());
        }
        rows(&tracker)
    }

    /// The latest packet once more, as another port of the mirror saw it.
    fn mirrored_again(&mut self, from: usize, flags: u8, seq: u32, ack: u32, payload: usize) -> &mut Self {
        self.id -= 1;
        self.send(from, flags, seq, ack, payload)
    }

    fn client(&mut self, flags: u8, seq: u32, ack: u32, payload: usize) -> &mut Self {
        self.send(OUT, flags, seq, ack, payload)
    }

    fn server(&mut self, flags: u8, seq: u32, ack: u32, payload: usize) -> &mut Self {
        self.send(IN, flags, seq, ack, payload)
    }

    /// SYN, 100 µs, SYN-ACK, 50 µs, ACK.
    fn handshake(&mut self) -> &mut Self {
        self.client(SYN, 0, 0, 0).after(100 * MICRO).server(SYN | ACK, 0, 1, 0);
        self.after(50 * MICRO).client(ACK, 1, 1, 0)
    }

    /// FIN of both sides after `sent` and `received` bytes.
    fn close(&mut self, sent: u32, received: u32) -> &mut Self {
        self.client(FIN | ACK, 1 + sent, 1 + received, 0).after(MICRO);
        self.server(FIN | ACK, 1 + received, 2 + sent, 0).after(MICRO);
        self.client(ACK, 2 + sent, 2 + received, 0)
    }

    fn row(&self) -> Connection {
        only(&self.tracker)
    }

    fn state(&self) -> State {
        self.row().state
    }

    fn counters(&self) -> Counters {
        self.tracker.counters()
    }
}

#[test]
fn every_packet_has_one_outcome_and_one_source() {
    let mut tracker = tracker();
    let segment = Built { src: CLIENT, dst: SERVER, seq: 0, ack: 0, flags: SYN, payload: 0 };
    let tcp = build::frame(&segment);
    let udp = build::ethernet(&build::ip(CLIENT.0, SERVER.0, 17, &build::udp(5, 53, &[0; 30])));
    let frames: Vec<&[u8]> = vec![&tcp, &udp, &tcp[..40], &tcp[..5], &[], &[0xff; 60]];
    for (index, data) in frames.iter().enumerate() {
        let source = [0, 3, 255, 1000][index % 4];
        tracker.batch(&[Frame { ts_ns: START, wire_len: 60, data, source, link: LinkType::Ethernet, vlan: None }]);
    }
    tracker.set_collecting(false);
    feed(&mut tracker, START, &tcp);
    let counters = tracker.counters();
    let total = counters.sources;
    assert_eq!((total.packets, total.not_collected), (7, 1));
    assert_eq!(total.outcomes.iter().sum::<u64>() + total.not_collected, total.packets);
    assert_eq!((total.outcomes[Outcome::Tcp.index()], total.outcomes[Outcome::Udp.index()]), (1, 1));
    assert_eq!(tracker.source_counters(3).packets, 2);
    assert_eq!(tracker.source_counters(1000).packets, 2);
    assert_eq!(tracker.source_counters(255), tracker.source_counters(1000));
    assert_eq!(rows(&tracker).len(), 2);
}

#[test]
fn switched_off_nothing_is_entered_and_nothing_forgotten() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.tracker.set_collecting(false);
    talk.client(ACK, 1, 1, 100);
    assert_eq!(talk.row().opkts, 2);
    talk.tracker.set_collecting(true);
    talk.client(ACK, 101, 1, 100);
    assert_eq!((talk.row().opkts, talk.row().obytes), (3, 200));
}

#[test]
fn clear_forgets_connections_but_not_counters() {
    let mut talk = Talk::new();
    talk.handshake().close(0, 0);
    talk.tracker.flush();
    talk.tracker.clear();
    assert!(talk.tracker.is_empty());
    assert!(talk.tracker.take_ended(10).is_empty());
    assert_eq!(talk.counters().sources.packets, 6);
    talk.handshake();
    assert_eq!(talk.state(), State::Est);
}

use wire::Outcome;
