//! A packet between reading and counting: what the table and the plain case of the story need, in one cache line.
use core::hint::select_unpredictable;

use wire::tcp::flag;
use wire::{Datagram, Frame, IpPair, Outcome, Parsed, RawSegment, Role, Seen, raw_addr, raw_ports};

use crate::entry::{NONE, Proto, place};
use crate::hash::Seed;

/// By what a connection is found: the two ends as its packet names them, and what tells equal ends apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key {
    pub hash: u64,
    /// IPv4 addresses as they stand in a packet, in an order that is the same for both directions. 0 for IPv6, of which
    /// the hash tells: two connections with the same 64 bits of a keyed hash and the same ports will not be met.
    pub addrs: u64,
    /// Ports as they stand in a packet, in the same order.
    pub ports: u32,
    /// As `Hot::place`; [`place::TURNED`] where the sender is the second end.
    pub place: u32,
}

impl Key {
    /// Of a packet between these ends.
    #[inline]
    pub fn of(seed: &Seed, addrs: &IpPair, ports: [u16; 2], place: u32) -> Self {
        let ports = raw_ports(ports);
        match addrs {
            IpPair::V4 { src, dst } => Self::of_v4(seed, pair32([raw_addr(*src), raw_addr(*dst)]), ports, place),
            IpPair::V6 { src, dst } => Self::of_v6(seed, [src.octets(), dst.octets()], ports, place),
        }
    }

    /// The same between IPv4 addresses; addresses and ports as they stand in the packet.
    #[inline(always)]
    pub fn of_v4(seed: &Seed, addrs: u64, ports: u32, place: u32) -> Self {
        let other = (addrs.rotate_left(32), ports.rotate_left(16));
        let is_turned = if addrs == other.0 { ports < other.1 } else { addrs < other.0 };
        // Which order it is cannot be predicted, so that nothing branches on it.
        let addrs = select_unpredictable(is_turned, other.0, addrs);
        let ports = select_unpredictable(is_turned, other.1, ports);
        let turned = u32::from(is_turned) * place::TURNED;
        Self { hash: seed.pair_v4(addrs, ports, place), addrs, ports, place: place | turned }
    }

    /// The same between IPv6 addresses.
    #[inline]
    pub fn of_v6(seed: &Seed, addrs: [[u8; 16]; 2], ports: u32, place: u32) -> Self {
        let [src, dst] = addrs.map(u128::from_le_bytes);
        let other = ports.rotate_left(16);
        let is_turned = if src == dst { ports < other } else { src < dst };
        let (first, second) = (select_unpredictable(is_turned, dst, src), select_unpredictable(is_turned, src, dst));
        let ports = select_unpredictable(is_turned, other, ports);
        let turned = u32::from(is_turned) * place::TURNED;
        Self { hash: seed.pair_v6(first, second, ports, place), addrs: 0, ports, place: place | turned }
    }

    /// The sender's port.
    pub fn src_port(&self) -> u16 {
        let raw = if self.place & place::TURNED == 0 { self.ports } else { self.ports >> 16 };
        (raw as u16).swap_bytes()
    }

    #[inline]
    pub fn tag(&self) -> u32 {
        (self.hash >> 32) as u32
    }

    #[inline]
    pub fn is_v6(&self) -> bool {
        self.place & place::V6 != 0
    }
}

/// What is to be done with a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Nothing: it was counted when it was read.
    #[default]
    Done,
    /// A whole TCP segment.
    Segment,
    /// A whole datagram of another protocol.
    Datagram,
    /// To be read again when it is its turn: fragments, errors about other packets.
    Special,
    /// A copy of a packet that was there just now.
    Copy,
    /// Not read yet.
    Unread,
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Lane {
    pub key: Key,
    /// A hash of all that copies of it have in common; 0 where copies cannot be told.
    pub print: u64,
    pub ts_ns: u64,
    /// The sequence number in the upper half, the acknowledgment number in the lower one.
    pub numbers: u64,
    pub payload: u32,
    pub wire_len: u32,
    /// The slot that is likely its connection's.
    pub guess: u32,
    /// The cluster that the tunnel told; 0 where it told none or only one is possible.
    pub cluster: u16,
    /// TCP's, with [`ZERO_WINDOW`], [`HAS_ID`] and [`MAYBE_COPY`] among them.
    pub flags: u8,
    pub kind: Kind,
}

const _: () = assert!(size_of::<Lane>() == 64);

/// In [`Lane::flags`], where TCP has a bit that nothing here looks at: the window is 0.
pub(crate) const ZERO_WINDOW: u8 = 0x80;
/// Likewise: the packet has an IPv4 identification.
pub(crate) const HAS_ID: u8 = 0x40;
/// Likewise: the same packet was there just now, which two of this kind may be without being copies.
pub(crate) const MAYBE_COPY: u8 = 0x20;
/// The bits of TCP's flags that are kept.
pub(crate) const FLAGS: u8 = flag::SYN | flag::FIN | flag::RST | flag::PSH | flag::ACK;

impl Lane {
    /// A whole segment's; `cluster` is the one that its way told.
    pub fn of_segment(seed: &Seed, frame: &Frame<'_>, parsed: &Parsed, cluster: u16) -> Self {
        let is_v6 = matches!(parsed.addrs, IpPair::V6 { .. });
        let place = place_of(network_of(parsed.tunnel.as_ref()), Proto::Tcp, is_v6);
        let key = Key::of(seed, &parsed.addrs, [parsed.src_port, parsed.dst_port], place);
        let raw = RawSegment::of(parsed);
        let zero_window = if raw.has_zero_window() { ZERO_WINDOW } else { 0 };
        let has_id = if raw.ip_id == 0 { 0 } else { HAS_ID };
        Self::of_raw(seed, frame, &raw, key, cluster, zero_window | has_id)
    }

    /// The same of a segment in this network that [`RawSegment::is_common`], and whose way told no cluster.
    #[inline(always)]
    pub fn of_common(seed: &Seed, frame: &Frame<'_>, raw: &RawSegment, network: u32) -> Self {
        let key = Key::of_v4(seed, raw.addrs, raw.ports, place_of(network, Proto::Tcp, false));
        Self::of_raw(seed, frame, raw, key, 0, HAS_ID)
    }

    /// The same between IPv6 addresses.
    #[inline]
    pub fn of_common_v6(seed: &Seed, frame: &Frame<'_>, raw: &RawSegment, addrs: &IpPair, network: u32) -> Self {
        let IpPair::V6 { src, dst } = addrs else { return Self::default() };
        let place = place_of(network, Proto::Tcp, true);
        let key = Key::of_v6(seed, [src.octets(), dst.octets()], raw.ports, place);
        Self::of_raw(seed, frame, raw, key, 0, 0)
    }

    #[inline(always)]
    fn of_raw(seed: &Seed, frame: &Frame<'_>, raw: &RawSegment, key: Key, cluster: u16, more: u8) -> Self {
        Self {
            key,
            print: print(seed, &key, cluster, raw),
            ts_ns: frame.ts_ns,
            numbers: raw.numbers,
            payload: raw.payload_len,
            wire_len: frame.wire_len,
            guess: NONE,
            cluster,
            flags: raw.flags() & FLAGS | more,
            kind: Kind::Segment,
        }
    }

    /// TCP's sequence number.
    #[inline]
    pub fn seq(&self) -> u32 {
        (self.numbers >> 32) as u32
    }

    /// TCP's acknowledgment number.
    #[inline]
    pub fn ack(&self) -> u32 {
        self.numbers as u32
    }

    /// Whether the flags are those of data or an ACK with nothing special about it.
    #[inline]
    pub fn is_plain(&self) -> bool {
        const TOLD: u8 = flag::SYN | flag::FIN | flag::RST | flag::ACK | ZERO_WINDOW | MAYBE_COPY;
        self.flags & TOLD == flag::ACK
    }

    #[inline]
    pub fn has_id(&self) -> bool {
        self.flags & HAS_ID != 0
    }

    /// Notes that the same packet was there just now. What has no identification and brings nothing can be sent twice at once:
    /// acknowledgments of what came out of order, a reset for each segment that was still under way.
    #[cold]
    pub fn note_likeness(&mut self) {
        let brings_something = self.payload > 0 || self.flags & (flag::SYN | flag::FIN) != 0;
        if self.kind != Kind::Segment || self.has_id() || brings_something {
            self.kind = Kind::Copy;
        } else {
            self.flags |= MAYBE_COPY;
        }
    }

    /// What a packet of its protocol counts as.
    pub fn outcome(&self) -> Outcome {
        match Proto::number_in(self.key.place) {
            6 => Outcome::Tcp,
            17 => Outcome::Udp,
            132 => Outcome::Sctp,
            _ => Outcome::Icmp,
        }
    }

    /// Whether it is likely to need more of its connection than the first cache line.
    #[inline]
    pub fn is_control(&self) -> bool {
        self.flags & (flag::SYN | flag::FIN | flag::RST) != 0
    }
}

/// A hash of what two copies of a segment have in common: all of it that numbers and tells, and the window, since one that
/// opens again says so in an ACK that is like the last one in all else.
#[inline(always)]
fn print(seed: &Seed, key: &Key, cluster: u16, raw: &RawSegment) -> u64 {
    /// Odd numbers, 2^64 divided by the golden ratio and by the square root of two: what differs in few bits then does in
    /// many. Checksums differ in the same bits as the ports that they cover.
    const MIX: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xb504_f333_f9de_6485];
    let addrs = if key.is_v6() { key.hash } else { key.addrs };
    let rest = u64::from(key.ports) << 32 ^ u64::from(cluster) << 16 ^ u64::from(raw.payload_len);
    let ends = addrs.wrapping_mul(MIX[0]).wrapping_add(rest.wrapping_mul(MIX[1]));
    let told = raw.told | u64::from(raw.ip_id) << 48 | u64::from(key.place & place::TURNED);
    seed.mix(raw.numbers, told ^ ends)
}

/// Where a packet's row is: its innermost headers, and how they travelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub addrs: IpPair,
    pub src_port: u16,
    pub dst_port: u16,
    pub proto: Proto,
    pub vlan: u16,
    pub tunnel: Option<wire::Tunnel>,
    pub role: Role,
}

/// The network of a tunnelled packet: the identifier of a tunnel that names one; 0 else.
#[inline]
pub(crate) fn network_of(tunnel: Option<&wire::Tunnel>) -> u32 {
    tunnel.filter(|tunnel| !tunnel.vni_is_identity).map_or(0, |tunnel| tunnel.vni)
}

/// The bits of `Hot::place`.
#[inline]
pub(crate) fn place_of(network: u32, proto: Proto, is_v6: bool) -> u32 {
    network << place::NETWORK_SHIFT | proto as u32 | if is_v6 { place::V6 } else { 0 }
}

/// Two IPv4 addresses or two ports as one number, for [`Key`].
#[inline]
pub(crate) fn pair32(pair: [u32; 2]) -> u64 {
    u64::from(pair[0]) | u64::from(pair[1]) << 32
}

#[inline]
pub(crate) fn pair16(pair: [u16; 2]) -> u32 {
    u32::from(pair[0]) | u32::from(pair[1]) << 16
}

impl Path {
    /// Of a frame that makes a row.
    pub fn of(seen: &Seen) -> Option<Self> {
        match *seen {
            Seen::Tcp(wire::Parsed { addrs, src_port, dst_port, vlan, tunnel, .. }) => {
                Some(Self { addrs, src_port, dst_port, proto: Proto::Tcp, vlan, tunnel, role: Role::Unknown })
            }
            Seen::Datagram(Datagram { addrs, proto, src_port, dst_port, role, vlan, tunnel, .. }) => {
                Some(Self { addrs, src_port, dst_port, proto: Proto::from_number(proto)?, vlan, tunnel, role })
            }
            _ => None,
        }
    }

    /// Bits that tell the sender from the receiver.
    pub fn sender(&self) -> u64 {
        let addr = match self.addrs {
            IpPair::V4 { src, .. } => u64::from(src.to_bits()),
            IpPair::V6 { src, .. } => (src.to_bits() >> 64) as u64 ^ src.to_bits() as u64,
        };
        addr ^ u64::from(self.src_port) << 32
    }

    /// The place in another network.
    pub fn place_in(&self, network: u32) -> u32 {
        place_of(network, self.proto, matches!(self.addrs, IpPair::V6 { .. }))
    }
}
