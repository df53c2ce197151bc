//! The frames that nearly all traffic is made of, read in a straight line: Ethernet, perhaps one VLAN tag, IPv4 without
//! options, TCP; and the same inside VXLAN or Geneve over IPv4, or in IP right behind IP.
//!
//! Whatever differs is left to [`mod@crate::parse`], which reads everything and says what is wrong. Where both read a
//! frame they read the same.
use crate::encap::Encap;
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::link::LinkType;
use crate::overlays::{Match, Overlays};
use crate::parsed::{Parsed, Tunnel};
use crate::raw::{RawSegment, ip_pair};
use crate::{ethernet, geneve, gre, ipv4, tcp, udp, vlan, vxlan};

mod v6;

pub use v6::{in_vxlan_v6, plain_v6};

/// Where the IPv4 header of an untagged frame is, and where the frame in VXLAN.
const IP: usize = ethernet::HEADER_LEN;
const INNER: usize = IP + ipv4::HEADER_LEN + udp::HEADER_LEN + vxlan::HEADER_LEN;
/// All headers up to TCP's options, plain and in VXLAN.
const PLAIN: usize = IP + ipv4::HEADER_LEN + tcp::HEADER_LEN;
const TUNNELLED: usize = INNER + PLAIN;

// Four bytes are compared at once, as one number whose lowest byte is the first.
/// IPv4's type, its version 4 and a header of five words: the first three of four bytes.
const IPV4: u32 = 0x45_00_08;
const THREE_BYTES: u32 = 0x00ff_ffff;
/// "More fragments" and the offset, which are 0 in a whole datagram, and the protocol.
const ROUTE: u32 = 0xff00_ff3f;
const TCP: u32 = (protocol::TCP as u32) << 24;
const UDP: u32 = (protocol::UDP as u32) << 24;
const IPIP: u32 = (protocol::IPV4 as u32) << 24;

/// Reads a frame of the common kind. None where it is of any other.
#[inline]
#[must_use]
pub fn glance(frame: &[u8], link: LinkType, overlays: &Overlays) -> Option<Parsed> {
    if link != LinkType::Ethernet {
        return None;
    }
    let (bytes, vlan) = untagged(frame)?;
    if let Some(segment) = plain(bytes) {
        return Some(segment.parsed(vlan, None));
    }
    let outer = ip_pair(raw_pair(bytes.first_chunk::<PLAIN>()?, IP + 12));
    let tunnel = |kind, vni, told: Match| {
        let Match { vni_is_identity, cluster } = told;
        Some(Tunnel { kind, vni, vni_is_identity, cluster, outer })
    };
    if let Some((segment, vni, told)) = inside_vxlan(bytes, overlays) {
        return Some(segment.parsed(vlan, tunnel(Encap::Vxlan, vni, told)));
    }
    if let Some((segment, addrs)) = plain_v6(bytes) {
        return Some(Parsed { addrs, ..segment.parsed(vlan, None) });
    }
    if let Some((segment, addrs, vni, told)) = v6::inside_vxlan_v6(bytes, overlays) {
        return Some(Parsed { addrs, ..segment.parsed(vlan, tunnel(Encap::Vxlan, vni, told)) });
    }
    let (kind, (segment, vni, told)) = inside_another(bytes, overlays)?;
    Some(segment.parsed(vlan, tunnel(kind, vni, told)))
}

/// Reads an untagged Ethernet frame with a TCP segment in IPv4. None where it is any other.
#[inline(always)]
#[must_use]
pub fn plain(frame: &[u8]) -> Option<RawSegment> {
    let headers: &[u8; PLAIN] = frame.first_chunk()?;
    let is_it = is_ipv4(headers, IP) && carries(headers, IP, TCP);
    if is_it { segment(headers, IP) } else { None }
}

/// Reads an untagged Ethernet frame that has such a frame in VXLAN over IPv4, with the network that the VNI names: 0 where
/// it is an identity. None where it is any other frame.
#[inline(always)]
#[must_use]
pub fn in_vxlan(frame: &[u8], overlays: &Overlays) -> Option<(RawSegment, u32)> {
    let (segment, vni, told) = inside_vxlan(frame, overlays)?;
    Some((segment, if told.vni_is_identity { 0 } else { vni }))
}

/// The same for a segment in Geneve with an Ethernet frame, or right behind the outer IPv4 header.
#[inline]
#[must_use]
pub fn in_geneve_or_ip(frame: &[u8], overlays: &Overlays) -> Option<(RawSegment, u32)> {
    let (_, (segment, vni, told)) = inside_another(frame, overlays)?;
    Some((segment, if told.vni_is_identity { 0 } else { vni }))
}

/// A segment in a tunnel, the tunnel's identifier, and what is configured for that.
type Inside = (RawSegment, u32, Match);

fn inside_another(frame: &[u8], overlays: &Overlays) -> Option<(Encap, Inside)> {
    let headers: &[u8; PLAIN] = frame.first_chunk()?;
    if !is_ipv4(headers, IP) {
        return None;
    }
    let total = u32::from(half(headers, IP + 2));
    if carries(headers, IP, IPIP) && total >= ipv4::HEADER_LEN as u32 {
        let told = overlays.ip_in_ip(Encap::Ipip)?;
        // The inner header is taken for one behind an Ethernet header, which is not looked at.
        let inner: &[u8; PLAIN] = frame.get(ipv4::HEADER_LEN..)?.first_chunk()?;
        let is_it = inner[IP] == 0x45 && carries(inner, IP, TCP);
        let segment = if is_it { segment(inner, IP)? } else { return None };
        return Some((Encap::Ipip, (segment, 0, told)));
    }
    if carries(headers, IP, UDP) { in_geneve(frame, headers, total, overlays) } else { None }
}

fn in_geneve(frame: &[u8], headers: &[u8; PLAIN], total: u32, overlays: &Overlays) -> Option<(Encap, Inside)> {
    const UDP_AT: usize = IP + ipv4::HEADER_LEN;
    const GENEVE_AT: usize = UDP_AT + udp::HEADER_LEN;
    let tunnel_port =
        overlays.tunnel_port(half(headers, UDP_AT + 2)).filter(|tunnel_port| tunnel_port.kind == Encap::Geneve)?;
    let header = geneve::Packet::new(&headers[GENEVE_AT..]).ok()?;
    let len = u32::from(half(headers, UDP_AT + 4));
    let headers_len = (udp::HEADER_LEN + header.header_len() + ethernet::HEADER_LEN) as u32;
    let inner: &[u8; PLAIN] = frame.get(GENEVE_AT + header.header_len()..)?.first_chunk()?;
    let is_it = is_ipv4(inner, IP) && carries(inner, IP, TCP);
    let fits = (len + ipv4::HEADER_LEN as u32 <= total) & (len >= headers_len);
    if !(is_it & fits) || header.protocol() != gre::kind::ETHERNET {
        return None;
    }
    let told = overlays.pass(tunnel_port, header.vni())?;
    Some((Encap::Geneve, (segment(inner, IP)?, header.vni(), told)))
}

#[inline(always)]
fn inside_vxlan(frame: &[u8], overlays: &Overlays) -> Option<Inside> {
    let headers: &[u8; TUNNELLED] = frame.first_chunk()?;
    if !(is_ipv4(headers, INNER + IP) && carries(headers, INNER + IP, TCP)) {
        return None;
    }
    let (vni, told) = vxlan_header(headers, overlays)?;
    Some((segment(headers, INNER + IP)?, vni, told))
}

/// An Ethernet frame from where it looks like one without its tag, and the tag's VLAN.
#[inline(always)]
#[must_use]
pub fn untagged(frame: &[u8]) -> Option<(&[u8], u16)> {
    let header: &[u8; IP + vlan::HEADER_LEN] = frame.first_chunk()?;
    let kind = half(header, 12);
    if kind == ethertype::IPV4 || kind == ethertype::IPV6 {
        return Some((frame, 0));
    }
    vlan::is_tag(kind).then(|| (&frame[vlan::HEADER_LEN..], half(header, IP) & 0x0fff))
}

/// Some bytes together: made of single ones, they would be loaded one by one where not all are needed.
#[inline(always)]
fn some<const LEN: usize, const N: usize>(bytes: &[u8; N], at: usize) -> [u8; LEN] {
    bytes[at..].first_chunk().copied().unwrap_or([0; LEN])
}

#[inline(always)]
fn half<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_be_bytes(some(bytes, at))
}

#[inline(always)]
fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes(some(bytes, at))
}

/// Four bytes as they stand, the first one lowest.
#[inline(always)]
fn raw<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes(some(bytes, at))
}

/// Eight bytes as they stand.
#[inline(always)]
fn raw_pair<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    u64::from_le_bytes(some(bytes, at))
}

/// Whether a header at `ip` is IPv4's, without options, by what is before it and its first byte.
#[inline(always)]
fn is_ipv4<const N: usize>(bytes: &[u8; N], ip: usize) -> bool {
    raw(bytes, ip - 2) & THREE_BYTES == IPV4
}

#[inline(always)]
fn carries<const N: usize>(bytes: &[u8; N], ip: usize, protocol: u32) -> bool {
    raw(bytes, ip + 6) & ROUTE == protocol
}

/// The tunnel's identifier, and what is configured for it.
#[inline(always)]
fn vxlan_header(headers: &[u8; TUNNELLED], overlays: &Overlays) -> Option<(u32, Match)> {
    const UDP_AT: usize = IP + ipv4::HEADER_LEN;
    const VXLAN_AT: usize = UDP_AT + udp::HEADER_LEN;
    const HEADERS: u32 = (udp::HEADER_LEN + vxlan::HEADER_LEN + ethernet::HEADER_LEN) as u32;
    if !(is_ipv4(headers, IP) && carries(headers, IP, UDP)) {
        return None;
    }
    let (total, len) = (u32::from(half(headers, IP + 2)), u32::from(half(headers, UDP_AT + 4)));
    let has_identifier = headers[VXLAN_AT] & 0x08 != 0;
    let fits = (len + ipv4::HEADER_LEN as u32 <= total) & (len >= HEADERS);
    if !(has_identifier & fits) {
        return None;
    }
    let tunnel_port =
        overlays.tunnel_port(half(headers, UDP_AT + 2)).filter(|tunnel_port| tunnel_port.kind == Encap::Vxlan)?;
    let vni = word(headers, VXLAN_AT + 4) >> 8;
    Some((vni, overlays.pass(tunnel_port, vni)?))
}

/// The segment in the datagram at `ip`. That may be longer than what carries it: mirrors cut frames.
#[inline(always)]
fn segment<const N: usize>(bytes: &[u8; N], ip: usize) -> Option<RawSegment> {
    let at = ip + ipv4::HEADER_LEN;
    let total = u32::from(half(bytes, ip + 2));
    let header_len = u32::from(bytes[at + 12] >> 4) * 4;
    let headers = header_len + ipv4::HEADER_LEN as u32;
    if !((header_len >= tcp::HEADER_LEN as u32) & (headers <= total)) {
        return None;
    }
    let segment = RawSegment {
        addrs: raw_pair(bytes, ip + 12),
        ports: raw(bytes, at),
        numbers: raw_pair(bytes, at + 4).swap_bytes(),
        told: raw_pair(bytes, at + 12) & RawSegment::TOLD,
        ip_id: u16::from_le_bytes(some(bytes, ip + 4)),
        payload_len: total - headers,
    };
    segment.is_common().then_some(segment)
}

#[cfg(test)]
mod tests;
