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
mod handshake;
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
    fn is_silent(&self) -> bool {
        self.since_last() >= self.rules.reopen_idle_ns
    }

    fn since_last(&self) -> u64 {
        self.segment.ts_ns.saturating_sub(self.hot.last_ns)
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
