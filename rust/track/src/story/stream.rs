//! Counting packets and bytes: what sequence numbers tell of a stream.
use wire::tcp::flag;

use super::belief::{MAX_AHEAD, MOST_AT_ONCE};
use super::{Part, Segment, Verdict};
use crate::entry::{Cold, Hot, IN, Latency, mark, status};

/// `Hot::next` starts here, so that 0 can mean "nothing seen" and numbers can fall behind the first one.
pub(super) const ORIGIN: u64 = 1 << 32;

impl Part<'_> {
    /// Counts the segment, and moves the sender's numbers on.
    pub(super) fn count(&mut self) -> Verdict {
        self.advance();
        self.tally()
    }

    /// Counts the segment alone.
    pub(super) fn tally(&mut self) -> Verdict {
        let Self { hot, cold, direction, segment, .. } = self;
        add_packet(hot, cold, *direction, segment.wire_len, segment.ts_ns);
        hot.zero_windows = hot.zero_windows.saturating_add(u16::from(segment.has_zero_window()));
        Verdict::Counted
    }

    pub(super) fn restart(&mut self, direction: usize) {
        self.hot.set_next(direction, 0);
    }

    /// Makes this side's stream begin with this SYN, and go as far as it has been seen already: what was known of its
    /// numbers came from data that overtook the SYN, or only from what the other side acknowledged.
    pub(super) fn begin_here(&mut self, direction: usize) {
        let first = self.segment.seq.wrapping_add(1);
        let seen = self.hot.next_low(direction).wrapping_sub(first).cast_signed();
        if self.hot.packets[direction] == 0 || !(0..=MAX_AHEAD).contains(&seen) {
            return self.restart(direction);
        }
        self.cold.first_seq[direction] = self.segment.seq;
        self.hot.set_next(direction, ORIGIN + u64::from(self.segment.seq) + 1 + u64::from(seen.cast_unsigned()));
    }

    /// Makes the server's stream begin where the client's first acknowledgment says, where that was no answer of the server's
    /// that was seen last: of two answers it may have taken the other one.
    pub(super) fn believe_the_client(&mut self) {
        let ahead = self.segment.ack.wrapping_sub(self.hot.next_low(IN)).cast_signed();
        let most = if self.hot.has(status::RENUMBERED) { 0 } else { MOST_AT_ONCE };
        if self.only_handshake_seen(IN) && !(0..=most).contains(&i64::from(ahead)) && !self.rules.control_only {
            self.cold.first_seq[IN] = self.segment.ack.wrapping_sub(1);
            self.hot.set_next(IN, ORIGIN + u64::from(self.segment.ack));
        }
    }

    fn advance(&mut self) {
        let Segment { seq, flags, payload, .. } = *self.segment;
        let direction = self.direction;
        // An empty FIN after another one brings nothing, not even where its number is the next one.
        let is_end = flags & flag::FIN != 0 && !(payload == 0 && self.hot.has(status::FIN << direction));
        let len = u64::from(payload) + u64::from(flags & flag::SYN != 0) + u64::from(is_end);
        let next = self.hot.next(direction);
        if next == 0 {
            self.cold.first_seq[direction] = seq;
            self.hot.set_next(direction, ORIGIN + u64::from(seq) + len);
            return;
        }
        let ahead = self.ahead(direction, seq);
        let end = ahead + len.cast_signed();
        if end > 0 {
            self.hot.set_next(direction, next.wrapping_add(end.cast_unsigned()));
            // In control mode everything between the first and the last segment is missing, and nothing ever fills it.
            if ahead > 0 && !self.rules.control_only {
                let end = next.wrapping_add(ahead.cast_unsigned());
                self.gaps.open(self.gap_owner(), next, end, self.segment.ts_ns);
            }
            // One byte is what a probe of a closed window has sent already.
            if ahead < -1 && self.hot.packets[direction] > 0 {
                self.count_old(next.wrapping_add_signed(ahead), ahead.unsigned_abs());
            }
        } else if self.hot.packets[direction] > 0 && self.is_sent_again(ahead) {
            self.count_old(next.wrapping_add_signed(ahead), len);
        }
    }

    /// Whether a segment that brings nothing new is more than an ACK or a keep-alive: with data, or with a FIN once more.
    fn is_sent_again(&self, ahead: i64) -> bool {
        let is_keep_alive = self.segment.payload == 1 && ahead == -1;
        let is_same_fin = self.is_fin() && self.hot.has(status::FIN << self.direction);
        self.segment.payload > 0 && !is_keep_alive || is_same_fin
    }

    /// Who a gap belongs to: a connection's direction.
    fn gap_owner(&self) -> u64 {
        self.cold.id() << 1 | self.direction as u64
    }

    /// Data before the highest seen: it was seen before, or fills a gap. Where that is too old for the network to have
    /// changed the order, the packet was lost before the mirror, and this is its repair.
    fn count_old(&mut self, start: u64, len: u64) {
        let opened_ns = self.gaps.fill(self.gap_owner(), start, start.wrapping_add(len));
        if opened_ns.is_some_and(|opened_ns| self.segment.ts_ns.saturating_sub(opened_ns) < self.most_disorder_ns()) {
            self.hot.out_of_order = self.hot.out_of_order.saturating_add(1);
        } else {
            self.cold.retransmits = self.cold.retransmits.saturating_add(1);
        }
    }

    /// A repair takes a round trip at least, which the handshake has told; where that was not seen, what tshark supposes.
    fn most_disorder_ns(&self) -> u64 {
        const UNKNOWN_NS: u64 = 3_000_000;
        let halves = [Latency::Server, Latency::Client].map(|which| self.cold.latency(which));
        let [Some(server), Some(client)] = halves else { return UNKNOWN_NS };
        let trip = server + client;
        trip - trip / 8
    }

    /// How far a number is ahead of the highest seen. Where nothing but the handshake is seen of this side, as in control
    /// mode, and the connection ends, it cannot be behind: that gives up to 4 GiB instead of 2.
    pub(super) fn ahead(&self, direction: usize, number: u32) -> i64 {
        let distance = number.wrapping_sub(self.hot.next_low(direction));
        let is_end = self.rules.control_only && self.segment.flags & (flag::FIN | flag::RST) != 0;
        let is_old = distance > u32::MAX - 2;
        if is_end && !is_old && self.only_handshake_seen(direction) || self.is_beyond_an_outage(distance) {
            i64::from(distance)
        } else {
            i64::from(distance.cast_signed())
        }
    }

    fn only_handshake_seen(&self, direction: usize) -> bool {
        let seen = [mark::SYN, mark::SYN_ACK][direction];
        let after_syn = ORIGIN + u64::from(self.cold.first_seq[direction]) + 1;
        self.cold.has(seen) && self.hot.next(direction) == after_syn
    }

    /// Moves the other side's numbers on to what this segment acknowledges.
    pub(super) fn learn_from_ack(&mut self) {
        if self.segment.flags & flag::ACK == 0 {
            return;
        }
        let other = 1 - self.direction;
        if self.hot.next(other) == 0 {
            self.cold.first_seq[other] = self.segment.ack;
            self.hot.set_next(other, ORIGIN + u64::from(self.segment.ack));
            return;
        }
        let ahead = self.ahead(other, self.segment.ack);
        let is_plausible = ahead <= self.most_ahead() || self.rules.control_only && self.segment.ack != 0;
        if ahead > 0 && is_plausible {
            let next = self.hot.next(other).wrapping_add(ahead.cast_unsigned());
            self.hot.set_next(other, next);
        }
    }
}

/// Counts one packet.
#[inline]
pub(crate) fn add_packet(hot: &mut Hot, cold: &mut Cold, direction: usize, wire_len: u32, ts_ns: u64) {
    let packets = &mut hot.packets[direction];
    if *packets == u32::MAX {
        // Starts over at 1: 0 means that nothing was seen of this side. See `packets`.
        *packets = 0;
        cold.packets_high[direction] = cold.packets_high[direction].saturating_add(1);
    }
    *packets += 1;
    hot.add_wire(direction, wire_len);
    hot.last_ns = hot.last_ns.max(ts_ns);
}

/// Packets in one direction.
pub(crate) fn packets(hot: &Hot, cold: &Cold, direction: usize) -> u64 {
    u64::from(cold.packets_high[direction]) * u64::from(u32::MAX) + u64::from(hot.packets[direction])
}

/// Whether the FIN of a side that was not seen is among what the other side, which has closed, acknowledges. Where that
/// one closes first it is not yet, for as long as more may come: one byte too few until then, and not one too many ever
/// after.
fn is_closed_unseen(hot: &Hot, cold: &Cold, direction: usize) -> bool {
    hot.packets[direction] == 0 && cold.has(mark::ACKED_TO_THE_END)
}

/// Bytes of the stream in one direction, SYN and FIN taken off; of other protocols, the payload of all packets.
pub(crate) fn stream_bytes(hot: &Hot, cold: &Cold, direction: usize) -> u64 {
    let next = hot.next(direction);
    if next == 0 || !hot.is_tcp() {
        return next;
    }
    let syn = u64::from(cold.has([mark::SYN, mark::SYN_ACK][direction]));
    let fin = u64::from(hot.has(status::FIN << direction) || is_closed_unseen(hot, cold, direction));
    let first = ORIGIN + u64::from(cold.first_seq[direction]);
    next.saturating_sub(first).saturating_sub(syn + fin)
}
