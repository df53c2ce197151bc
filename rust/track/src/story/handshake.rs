//! How a connection opens: SYN, SYN-ACK and the first acknowledgment, their resends and their times.
use super::{Part, Verdict, stream};
use crate::connection::State;
use crate::entry::{IN, Latency, OUT, mark, status};

/// A SYN like the one that began an ended connection is a new attempt after this time: the network does not deliver one so
/// late, and those who are refused may try again alike.
const NEW_ATTEMPT_NS: u64 = 100_000_000;

impl Part<'_> {
    pub(super) fn syn(&mut self) -> Verdict {
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

    pub(super) fn syn_ack(&mut self) -> Verdict {
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
    pub(super) fn answers_our_syn(&self) -> bool {
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

    pub(super) fn establish(&mut self) {
        self.believe_the_client();
        let answered = self.cold.latency(Latency::Client).filter(|_| !self.rules.control_only);
        let since_start = self.since_start();
        self.cold.set_latency(Latency::Client, answered.map(|at| since_start.saturating_sub(at)));
        self.hot.set_state(State::Est);
    }

    /// Until SYN and SYN-ACK are answered, the latencies hold times of their own: those mean nothing any more.
    pub(super) fn drop_unfinished_latency(&mut self) {
        match self.hot.state() {
            State::Syn => self.cold.set_latency(Latency::Server, None),
            State::SynAck => self.cold.set_latency(Latency::Client, None),
            _ => {}
        }
    }
}
