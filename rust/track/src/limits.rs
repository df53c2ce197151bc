//! The bounds of one tracker.

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;

/// Bounds and times. All times are nanoseconds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most memory that the connection table takes, bytes, at least 1 MiB. What the address book and the queue of
    /// ended connections take comes on top; they have bounds of their own.
    pub max_memory_bytes: usize,
    /// Only packets with SYN, FIN or RST are captured: bytes come from the sequence numbers at both ends, and a quiet
    /// connection is no idle one.
    pub control_only: bool,
    /// How long a connection attempt is kept after its last packet. Linux gives up on a SYN after 127 s, yet its
    /// pauses never exceed 64 s.
    pub half_open_ns: u64,
    /// How long a connection is kept after its last packet. Linux sends keep-alives after 2 h.
    pub idle_ns: u64,
    /// How long a row of UDP, ICMP or SCTP is kept after its last packet: longer than most of their timers, and as long
    /// as Linux's own connection tracking keeps one that is in doubt (30 s) twice over.
    pub datagram_idle_ns: u64,
    /// How long an ended connection stays visible.
    pub ended_linger_ns: u64,
    /// What has ended, or is no longer followed, stays visible until its memory is needed: a capture that is read is
    /// looked at after its last packet, whenever its connections ended.
    pub keeps_ended: bool,
    /// How long an ended connection waits for its last packets before it is reported and no longer counts any: longer
    /// than most round trips, and so short that with what writing takes less than a second is lost when a host fails.
    pub ended_settle_ns: u64,
    /// A SYN with a new sequence number on an open connection opens a new one after this much silence. Before, it is
    /// only counted: anyone could have made it up (RFC 5961 §4).
    pub reopen_idle_ns: u64,
    /// The most ended connections that wait to be taken; 0 where nobody takes them.
    pub ended_queue: usize,
    /// The most claims that the address book holds.
    pub max_claims: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_memory_bytes: 1 << 30,
            control_only: false,
            half_open_ns: 75 * SECOND,
            idle_ns: 2 * HOUR + HOUR / 4,
            datagram_idle_ns: 60 * SECOND,
            ended_linger_ns: 300 * SECOND,
            keeps_ended: false,
            ended_settle_ns: 3 * SECOND / 10,
            reopen_idle_ns: 10 * SECOND,
            ended_queue: 65_536,
            max_claims: 1 << 21,
        }
    }
}
