//! One connection in memory: 64 bytes that every packet touches, 72 that few do, and 64 more for IPv6 addresses.
use wire::Encap;

use crate::connection::State;

/// Client → server; also the index of the client's half of two-sided fields.
pub(crate) const OUT: usize = 0;
/// Server → client; also the index of the server's half.
pub(crate) const IN: usize = 1;

/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

/// Bits of `Hot::place` below the network identifier: what else has to be equal for two packets to be of one connection.
pub(crate) mod place {
    /// The protocol's number here, a [`super::Proto`].
    pub const PROTO: u32 = 0x0f;
    /// The addresses are IPv6, in a `Wide`.
    pub const V6: u32 = 0x80;
    /// The client, in a packet the sender, is the second of the two ends, which are in an order of their own. This does not
    /// tell connections apart.
    pub const TURNED: u32 = 0x40;
    /// The network identifier starts here.
    pub const NETWORK_SHIFT: u32 = 8;
}

/// The protocols whose packets make rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Proto {
    Tcp = 0,
    Udp = 1,
    Icmp = 2,
    IcmpV6 = 3,
    Sctp = 4,
}

impl Proto {
    /// Of an IP protocol number (IANA "Protocol Numbers").
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Icmp),
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            58 => Some(Self::IcmpV6),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }

    /// The IP protocol number of the protocol in these bits.
    pub const fn number_in(place: u32) -> u8 {
        match place & place::PROTO {
            0 => 6,
            1 => 17,
            2 => 1,
            3 => 58,
            _ => 132,
        }
    }
}

/// Bits of `Hot::status`.
pub(crate) mod status {
    /// The state's number; 0 in a free slot.
    pub const STATE: u16 = 0x07;
    /// FIN seen by direction: `FIN << OUT`, `FIN << IN`.
    pub const FIN: u16 = 0x08;
    /// The end was seen.
    pub const ENDED: u16 = 0x40;
    /// The end was reported: nothing changes any more.
    pub const FROZEN: u16 = 0x80;
    /// Established, packets of both sides seen, nobody has closed: what comes next is most likely plain.
    pub const STEADY: u16 = 0x100;
    /// Frozen for having been silent too long.
    pub const TIMEOUT: u16 = 0x200;
    /// Frozen for its addresses and ports having been used for a new one.
    pub const REPLACED: u16 = 0x400;
    /// A reset told how far both sides had come since the handshake.
    pub const TOLD: u16 = 0x800;
    /// The server answered with different numbers.
    pub const RENUMBERED: u16 = 0x1000;
    /// Some of its packets came twice.
    pub const MIRRORED_TWICE: u16 = 0x2000;
}

/// What every packet reads or writes: one cache line.
///
/// Sequence numbers and bytes have 48 bits, in two parts: 281 TB are enough for one direction of one connection.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Hot {
    /// IPv4 addresses as they stand in packets, in the order of [`crate::lane::Key`]; for IPv6 the `Wide`, and the lower half
    /// of the hash, of which the index has the upper one.
    pub addr: [u32; 2],
    /// Ports as they stand in packets, in the same order.
    pub raw_port: [u16; 2],
    /// What tells equal addresses in different networks apart << 8 | `place` bits.
    pub place: u32,
    /// The latest packet.
    pub last_ns: u64,
    /// By direction: packets; `Cold::packets_high` counts on from there.
    pub packets: [u32; 2],
    next_low: [u32; 2],
    wire_low: [u32; 2],
    next_high: [u16; 2],
    wire_high: [u16; 2],
    pub out_of_order: u16,
    pub zero_windows: u16,
    pub icmp_errors: u16,
    status: u16,
}

/// What only the first and the last packets of a connection touch, and readers.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Cold {
    /// Number << 16 | VLAN << 4 | `mark` bits.
    pub id_vlan: u64,
    pub started_ns: u64,
    /// By direction: the sequence number that `Hot::next` started from.
    pub first_seq: [u32; 2],
    /// IPv4 addresses of the nodes on both sides. Where they are IPv6: their `Wide`.
    pub outer: [u32; 2],
    /// Links of a timer list.
    pub next: u32,
    pub prev: u32,
    pub retransmits: u32,
    /// The first packet's network identifier << 8 | kind of tunnel.
    pub vni_encap: u32,
    pub source: u16,
    /// The cluster that the first packet's way told; 0 where it told none.
    pub cluster: u16,
    latency: [[u8; 5]; 3],
    is_unindexed: bool,
    pub resends: [u8; 2],
    pub packets_high: [u8; 2],
}

/// A pair of IPv6 addresses, the client's side first: those of a connection, or those of the tunnel around it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(32))]
pub(crate) struct Wide(pub [[u8; 16]; 2]);

const _: () = assert!(size_of::<Hot>() == 64 && size_of::<Cold>() == 72 && size_of::<Wide>() == 32);

/// Bits of `Cold::id_vlan` below the VLAN.
pub(crate) mod mark {
    /// The client's SYN was seen: `first_seq[OUT]` is its number.
    pub const SYN: u64 = 1;
    /// The server's SYN-ACK was seen: `first_seq[IN]` is its number.
    pub const SYN_ACK: u64 = 2;
    /// The outer addresses are IPv6.
    pub const OUTER_V6: u64 = 4;
    /// One side sent FIN, and its acknowledgments were all seen.
    pub const ACKED_TO_THE_END: u64 = 8;
}

/// The three times that `Cold` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Latency {
    /// First SYN → first SYN-ACK.
    Whole = 0,
    /// Answered SYN → SYN-ACK. Until then: start → last SYN.
    Server = 1,
    /// Last SYN-ACK → ACK. Until then: start → last SYN-ACK.
    Client = 2,
}

const NO_LATENCY: u64 = (1 << 40) - 1;

impl Hot {
    #[inline]
    pub fn is_free(&self) -> bool {
        self.status & status::STATE == 0
    }

    #[inline]
    pub fn set_free(&mut self) {
        self.status = 0;
    }

    #[inline]
    pub fn has(&self, bits: u16) -> bool {
        self.status & bits != 0
    }

    #[inline]
    pub fn set(&mut self, bits: u16) {
        self.status |= bits;
    }

    #[inline]
    pub fn is_v6(&self) -> bool {
        self.place & place::V6 != 0
    }

    /// The port of client or server.
    #[inline]
    pub fn port(&self, side: usize) -> u16 {
        self.raw_port[self.place_of(side)].swap_bytes()
    }

    /// Where the client or the server is among the two ends.
    #[inline]
    pub fn place_of(&self, side: usize) -> usize {
        side ^ usize::from(self.place & place::TURNED != 0)
    }

    #[inline]
    pub fn is_tcp(&self) -> bool {
        self.place & place::PROTO == Proto::Tcp as u32
    }

    #[inline]
    pub fn state(&self) -> State {
        match self.status & status::STATE {
            1 => State::Syn,
            2 => State::SynAck,
            3 => State::Est,
            4 => State::Fin,
            5 => State::Rst,
            _ => State::Active,
        }
    }

    #[inline]
    pub fn set_state(&mut self, state: State) {
        self.status = self.status & !status::STATE | state as u16;
    }

    /// Notes whether what comes next is most likely plain. To be called after every change of the status.
    #[inline]
    pub fn judge(&mut self) {
        const CLOSING: u16 = status::FIN << OUT | status::FIN << IN | status::ENDED | status::FROZEN;
        let is_open = self.status & (status::STATE | CLOSING) == State::Est as u16;
        let is_steady = is_open && self.packets[OUT] != 0 && self.packets[IN] != 0;
        self.status = self.status & !status::STEADY | if is_steady { status::STEADY } else { 0 };
    }

    /// By direction: the sequence number after the highest seen, made longer; 0 before the first.
    #[inline]
    pub fn next(&self, direction: usize) -> u64 {
        u64::from(self.next_high[direction]) << 32 | u64::from(self.next_low[direction])
    }

    /// The same as it stands in packets.
    #[inline]
    pub fn next_low(&self, direction: usize) -> u32 {
        self.next_low[direction]
    }

    #[inline]
    pub fn set_next(&mut self, direction: usize, next: u64) {
        self.next_low[direction] = next as u32;
        self.next_high[direction] = (next >> 32) as u16;
    }

    #[inline]
    pub fn advance(&mut self, direction: usize, len: u32) {
        let (low, carries) = self.next_low[direction].overflowing_add(len);
        self.next_low[direction] = low;
        self.next_high[direction] = self.next_high[direction].wrapping_add(u16::from(carries));
    }

    /// By direction: bytes of whole frames.
    #[inline]
    pub fn wire(&self, direction: usize) -> u64 {
        u64::from(self.wire_high[direction]) << 32 | u64::from(self.wire_low[direction])
    }

    #[inline]
    pub fn add_wire(&mut self, direction: usize, bytes: u32) {
        let (low, carries) = self.wire_low[direction].overflowing_add(bytes);
        self.wire_low[direction] = low;
        self.wire_high[direction] = self.wire_high[direction].wrapping_add(u16::from(carries));
    }
}

impl Cold {
    #[inline]
    pub fn id(&self) -> u64 {
        self.id_vlan >> 16
    }

    #[inline]
    pub fn vlan(&self) -> u16 {
        (self.id_vlan >> 4) as u16 & 0x0fff
    }

    pub fn set_id(&mut self, id: u64, vlan: u16) {
        self.id_vlan = id << 16 | u64::from(vlan & 0x0fff) << 4;
    }

    #[inline]
    pub fn has(&self, marks: u64) -> bool {
        self.id_vlan & marks != 0
    }

    #[inline]
    pub fn mark(&mut self, marks: u64) {
        self.id_vlan |= marks;
    }

    #[inline]
    pub fn encap(&self) -> Option<Encap> {
        Encap::from_number(self.vni_encap as u8)
    }

    #[inline]
    pub fn vni(&self) -> u32 {
        self.vni_encap >> 8
    }

    pub fn latency(&self, which: Latency) -> Option<u64> {
        let mut bytes = [0; 8];
        bytes[..5].copy_from_slice(&self.latency[which as usize]);
        let ns = u64::from_le_bytes(bytes);
        (ns != NO_LATENCY).then_some(ns)
    }

    /// Notes a time; it is kept up to 1099 s.
    pub fn set_latency(&mut self, which: Latency, ns: Option<u64>) {
        let ns = ns.map_or(NO_LATENCY, |ns| ns.min(NO_LATENCY - 1));
        self.latency[which as usize].copy_from_slice(&ns.to_le_bytes()[..5]);
    }

    /// Whether a newer connection took over the place in the index.
    pub fn is_unindexed(&self) -> bool {
        self.is_unindexed
    }

    pub fn set_unindexed(&mut self) {
        self.is_unindexed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_kept_to_the_nanosecond_and_saturate() {
        let mut cold = Cold::default();
        cold.set_latency(Latency::Server, Some(4_010_000_123));
        cold.set_latency(Latency::Client, None);
        cold.set_latency(Latency::Whole, Some(u64::MAX));
        assert_eq!(cold.latency(Latency::Server), Some(4_010_000_123));
        assert_eq!(cold.latency(Latency::Client), None);
        assert_eq!(cold.latency(Latency::Whole), Some(NO_LATENCY - 1));
    }

    #[test]
    fn numbers_carry_over_into_their_upper_parts() {
        let mut hot = Hot::default();
        hot.set_next(IN, (1 << 33) - 5);
        hot.advance(IN, 7);
        hot.add_wire(OUT, u32::MAX);
        hot.add_wire(OUT, u32::MAX);
        assert_eq!((hot.next(IN), hot.next_low(IN)), ((1 << 33) + 2, 2));
        assert_eq!((hot.wire(OUT), hot.wire(IN), hot.next(OUT)), (2 * u64::from(u32::MAX), 0, 0));
    }

    #[test]
    fn protocols_keep_their_numbers() {
        for number in [1, 6, 17, 58, 132] {
            let proto = Proto::from_number(number).unwrap();
            assert_eq!(Proto::number_in(proto as u32 | place::V6), number);
        }
        assert_eq!(Proto::from_number(50), None);
    }

    #[test]
    fn packed_fields_do_not_disturb_each_other() {
        let mut cold = Cold::default();
        cold.set_id((1 << 48) - 1, 4095);
        cold.mark(mark::SYN | mark::OUTER_V6);
        assert_eq!((cold.id(), cold.vlan()), ((1 << 48) - 1, 4095));
        assert!(cold.has(mark::SYN) && !cold.has(mark::SYN_ACK));
        cold.set_unindexed();
        assert!(cold.is_unindexed());
        let mut hot = Hot::default();
        assert!(hot.is_free());
        hot.set_state(State::Rst);
        hot.set(status::ENDED);
        hot.judge();
        assert!(!hot.is_free() && !hot.has(status::STEADY));
        assert_eq!(hot.state(), State::Rst);
    }
}
