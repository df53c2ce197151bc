//! Random conversations against a plain model of what they should come to.
use proptest::prelude::*;

use super::*;

/// One thing that happens. Sides are 0 (client) and 1 (server).
#[derive(Clone, Copy, Debug)]
enum Step {
    Data { from: usize, len: u16 },
    Again { from: usize, len: u16 },
    Lost { from: usize, len: u16 },
    KeepAlive { from: usize },
    Stray { from: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let side = || 0..2_usize;
    prop_oneof![
        4 => (side(), 1..1400_u16).prop_map(|(from, len)| Step::Data { from, len }),
        1 => (side(), 1..1400_u16).prop_map(|(from, len)| Step::Again { from, len }),
        1 => (side(), 1..1400_u16).prop_map(|(from, len)| Step::Lost { from, len }),
        1 => side().prop_map(|from| Step::KeepAlive { from }),
        1 => side().prop_map(|from| Step::Stray { from }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    Open,
    ByClient,
    ByServer,
    Both,
    Reset,
}

fn close() -> impl Strategy<Value = Close> {
    prop_oneof![Just(Close::Open), Just(Close::ByClient), Just(Close::ByServer), Just(Close::Both), Just(Close::Reset)]
}

/// What should have been seen, by side.
#[derive(Default)]
struct Model {
    sent: [u32; 2],
    /// How far the stream was seen; what was lost on the way to the mirror is beyond.
    seen: [u32; 2],
    packets: [u64; 2],
    /// What was jumped over and has not come yet, and when.
    gaps: [Vec<(core::ops::Range<u32>, u64)>; 2],
    retransmits: u32,
    out_of_order: u16,
    most_gaps: usize,
}

impl Model {
    fn send(&mut self, talk: &mut Talk, from: usize, flags: u8, back: u32, len: u16) {
        let seq = (1 + self.sent[from]).wrapping_sub(back);
        let ack = 1 + self.sent[1 - from];
        talk.after(MILLI).send(from, flags, seq, ack, usize::from(len));
        self.packets[from] += 1;
        self.arrive(from, i64::from(self.sent[from]) - i64::from(back), len, talk.now);
    }

    fn arrive(&mut self, from: usize, start: i64, len: u16, now: u64) {
        let (seen, end) = (i64::from(self.seen[from]), start + i64::from(len));
        let as_range = |start: i64, end: i64| start.max(0) as u32..end.max(0) as u32;
        if end > seen {
            self.seen[from] = end as u32;
            if start > seen {
                self.gaps[from].push((as_range(seen, start), now));
            } else if start < seen - 1 {
                self.arrive_late(from, &as_range(start, seen), now);
            }
        } else if len > 0 && !(len == 1 && start == seen - 1) {
            self.arrive_late(from, &as_range(start, end), now);
        }
        self.most_gaps = self.most_gaps.max(self.gaps[from].len());
    }

    fn arrive_late(&mut self, from: usize, piece: &core::ops::Range<u32>, now: u64) {
        /// The handshake's 3 ms less an eighth.
        const MOST_DISORDER: u64 = 2_625 * MICRO;
        let overlaps = |(gap, _): &(core::ops::Range<u32>, u64)| gap.start < piece.end && piece.start < gap.end;
        // The latest gap first: a piece that touches two fills one.
        let Some(at) = self.gaps[from].iter().rposition(overlaps) else {
            self.retransmits += 1;
            return;
        };
        let (gap, opened) = self.gaps[from].remove(at);
        let is_disorder = now - opened < MOST_DISORDER;
        self.out_of_order += u16::from(is_disorder);
        self.retransmits += u32::from(!is_disorder);
        let (before, after) = (gap.start..piece.start.max(gap.start), piece.end.min(gap.end)..gap.end);
        for rest in [before, after].into_iter().filter(|rest| !rest.is_empty()) {
            self.gaps[from].insert(at.min(self.gaps[from].len()), (rest, opened));
        }
    }

    fn step(&mut self, talk: &mut Talk, step: Step) {
        match step {
            Step::Data { from, len } => {
                self.send(talk, from, ACK | PSH, 0, len);
                self.sent[from] += u32::from(len);
            }
            Step::Again { from, len } => {
                let len = len.min(u16::try_from(self.sent[from]).unwrap_or(u16::MAX));
                // One byte, the last one, is what a keep-alive carries.
                self.send(talk, from, ACK, u32::from(len), len);
            }
            Step::Lost { from, len } => self.sent[from] += u32::from(len),
            Step::KeepAlive { from } => self.send(talk, from, ACK, 1, 0),
            Step::Stray { from } => talk.send(from, SYN | FIN, 99, 99, 0).tracker.set_collecting(true),
        }
    }

    fn close(&mut self, talk: &mut Talk, close: Close) {
        let fins: &[usize] = match close {
            Close::Open => &[],
            Close::ByClient => &[0],
            Close::ByServer => &[1],
            Close::Both => &[1, 0],
            Close::Reset => return self.send(talk, 1, RST | ACK, 0, 0),
        };
        for &from in fins {
            self.send(talk, from, FIN | ACK, 0, 0);
        }
    }
}

fn expected(close: Close) -> (State, Option<End>) {
    match close {
        Close::Open => (State::Est, None),
        Close::ByClient | Close::ByServer => (State::Fin, None),
        Close::Both => (State::Fin, Some(End::Fin)),
        Close::Reset => (State::Rst, Some(End::Rst)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_conversation_comes_to_what_was_said(
        first in any::<[u32; 2]>(),
        resends in 0..4_u8,
        steps in proptest::collection::vec(step(), 0..40),
        close in close(),
    ) {
        let mut talk = Talk::new();
        talk.first = first;
        let mut model = Model { packets: [u64::from(resends), 0], ..Model::default() };
        for _ in 0..resends {
            talk.client(SYN, 0, 0, 0).after(SECOND);
        }
        talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).after(2 * MILLI).client(ACK, 1, 1, 0);
        model.packets = [model.packets[0] + 2, 1];
        for &step in &steps {
            model.step(&mut talk, step);
        }
        let lost_at_the_end = lost_after_the_last_packet(&steps);
        model.close(&mut talk, close);
        let row = talk.row();
        prop_assert_eq!((row.state, row.end), expected(close));
        prop_assert_eq!([row.opkts, row.ipkts], model.packets);
        let late = model.retransmits + u32::from(model.out_of_order);
        // With many gaps at once, some are forgotten, and what two share is told otherwise.
        if model.most_gaps <= 1 {
            prop_assert_eq!((row.retransmits, row.out_of_order), (model.retransmits, model.out_of_order));
        }
        prop_assert_eq!(row.retransmits + u32::from(row.out_of_order), late);
        prop_assert_eq!(row.syn_resends, resends);
        prop_assert_eq!(row.latency_ns, Some(u64::from(resends) * SECOND + MILLI));
        prop_assert_eq!(row.server_latency_ns, Some(MILLI));
        prop_assert_eq!(row.client_latency_ns, Some(2 * MILLI));
        if !lost_at_the_end {
            prop_assert_eq!([row.obytes, row.ibytes], model.sent.map(u64::from));
        }
        prop_assert_eq!((row.started_ns, row.last_ns), (START, talk.now));
    }

    #[test]
    fn control_packets_come_to_the_same(first in any::<[u32; 2]>(), sent in any::<u32>(), received in any::<u32>()) {
        // A stream of 4 GiB less the two numbers that SYN and FIN take is the most that can be told.
        let (sent, received) = (sent.min(u32::MAX - 4), received.min(u32::MAX - 4));
        let limits = Limits { control_only: true, max_memory_bytes: 1 << 20, ..Limits::default() };
        let mut talk = Talk::on(Tracker::new(limits));
        talk.first = first;
        talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).after(MILLI);
        talk.server(FIN | ACK, 1 + received, 1 + sent, 0).client(FIN | ACK, 1 + sent, 2 + received, 0);
        let row = talk.row();
        prop_assert_eq!((row.obytes, row.ibytes), (u64::from(sent), u64::from(received)));
        prop_assert_eq!((row.state, row.end, row.latency_ns), (State::Fin, Some(End::Fin), Some(MILLI)));
    }

    #[test]
    fn batches_of_any_size_come_to_the_same(
        segments in proptest::collection::vec((0..2_usize, 0..32_u8, 0..9_u32, 0..9_u32, 0..3_u16, 0..9_u64), 0..120),
        frames in 2..120_usize,
        is_control: bool,
        keeps_ended: bool,
    ) {
        let limits = Limits { control_only: is_control, keeps_ended, max_memory_bytes: 1 << 20, ..Limits::default() };
        let mut talk = Talk::on(Tracker::new(limits.clone()));
        for (from, flags, seq, ack, port, millis) in segments {
            talk.ends[0].1 = 40000 + port;
            talk.after(millis * MILLI).send(from, flags, seq << 20, ack << 20, 10);
        }
        prop_assert_eq!(talk.rows_in_batches(Tracker::new(limits), frames), rows(&talk.tracker));
    }

    #[test]
    fn any_segments_keep_the_books_straight(
        segments in proptest::collection::vec((0..2_usize, 0..32_u8, any::<u32>(), any::<u32>(), 0..4_u16, 0..300_u64), 0..300),
        is_control: bool,
    ) {
        let limits = Limits { control_only: is_control, max_memory_bytes: 1 << 20, ..Limits::default() };
        let mut talk = Talk::on(Tracker::new(limits));
        for (from, flags, seq, ack, port, seconds) in segments {
            talk.ends[0].1 = 40000 + port;
            talk.after(seconds * SECOND).send(from, flags, seq, ack, 10);
            talk.tracker.expire(talk.now);
        }
        let counters = talk.counters();
        let shown = rows(&talk.tracker);
        prop_assert_eq!(shown.len(), talk.tracker.len());
        let mut ids: Vec<_> = shown.iter().map(|row| row.id).collect();
        ids.dedup();
        prop_assert_eq!(ids.len(), shown.len());
        let read = counters.sources.outcomes[Outcome::Tcp.index()];
        prop_assert_eq!(counters.sources.outcomes.iter().sum::<u64>(), counters.sources.packets);
        let elsewhere = counters.suspicious + counters.odd_flags + counters.stray_rst + counters.after_end;
        talk.tracker.flush();
        let reported = talk.tracker.take_ended(usize::MAX);
        let total = |rows: &[Connection]| rows.iter().map(|row| row.opkts + row.ipkts).sum::<u64>();
        let unreported: Vec<_> = shown.iter().filter(|row| row.end.is_none()).cloned().collect();
        prop_assert_eq!(read, elsewhere + total(&reported) + total(&unreported));
        prop_assert_eq!(counters.created, (reported.len() + unreported.len()) as u64);
    }

    #[test]
    fn any_bytes_have_one_outcome(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20)) {
        let mut tracker = tracker();
        for data in &frames {
            feed(&mut tracker, START, data);
        }
        let total = tracker.counters().sources;
        prop_assert_eq!(total.outcomes.iter().sum::<u64>(), frames.len() as u64);
    }
}

/// What was lost shows with the next packet of its side, or with what the other side's FIN acknowledges; not earlier.
fn lost_after_the_last_packet(steps: &[Step]) -> bool {
    [0, 1].into_iter().any(|side| {
        let from = |step: &Step| match *step {
            Step::Data { from, .. } | Step::Lost { from, .. } => from == side,
            _ => false,
        };
        matches!(steps.iter().rev().find(|step| from(step)), Some(Step::Lost { .. }))
    })
}
