//! The same for segments over IPv6 without extension headers: plain, and in VXLAN over IPv4.
use core::net::Ipv6Addr;

use super::{INNER, Match, TUNNELLED, half, raw_pair, some, vxlan_header};
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::overlays::Overlays;
use crate::parsed::IpPair;
use crate::raw::RawSegment;
use crate::{ethernet, ipv6, tcp};

const IP: usize = ethernet::HEADER_LEN;
const TCP: usize = IP + ipv6::HEADER_LEN;
const HEADERS: usize = TCP + tcp::HEADER_LEN;

/// Reads an untagged Ethernet frame with a TCP segment in IPv6. None where it is any other.
#[inline]
#[must_use]
pub fn plain_v6(frame: &[u8]) -> Option<(RawSegment, IpPair)> {
    segment(frame)
}

/// Reads an untagged Ethernet frame that has such a frame in VXLAN over IPv4, with the network that the VNI names: 0 where
/// it is an identity. None where it is any other.
#[inline]
#[must_use]
pub fn in_vxlan_v6(frame: &[u8], overlays: &Overlays) -> Option<(RawSegment, IpPair, u32)> {
    let (segment, addrs, vni, told) = inside_vxlan_v6(frame, overlays)?;
    Some((segment, addrs, if told.vni_is_identity { 0 } else { vni }))
}

pub(super) fn inside_vxlan_v6(frame: &[u8], overlays: &Overlays) -> Option<(RawSegment, IpPair, u32, Match)> {
    let headers: &[u8; TUNNELLED] = frame.first_chunk()?;
    let (vni, told) = vxlan_header(headers, overlays)?;
    let (segment, addrs) = segment(&frame[INNER..])?;
    Some((segment, addrs, vni, told))
}

/// The segment in an untagged frame.
#[inline]
fn segment(frame: &[u8]) -> Option<(RawSegment, IpPair)> {
    const NEXT_HEADER: usize = IP + 6;
    let headers: &[u8; HEADERS] = frame.first_chunk()?;
    let is_v6 = half(headers, 12) == ethertype::IPV6 && headers[IP] >> 4 == 6;
    if !(is_v6 && headers[NEXT_HEADER] == protocol::TCP) {
        return None;
    }
    let carried = u32::from(half(headers, IP + 4));
    let header_len = u32::from(headers[TCP + 12] >> 4) * 4;
    if !((header_len >= tcp::HEADER_LEN as u32) & (header_len <= carried)) {
        return None;
    }
    let options = tcp::digest(&frame[TCP..], header_len as usize);
    let told = raw_pair(headers, TCP + 12) & RawSegment::TOLD;
    let segment = RawSegment {
        addrs: 0,
        ports: u32::from_le_bytes(some(headers, TCP)),
        numbers: raw_pair(headers, TCP + 4).swap_bytes(),
        told: RawSegment::with_checksum_changed(told, options),
        ip_id: 0,
        payload_len: carried - header_len,
    };
    let addr = |at| Ipv6Addr::from(some::<16, HEADERS>(headers, at));
    let addrs = IpPair::V6 { src: addr(IP + 8), dst: addr(IP + 24) };
    (!segment.has_zero_window()).then_some((segment, addrs))
}
