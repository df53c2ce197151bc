//! What can be of this connection at all. Ports are used again, numbers are forged, and a mirror loses packets, so that a
//! segment that does not fit is doubted only as far as no loss explains it: a row must not get stuck behind a loss.
use wire::tcp::flag;

use super::Part;
use crate::connection::State;
use crate::entry::{IN, OUT, mark, status};

/// How far ahead of the expected number an acknowledgment may be to be believed: by what a mirror may have lost.
pub(super) const MAX_AHEAD: i32 = 1 << 28;
/// What may be under way at once: the size of a large receive buffer.
pub(super) const MOST_AT_ONCE: i64 = 1 << 24;
/// How far ahead a reset may be. A host takes only the very next number (RFC 5961 §3.2), and a forged one can be anything: by
/// what the mirror lost just before it, or in the silence before. Behind it may be by what is under way, where it answers what
/// was sent before; and ahead, too, where it acknowledges what the other side has sent.
const RESET_AHEAD: i64 = 1 << 17;
/// In a silence the mirror may have missed one byte in so many nanoseconds (31 Mb/s).
const SILENT_NS_PER_BYTE: u64 = 256;
/// What no connection exceeds, bytes a nanosecond: 128 Gb/s.
const MOST_BYTES_PER_NS: u64 = 16;
/// What both sides together may have sent unseen in a nanosecond of silence: one connection at 8 Gb/s.
const MISSED_BYTES_PER_NS: i64 = 1;

impl Part<'_> {
    /// Whether a reset may be the sender's own.
    pub(super) fn is_believable_reset(&self) -> bool {
        let acknowledges = self.segment.flags & flag::ACK != 0;
        if self.hot.state() == State::Syn && self.direction == IN {
            // RFC 9293 §3.10.7.3: in this state a reset counts by what it acknowledges.
            return !acknowledges || self.answers_our_syn();
        }
        if self.rules.control_only || self.hot.packets[self.direction] == 0 {
            return true;
        }
        let ahead = self.segment.seq.wrapping_sub(self.hot.next_low(self.direction)).cast_signed();
        if self.hot.state() == State::Syn {
            // Else it answers an acknowledgment of an earlier connection's (RFC 9293 §3.5.1, figure 9).
            return ahead == 0 || self.segment.seq == self.cold.first_seq[OUT];
        }
        let missed = i64::try_from(self.since_last() / SILENT_NS_PER_BYTE).unwrap_or(i64::MAX);
        let fits = acknowledges && (-RESET_AHEAD..=RESET_AHEAD).contains(&self.acknowledged_ahead());
        let most = RESET_AHEAD.saturating_add(missed).max(if fits { MOST_AT_ONCE } else { 0 });
        (-MOST_AT_ONCE..=most).contains(&i64::from(ahead))
    }

    /// How far ahead of what was seen of the other side this acknowledgment is. Where nothing was, it is what tells.
    fn acknowledged_ahead(&self) -> i64 {
        let other = 1 - self.direction;
        if self.hot.next(other) == 0 { 0 } else { self.ahead(other, self.segment.ack) }
    }

    /// Whether the server acknowledges what an earlier connection between the same ports has sent: it does so to a SYN
    /// where it has not heard of that one's end (RFC 5961 §4).
    pub(super) fn answers_another_syn(&self) -> bool {
        let is_asked = self.hot.state() == State::Syn && self.direction == IN && self.cold.has(mark::SYN);
        let acknowledged = self.segment.ack.wrapping_sub(self.cold.first_seq[OUT]).cast_signed();
        is_asked && !(1..=MAX_AHEAD).contains(&acknowledged)
    }

    /// Whether it is no part of the stream: an end before what has been sent already, or a jump that nothing explains.
    pub(super) fn is_out_of_place(&self) -> bool {
        let direction = self.direction;
        if self.hot.packets[direction] == 0 {
            return false;
        }
        let ahead = self.ahead(direction, self.segment.seq);
        let is_early_end =
            self.is_fin() && !self.hot.has(status::FIN << direction) && ahead + i64::from(self.segment.payload) + 1 < 0;
        is_early_end || ahead > MOST_AT_ONCE && !self.is_believable_jump(ahead)
    }

    /// Whether the mirror may have missed so much: one side of a connection whose other side went on, so that the
    /// acknowledgment fits that one, or both in a silence that was long enough. A late packet of an earlier connection
    /// between the same ports has two numbers that do not fit.
    fn is_believable_jump(&self, ahead: i64) -> bool {
        let acknowledged = self.acknowledged_ahead();
        let missed = i64::try_from(self.since_last()).unwrap_or(i64::MAX).saturating_mul(MISSED_BYTES_PER_NS);
        let misses_this_side = (-MOST_AT_ONCE..=MOST_AT_ONCE).contains(&acknowledged);
        let misses_both = ahead <= missed && (-MOST_AT_ONCE..=missed).contains(&acknowledged);
        ahead <= self.most_ahead() && (misses_this_side || misses_both)
    }

    /// How far ahead of what was seen a stream can be, by what a connection of its age may have sent: the mirror may have lost
    /// one direction for long, while the other one went on.
    pub(super) fn most_ahead(&self) -> i64 {
        let possible = self.since_start().saturating_mul(MOST_BYTES_PER_NS);
        i64::try_from(possible).unwrap_or(i64::MAX).max(MOST_AT_ONCE)
    }

    /// Whether a number is so far behind that hardly any window reaches there, and long enough after the latest packet for the
    /// stream to have come around: the mirror missed gigabytes.
    pub(super) fn is_beyond_an_outage(&self, distance: u32) -> bool {
        const MOST_WINDOW: i32 = 1 << 27;
        distance.cast_signed() < -MOST_WINDOW
            && self.since_last().saturating_mul(MOST_BYTES_PER_NS) >= u64::from(distance)
    }
}
