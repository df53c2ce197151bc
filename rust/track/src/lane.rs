//! A packet between reading and counting: what the table and the plain case of the story need, in one cache line.
use wire::tcp::flag;
use wire::{Datagram, Frame, IpPair, Outcome, Parsed, Role, Seen};

use crate::entry::{IN, NONE, OUT, Proto, place};
use crate::hash::Seed;

/// By what a connection is found: the two ends as its packet names them, and what tells equal ends apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key {
    pub hash: u64,
    /// IPv4 addresses: the sender's in the lower half, the receiver's in the upper one. 0 for IPv6.
    pub addrs: u64,
    /// Ports, likewise.
    pub ports: u32,
    /// As `Hot::place`.
    pub place: u32,
}

impl Key {
    /// Of a packet between these ends.
    #[inline]
    pub fn of(seed: &Seed, addrs: &IpPair, ports: [u16; 2], place: u32) -> Self {
        match addrs {
            IpPair::V4 { src, dst } => {
                let (addrs, ports) = (pair32([src.to_bits(), dst.to_bits()]), pair16(ports));
                Self { hash: seed.pair_v4(addrs, ports, place), addrs, ports, place }
            }
            IpPair::V6 { src, dst } => {
                let hash = seed.pair_v6((src.to_bits(), ports[OUT]), (dst.to_bits(), ports[IN]), place);
                Self { hash, addrs: 0, ports: pair16(ports), place }
            }
        }
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

/// Sender's and receiver's IPv6 addresses.
pub(crate) type WidePair = [[u8; 16]; 2];

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
    pub seq: u32,
    pub ack: u32,
    pub payload: u32,
    pub wire_len: u32,
    /// The slot that is likely its connection's.
    pub guess: u32,
    /// The cluster that the tunnel told; 0 where it told none or only one is possible.
    pub cluster: u16,
    /// TCP's, with [`ZERO_WINDOW`] and [`HAS_ID`] among them.
    pub flags: u8,
    pub kind: Kind,
}

const _: () = assert!(size_of::<Lane>() == 64);

/// In [`Lane::flags`], where TCP has a bit that nothing here looks at: the window is 0.
pub(crate) const ZERO_WINDOW: u8 = 0x80;
/// Likewise: the packet has an IPv4 identification.
pub(crate) const HAS_ID: u8 = 0x40;
/// The bits of TCP's flags that are kept.
pub(crate) const FLAGS: u8 = flag::SYN | flag::FIN | flag::RST | flag::PSH | flag::ACK;

impl Lane {
    /// A whole segment's; `cluster` is the one that its way told.
    #[inline(always)]
    pub fn of_segment(seed: &Seed, frame: &Frame<'_>, parsed: &Parsed, cluster: u16) -> Self {
        let is_v6 = matches!(parsed.addrs, IpPair::V6 { .. });
        let place = place_of(network_of(parsed.tunnel.as_ref()), Proto::Tcp, is_v6);
        let key = Key::of(seed, &parsed.addrs, [parsed.src_port, parsed.dst_port], place);
        let zero_window = if parsed.window == 0 { ZERO_WINDOW } else { 0 };
        let has_id = if parsed.ip_id == 0 { 0 } else { HAS_ID };
        Self {
            key,
            print: print(seed, &key, cluster, parsed),
            ts_ns: frame.ts_ns,
            seq: parsed.seq,
            ack: parsed.ack,
            payload: parsed.payload_len,
            wire_len: frame.wire_len,
            guess: NONE,
            cluster,
            flags: parsed.flags & FLAGS | zero_window | has_id,
            kind: Kind::Segment,
        }
    }

    /// Whether the flags are those of data or an ACK with nothing special about it.
    #[inline]
    pub fn is_plain(&self) -> bool {
        const TOLD: u8 = flag::SYN | flag::FIN | flag::RST | flag::ACK | ZERO_WINDOW;
        self.flags & TOLD == flag::ACK
    }

    #[inline]
    pub fn has_id(&self) -> bool {
        self.flags & HAS_ID != 0
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

/// A hash of what two copies of a segment have in common.
#[inline(always)]
fn print(seed: &Seed, key: &Key, cluster: u16, parsed: &Parsed) -> u64 {
    /// 2^64 divided by the golden ratio: what differs in few bits then does in many.
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let ends = if key.is_v6() { key.hash } else { key.addrs };
    // Multiplied, since checksums differ in the same bits as the ports that they cover.
    // With the window: one that opens again says so in an ACK that is like the last one in all else.
    let ends = ends.wrapping_add(u64::from(parsed.window) << 16);
    let ends = ends.wrapping_add(u64::from(key.ports).rotate_left(32)).wrapping_mul(MIX);
    let told = u64::from(parsed.ip_id) << 48 | u64::from(parsed.checksum) << 32 | u64::from(parsed.payload_len);
    let numbers = u64::from(parsed.seq) << 32 | u64::from(parsed.ack);
    let which = u64::from(parsed.flags) << 16 ^ u64::from(cluster);
    seed.mix(numbers ^ which, told ^ ends)
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

/// The addresses of IPv6; zeros for IPv4.
#[inline]
pub(crate) fn wide_pair(addrs: &IpPair) -> WidePair {
    match addrs {
        IpPair::V6 { src, dst } => [src.octets(), dst.octets()],
        IpPair::V4 { .. } => WidePair::default(),
    }
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

    /// The place in another network.
    pub fn place_in(&self, network: u32) -> u32 {
        place_of(network, self.proto, matches!(self.addrs, IpPair::V6 { .. }))
    }
}
