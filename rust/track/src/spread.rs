//! Which of several trackers a packet is for: one and the same for all packets of a connection, both directions, in a
//! tunnel or not, for its fragments and for errors that quote it.
//!
//! The innermost addresses alone tell, since fragments have no ports. Most packets are told by a look at a few bytes; the
//! others are read as a tracker reads them. Later fragments of a datagram that carries a tunnel have only the tunnel's
//! addresses: they follow their first one, for which frames have to be asked about in order.
use core::net::IpAddr;

use wire::tcp::flag;
use wire::{Encap, Frame, IpPair, LinkType, Overlays, RawSegment, Seen, raw_addr};

use crate::fragments::{Fragments, Row};
use crate::lane::network_of;

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The tracker.
    pub shard: u8,
    /// The port from which a server answers here: other trackers learn it too. 0 for none.
    pub learned: u16,
}

/// Tells trackers apart.
#[derive(Clone, Debug)]
pub struct Spread {
    shards: u32,
    overlays: Overlays,
    /// UDP ports that something is expected behind, and whether it is VXLAN.
    tunnel_ports: Vec<(u16, bool)>,
}

/// Where the fragments of tunnels' datagrams go: what is asked in the order of the frames.
#[derive(Debug, Default)]
pub struct Stragglers(Fragments);

/// From a UDP header to the frame in VXLAN (RFC 7348 §5).
const VXLAN_FRAME: usize = 16;
const FRAME_HEADER: usize = 14;
const IPV4_HEADER: usize = 20;
/// IPv4, and a header without options.
const PLAIN_IPV4: u8 = 0x45;
const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_TAG: [u8; 2] = [0x81, 0x00];
const TCP: u8 = 6;
const UDP: u8 = 17;

impl Spread {
    /// Spreads over so many trackers, 1 to 255, with these tunnels looked into.
    #[must_use]
    pub fn new(shards: usize, overlays: &[wire::OverlaySpec]) -> Self {
        let (overlays, _) = Overlays::new(overlays);
        let ported = overlays.specs().iter().filter(|spec| spec.port != 0);
        let tunnel_ports = ported.map(|spec| (spec.port, spec.kind == Encap::Vxlan)).collect();
        Self { shards: shards.clamp(1, 255) as u32, overlays, tunnel_ports }
    }

    /// The tunnels that are looked into.
    pub(crate) const fn overlays(&self) -> &Overlays {
        &self.overlays
    }

    /// Where a frame goes; None where that is to be asked in the order of the frames, of [`Spread::in_order`].
    #[inline]
    #[must_use]
    pub fn of(&self, frame: &Frame<'_>) -> Option<Share> {
        self.at_a_glance(frame).or_else(|| self.closely(frame))
    }

    /// A frame whose headers are where they mostly are.
    #[inline]
    fn at_a_glance(&self, frame: &Frame<'_>) -> Option<Share> {
        if frame.link != LinkType::Ethernet {
            return None;
        }
        let packet = above_ethernet(frame.data)?;
        let (header, rest) = plain_ipv4(packet)?;
        match header[9] {
            TCP => Some(self.segment(header, rest)),
            UDP => {
                let ports = rest.get(..4)?;
                let port = u16::from_be_bytes([ports[2], ports[3]]);
                match self.tunnel_port(port) {
                    None => Some(self.datagram(header)),
                    Some(true) => self.inside(rest.get(VXLAN_FRAME..)?),
                    Some(false) => None,
                }
            }
            _ => None,
        }
    }

    /// The frame in a tunnel.
    #[inline]
    fn inside(&self, frame: &[u8]) -> Option<Share> {
        let (header, rest) = plain_ipv4(above_ethernet(frame)?)?;
        match header[9] {
            TCP => Some(self.segment(header, rest)),
            UDP => {
                let ports = rest.get(..4)?;
                let is_tunnel = self.tunnel_port(u16::from_be_bytes([ports[2], ports[3]])).is_some();
                (!is_tunnel).then(|| self.datagram(header))
            }
            _ => None,
        }
    }

    #[inline]
    fn tunnel_port(&self, port: u16) -> Option<bool> {
        self.tunnel_ports.iter().find(|tunnel_port| tunnel_port.0 == port).map(|tunnel_port| tunnel_port.1)
    }

    #[inline]
    fn segment(&self, header: &[u8; IPV4_HEADER], rest: &[u8]) -> Share {
        let learned = match rest.get(..14) {
            Some(segment) if tells_server(segment[13]) => u16::from_be_bytes([segment[0], segment[1]]),
            _ => 0,
        };
        Share { learned, ..self.datagram(header) }
    }

    #[inline]
    fn datagram(&self, header: &[u8; IPV4_HEADER]) -> Share {
        let addr = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Share { shard: self.between(addr(12).into(), addr(16).into()), learned: 0 }
    }

    /// The same by reading the frame as a tracker does: what a look at a few bytes learns may be from a damaged one.
    #[inline(never)]
    #[must_use]
    pub fn closely(&self, frame: &Frame<'_>) -> Option<Share> {
        let to = |addrs: &IpPair, learned| Share { shard: self.shard(addrs), learned };
        match wire::read_frame(frame, &self.overlays) {
            Seen::Tcp(parsed) if !parsed.fragmented => {
                let learned = if tells_server(parsed.flags) { parsed.src_port } else { 0 };
                Some(to(&parsed.addrs, learned))
            }
            Seen::Datagram(datagram) if !datagram.fragmented => Some(to(&datagram.addrs, 0)),
            Seen::Tcp(_) | Seen::Datagram(_) | Seen::Fragment(_) => None,
            Seen::IcmpError(error) => Some(to(&error.quoted.addrs, 0)),
            Seen::Encrypted(packet) => Some(to(&packet.addrs, 0)),
            // Only counted, which every tracker can.
            Seen::Other(_) => Some(Share { shard: 0, learned: 0 }),
        }
    }

    /// Where a fragment goes, once all frames before it have been asked about.
    pub fn in_order(&self, frame: &Frame<'_>, stragglers: &mut Stragglers) -> Share {
        let (addrs, learned) = match wire::read_frame(frame, &self.overlays) {
            Seen::Tcp(parsed) => (parsed.addrs, if tells_server(parsed.flags) { parsed.src_port } else { 0 }),
            Seen::Datagram(datagram) => (datagram.addrs, 0),
            Seen::Fragment(fragment) => {
                let network = network_of(fragment.tunnel.as_ref());
                let row = stragglers.0.find(&fragment.key, network, frame.ts_ns);
                let shard = row.map_or_else(|| self.shard(&fragment.key.addrs), |row| row.direction);
                return Share { shard, learned: 0 };
            }
            _ => return self.closely(frame).unwrap_or(Share { shard: 0, learned: 0 }),
        };
        let shard = self.shard(&addrs);
        if let Some(first) = wire::first_fragment(frame.data, frame.wire_len, frame.link, &self.overlays) {
            let row = Row { slot: 0, id: 1, direction: shard };
            stragglers.0.remember(&first.key, network_of(first.tunnel.as_ref()), frame.ts_ns, row);
        }
        Share { shard, learned }
    }

    #[inline]
    pub(crate) fn shard(&self, addrs: &IpPair) -> u8 {
        let word = |addr: IpAddr| match addr {
            IpAddr::V4(addr) => u64::from(raw_addr(addr)),
            IpAddr::V6(addr) => (addr.to_bits() >> 64) as u64 ^ (addr.to_bits() as u64).rotate_left(29),
        };
        self.between(word(addrs.src()), word(addrs.dst()))
    }

    /// The tracker of a segment over IPv4.
    #[inline(always)]
    pub(crate) fn shard_of_raw(&self, raw: &RawSegment) -> u8 {
        self.between(raw.addrs & 0xffff_ffff, raw.addrs >> 32)
    }

    /// The same in both directions.
    #[inline]
    fn between(&self, one: u64, other: u64) -> u8 {
        /// Multiplies what differs in few bits into the upper half: 2^64 divided by the golden ratio.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (one ^ other).wrapping_add(one.wrapping_mul(MIX) ^ other.wrapping_mul(MIX)).wrapping_mul(MIX);
        (((mixed >> 32) * u64::from(self.shards)) >> 32) as u8
    }
}

/// Whether a segment with these flags is a server's answer.
#[inline]
pub(crate) fn tells_server(flags: u8) -> bool {
    flags & (flag::SYN | flag::ACK) == flag::SYN | flag::ACK
}

/// What an Ethernet frame carries, where that is IPv4 behind at most one tag.
#[inline]
fn above_ethernet(frame: &[u8]) -> Option<&[u8]> {
    let (header, rest) = frame.split_first_chunk::<FRAME_HEADER>()?;
    match [header[12], header[13]] {
        ETHERTYPE_IPV4 => Some(rest),
        ETHERTYPE_TAG => {
            let (tag, rest) = rest.split_first_chunk::<4>()?;
            ([tag[2], tag[3]] == ETHERTYPE_IPV4).then_some(rest)
        }
        _ => None,
    }
}

/// A whole datagram's header, and what follows; None where it has options or is a fragment.
#[inline]
fn plain_ipv4(packet: &[u8]) -> Option<(&[u8; IPV4_HEADER], &[u8])> {
    let (header, rest) = packet.split_first_chunk::<IPV4_HEADER>()?;
    let is_plain = header[0] == PLAIN_IPV4 && header[6] & 0x3f == 0 && header[7] == 0;
    is_plain.then_some((header, rest))
}

#[cfg(test)]
mod tests;
