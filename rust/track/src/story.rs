//! What one segment does to its connection (RFC 9293 §3.10, as seen by a bystander).
//!
//! - `syn` → `syn-ack` by the server's answer → `est` by the client's ACK after it. Where the mirror missed the
//!   answer, the client's ACK alone proves it. A connection joined in the middle is `est` from its first packet: a
//!   mirror that carries one direction only must give rows too, and they say so (`one_way`).
//! - `fin` once either side sent FIN; ended when both did. `rst` on a believable reset; ended.
//! - A SYN with the same sequence number is a resend, until the connection has ended. With another one it opens a new
//!   connection where the old one has ended, is ending, never came to be, has been silent, or shows one side alone; else
//!   it is only counted: anyone could have made it up (RFC 5961 §4). The server's answer to a SYN we did not believe
//!   settles the matter.
//! - What cannot be of the connection changes nothing (`belief`).
//! - Where both sides sent a SYN at the same time, the first one seen is the client's.
//! - Stream bytes are the distance between the first and the highest sequence number, SYN and FIN taken off. Where
//!   packets of one side have not been seen, what the other side acknowledges tells; once that side has closed, the last
//!   number it acknowledges is a FIN's.
use wire::tcp::flag;

use crate::connection::{End, State};
use crate::entry::{Cold, Hot, IN, Latency, OUT, mark, status};
use crate::gaps::Gaps;
use crate::lane::{Lane, ZERO_WINDOW};

/// What the story needs of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub ts_ns: u64,
    pub wire_len: u32,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub payload: u32,
}

impl Segment {
    #[inline]
    pub fn of(lane: &Lane) -> Self {
        let &Lane { ts_ns, wire_len, flags, payload, .. } = lane;
        Self { ts_ns, wire_len, seq: lane.seq(), ack: lane.ack(), flags, payload }
    }

    fn has_zero_window(&self) -> bool {
        self.flags & (ZERO_WINDOW | CONTROL) == ZERO_WINDOW
    }
}

/// The connection that a segment belongs to.
pub(crate) struct Entry<'a> {
    pub hot: &'a mut Hot,
    pub cold: &'a mut Cold,
    pub gaps: &'a mut Gaps,
}

/// What the story depends on besides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub control_only: bool,
    pub reopen_idle_ns: u64,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It belongs to the connection and is counted there.
    Counted,
    /// The same, and it ended the connection.
    Ended(End),
    /// It is the first one of another connection between the same ports.
    Reopens,
    /// It contradicts the connection, and changes nothing.
    Suspicious,
    /// The connection had ended and been reported.
    AfterEnd,
}

/// A SYN like the one that began an ended connection is a new attempt after this time: the network does not deliver one so
/// late, and those who are refused may try again alike.
const NEW_ATTEMPT_NS: u64 = 100_000_000;
const CONTROL: u8 = flag::SYN | flag::FIN | flag::RST;

/// Whether no honest sender combines these flags.
#[inline]
pub(crate) const fn is_odd(flags: u8) -> bool {
    let syn_with_end = flags & flag::SYN != 0 && flags & (flag::FIN | flag::RST) != 0;
    let lacks_ack = flags & (flag::SYN | flag::RST | flag::ACK) == 0;
    syn_with_end || lacks_ack
}

/// The plain case, within `hot` alone: data in order, or an ACK, on an established connection of which both sides are
/// known. Returns false, with nothing changed, where it is another case.
#[inline]
pub(crate) fn quick(hot: &mut Hot, direction: usize, lane: &Lane) -> bool {
    let is_in_order = lane.seq() == hot.next_low(direction);
    if !(hot.has(status::STEADY) & lane.is_plain() & is_in_order) {
        return false;
    }
    let (packets, overflows) = hot.packets[direction].overflowing_add(1);
    if overflows {
        return false;
    }
    hot.packets[direction] = packets;
    hot.advance(direction, lane.payload);
    hot.add_wire(direction, lane.wire_len);
    hot.last_ns = hot.last_ns.max(lane.ts_ns);
    true
}

/// Any case of a segment whose flags are not odd.
pub(crate) fn follow(entry: Entry<'_>, direction: usize, segment: &Segment, rules: Rules) -> Verdict {
    let Entry { hot, cold, gaps } = entry;
    let mut part = Part { hot, cold, gaps, direction, segment, rules };
    let verdict = match segment.flags & (flag::SYN | flag::ACK) {
        flag::SYN => part.syn(),
        both if both == flag::SYN | flag::ACK => part.syn_ack(),
        _ if part.hot.has(status::FROZEN) => Verdict::AfterEnd,
        _ if segment.flags & flag::RST != 0 => part.reset(),
        _ => part.data(),
    };
    part.hot.judge();
    verdict
}

/// The first segment of a connection, whose `hot` and `cold` are otherwise empty.
pub(crate) fn begin(entry: Entry<'_>, direction: usize, segment: &Segment, rules: Rules) {
    let Entry { hot, cold, gaps } = entry;
    begin_times(cold, segment.ts_ns);
    let mut part = Part { hot, cold, gaps, direction, segment, rules };
    match segment.flags & (flag::SYN | flag::ACK) {
        flag::SYN => {
            part.hot.set_state(State::Syn);
            part.cold.mark(mark::SYN);
            part.cold.set_latency(Latency::Server, Some(0));
            part.count();
        }
        both if both == flag::SYN | flag::ACK => {
            part.hot.set_state(State::SynAck);
            part.cold.mark(mark::SYN_ACK);
            part.cold.set_latency(Latency::Client, Some(0));
            part.count();
            part.learn_from_ack();
        }
        _ => {
            part.hot.set_state(State::Est);
            part.count();
            part.learn_from_ack();
            part.note_fin();
        }
    }
}

/// A row's first time, and none for what is measured later.
pub(crate) fn begin_times(cold: &mut Cold, ts_ns: u64) {
    cold.started_ns = ts_ns;
    for which in [Latency::Whole, Latency::Server, Latency::Client] {
        cold.set_latency(which, None);
    }
}

mod belief;
mod stream;

pub(crate) use stream::{add_packet, packets, stream_bytes};

struct Part<'a> {
    hot: &'a mut Hot,
    cold: &'a mut Cold,
    gaps: &'a mut Gaps,
    direction: usize,
    segment: &'a Segment,
    rules: Rules,
}

impl Part<'_> {
    fn syn(&mut self) -> Verdict {
        let is_first_number = self.segment.seq == self.cold.first_seq[OUT];
        let is_resend = self.direction == OUT && self.cold.has(mark::SYN) && is_first_number;
        if self.hot.has(status::FROZEN) || self.hot.has(status::ENDED) && self.since_last() >= NEW_ATTEMPT_NS {
            return Verdict::Reopens;
        }
        if is_resend {
            if self.hot.state() == State::Syn {
                let since_start = self.since_start();
                self.cold.set_latency(Latency::Server, Some(since_start));
            }
            self.count_resend();
            return if self.hot.state() == State::Syn { self.count() } else { self.tally() };
        }
        match self.hot.state() {
            State::SynAck if self.is_late_syn() => {
                self.restart(OUT);
                self.cold.mark(mark::SYN);
                self.count()
            }
            State::Syn if self.direction == IN && self.hot.packets[IN] == 0 => self.count(),
            State::Syn | State::SynAck if self.direction == IN => Verdict::Suspicious,
            // Where the other side is not seen at all, its answer cannot settle the matter.
            State::Est if !self.is_silent() && self.hot.packets[1 - self.direction] != 0 => Verdict::Suspicious,
            _ => Verdict::Reopens,
        }
    }

    /// The SYN that was overtaken by its answer on the way through the mirror.
    fn is_late_syn(&self) -> bool {
        let acknowledged = self.hot.next_low(OUT);
        let expected = self.segment.seq.wrapping_add(1 + self.segment.payload);
        self.direction == OUT && !self.cold.has(mark::SYN) && self.hot.packets[OUT] == 0 && acknowledged == expected
    }

    fn is_silent(&self) -> bool {
        self.since_last() >= self.rules.reopen_idle_ns
    }

    fn since_last(&self) -> u64 {
        self.segment.ts_ns.saturating_sub(self.hot.last_ns)
    }

    fn syn_ack(&mut self) -> Verdict {
        let is_same = self.cold.has(mark::SYN_ACK) && self.segment.seq == self.cold.first_seq[IN];
        let answers = self.direction == IN && self.answers_our_syn();
        if self.hot.has(status::FROZEN) {
            return if answers || is_same { Verdict::AfterEnd } else { Verdict::Reopens };
        }
        if self.answers_their_syn() {
            return self.data();
        }
        match (self.hot.state(), answers) {
            (_, true) if self.cold.has(mark::SYN_ACK) => self.answer_again(),
            (State::Syn | State::SynAck, true) => self.first_answer(State::SynAck),
            (State::Est, true) => self.first_answer(State::Est),
            (State::Fin | State::Rst, true) => self.count(),
            (State::Syn | State::SynAck, false) => Verdict::Suspicious,
            (State::Est, false) if self.comes_from_the_client() && !self.is_silent() => Verdict::Suspicious,
            _ => Verdict::Reopens,
        }
    }

    /// Where both sides sent a SYN at the same time (RFC 9293 §3.5, figure 7): the client's answer to the server's, whose
    /// number is that of the client's own SYN.
    fn answers_their_syn(&self) -> bool {
        let is_ours = self.cold.has(mark::SYN) && self.segment.seq == self.cold.first_seq[OUT];
        let is_their_number = self.segment.ack == self.cold.first_seq[IN].wrapping_add(1);
        self.direction == OUT && is_ours && is_their_number && self.hot.packets[IN] != 0
    }

    /// Of a connection joined in the middle nobody is known to be the client.
    fn comes_from_the_client(&self) -> bool {
        self.direction == OUT && self.cold.has(mark::SYN | mark::SYN_ACK)
    }

    /// Whether the acknowledgment fits our SYN: its number and, with fast open (RFC 7413), some of its data.
    fn answers_our_syn(&self) -> bool {
        if !self.cold.has(mark::SYN) {
            let is_first = self.segment.seq == self.cold.first_seq[IN];
            return self.cold.has(mark::SYN_ACK) && (is_first || self.hot.packets[OUT] == 0);
        }
        let acknowledged = self.segment.ack.wrapping_sub(self.cold.first_seq[OUT]);
        let sent = (self.hot.next(OUT) - stream::ORIGIN).wrapping_sub(u64::from(self.cold.first_seq[OUT]));
        acknowledged >= 1 && u64::from(acknowledged) <= sent
    }

    fn first_answer(&mut self, state: State) -> Verdict {
        let whole = self.since_start();
        let is_in_order = self.hot.state() == State::Syn;
        let asked = self.cold.latency(Latency::Server).unwrap_or(0);
        self.cold.set_latency(Latency::Whole, Some(whole));
        self.cold.set_latency(Latency::Server, Some(whole.saturating_sub(asked)));
        self.cold.set_latency(Latency::Client, is_in_order.then_some(whole));
        self.cold.mark(mark::SYN_ACK);
        self.begin_here(IN);
        self.hot.set_state(state);
        self.count()
    }

    /// A server without memory of its first answer (SYN cookies) may number the second one differently. Once the client has
    /// chosen, no answer tells anything new of the stream.
    fn answer_again(&mut self) -> Verdict {
        self.count_resend();
        if self.hot.state() != State::SynAck {
            return self.tally();
        }
        let since_start = self.since_start();
        self.cold.set_latency(Latency::Client, Some(since_start));
        if self.segment.seq != self.cold.first_seq[IN] {
            self.hot.set(status::RENUMBERED);
            self.restart(IN);
        }
        self.count()
    }

    fn reset(&mut self) -> Verdict {
        if self.hot.has(status::ENDED) {
            return self.count();
        }
        if !self.is_believable_reset() {
            return Verdict::Suspicious;
        }
        self.drop_unfinished_latency();
        let acknowledges = self.segment.flags & flag::ACK != 0;
        // Control mode does not see what a client sends that was answered unseen.
        let is_refused = self.hot.state() == State::Syn && (self.direction == IN || !self.rules.control_only);
        if is_refused || acknowledges && self.cold.has(mark::SYN_ACK) {
            self.hot.set(status::TOLD);
        }
        self.count();
        self.learn_from_ack();
        self.hot.set_state(State::Rst);
        self.hot.set(status::ENDED);
        Verdict::Ended(End::Rst)
    }

    fn data(&mut self) -> Verdict {
        if !self.rules.control_only && (self.answers_another_syn() || self.is_out_of_place()) {
            return Verdict::Suspicious;
        }
        let acknowledges = self.segment.flags & flag::ACK != 0;
        let had_ended = self.hot.has(status::ENDED);
        match (self.hot.state(), self.direction) {
            (State::Syn, OUT) if acknowledges => {
                self.drop_unfinished_latency();
                self.hot.set_state(State::Est);
            }
            (State::Syn, IN) => {
                self.drop_unfinished_latency();
                self.hot.set_state(State::SynAck);
            }
            (State::SynAck, OUT) if acknowledges => self.establish(),
            _ => {}
        }
        self.count();
        if acknowledges && (self.hot.packets[1 - self.direction] == 0 || self.is_fin()) {
            self.learn_from_ack();
        }
        self.note_fin();
        if self.hot.has(status::ENDED) && !had_ended { Verdict::Ended(End::Fin) } else { Verdict::Counted }
    }

    fn establish(&mut self) {
        self.believe_the_client();
        let answered = self.cold.latency(Latency::Client).filter(|_| !self.rules.control_only);
        let since_start = self.since_start();
        self.cold.set_latency(Latency::Client, answered.map(|at| since_start.saturating_sub(at)));
        self.hot.set_state(State::Est);
    }

    /// Until SYN and SYN-ACK are answered, the latencies hold times of their own: those mean nothing any more.
    fn drop_unfinished_latency(&mut self) {
        match self.hot.state() {
            State::Syn => self.cold.set_latency(Latency::Server, None),
            State::SynAck => self.cold.set_latency(Latency::Client, None),
            _ => {}
        }
    }

    fn is_fin(&self) -> bool {
        self.segment.flags & flag::FIN != 0
    }

    fn note_fin(&mut self) {
        if !self.is_fin() {
            return;
        }
        // After the end, too: it tells that the last number is no byte.
        self.hot.set(status::FIN << self.direction);
        if self.hot.has(status::ENDED) {
            return;
        }
        self.drop_unfinished_latency();
        if !self.rules.control_only {
            self.cold.mark(mark::ACKED_TO_THE_END);
        }
        self.hot.set_state(State::Fin);
        if self.hot.has(status::FIN << OUT) && self.hot.has(status::FIN << IN) {
            self.hot.set(status::ENDED);
        }
    }

    fn since_start(&self) -> u64 {
        self.segment.ts_ns.saturating_sub(self.cold.started_ns)
    }

    fn count_resend(&mut self) {
        let resends = &mut self.cold.resends[self.direction];
        *resends = resends.saturating_add(1);
    }
}
