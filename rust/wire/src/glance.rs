//! The frames that nearly all traffic is made of, read in a straight line: Ethernet, perhaps one VLAN tag, IPv4 without
//! options, TCP; and the same inside VXLAN over IPv4.
//!
//! Whatever differs is left to [`mod@crate::parse`], which reads everything and says what is wrong. Where both read a
//! frame they read the same.
use core::net::Ipv4Addr;

use crate::encap::Encap;
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::link::LinkType;
use crate::overlays::Overlays;
use crate::parsed::{IpPair, Parsed, Tunnel};
use crate::{ethernet, ipv4, tcp, udp, vlan, vxlan};

/// Where the IPv4 header of an untagged frame is, and where the frame in VXLAN.
const IP: usize = ethernet::HEADER_LEN;
const INNER: usize = IP + ipv4::HEADER_LEN + udp::HEADER_LEN + vxlan::HEADER_LEN;
/// All headers up to TCP's options, plain and in VXLAN.
const PLAIN: usize = IP + ipv4::HEADER_LEN + tcp::HEADER_LEN;
const TUNNELLED: usize = INNER + PLAIN;

/// IPv4's type, its version 4 and a header of five words: the first three of these four bytes.
const IPV4: u32 = (ethertype::IPV4 as u32) << 8 | 0x45;
/// "More fragments", the offset, which are 0 in a whole datagram, and the protocol.
const ROUTE: u32 = 0x3fff_00ff;
const TCP: u32 = protocol::TCP as u32;
const UDP: u32 = protocol::UDP as u32;

/// Reads a frame of the common kind. None where it is of any other.
#[inline(always)]
#[must_use]
pub fn glance(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Option<Parsed> {
    if link != LinkType::Ethernet {
        return None;
    }
    let (bytes, vlan) = untagged(frame)?;
    let headers: &[u8; PLAIN] = bytes.first_chunk()?;
    if !is_ipv4(headers, IP) {
        return None;
    }
    let tag = frame.len() - bytes.len();
    let room = (frame.len().max(wire_len as usize) - tag - IP) as u32;
    match route(headers, IP) {
        TCP => segment(headers, IP, room, vlan, None),
        UDP => {
            let headers: &[u8; TUNNELLED] = bytes.first_chunk()?;
            let (tunnel, room) = vxlan(headers, room, overlays)?;
            let is_tcp = is_ipv4(headers, INNER + IP) & (route(headers, INNER + IP) == TCP);
            if is_tcp { segment(headers, INNER + IP, room, vlan, Some(tunnel)) } else { None }
        }
        _ => None,
    }
}

/// The frame from where it looks like one without its tag, and the tag's VLAN.
#[inline(always)]
fn untagged(frame: &[u8]) -> Option<(&[u8], u16)> {
    let header: &[u8; IP + vlan::HEADER_LEN] = frame.first_chunk()?;
    let kind = half(header, 12);
    if kind == ethertype::IPV4 {
        return Some((frame, 0));
    }
    vlan::is_tag(kind).then(|| (&frame[vlan::HEADER_LEN..], half(header, IP) & 0x0fff))
}

#[inline(always)]
fn half<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[inline(always)]
fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Whether a header at `ip` is IPv4's, without options, by what is before it and its first byte.
#[inline(always)]
fn is_ipv4<const N: usize>(bytes: &[u8; N], ip: usize) -> bool {
    word(bytes, ip - 2) >> 8 == IPV4
}

#[inline(always)]
fn route<const N: usize>(bytes: &[u8; N], ip: usize) -> u32 {
    word(bytes, ip + 6) & ROUTE
}

#[inline(always)]
fn addrs<const N: usize>(bytes: &[u8; N], ip: usize) -> IpPair {
    let addr = |at: usize| Ipv4Addr::from_bits(word(bytes, at));
    IpPair::V4 { src: addr(ip + 12), dst: addr(ip + 16) }
}

/// The tunnel, and the bytes that are left for the datagram in it, where `room` are left for the one around it.
#[inline(always)]
fn vxlan(headers: &[u8; TUNNELLED], room: u32, overlays: &Overlays) -> Option<(Tunnel, u32)> {
    const UDP_AT: usize = IP + ipv4::HEADER_LEN;
    const VXLAN_AT: usize = UDP_AT + udp::HEADER_LEN;
    const HEADERS: u32 = (udp::HEADER_LEN + vxlan::HEADER_LEN + ethernet::HEADER_LEN) as u32;
    let (total, len) = (u32::from(half(headers, IP + 2)), u32::from(half(headers, UDP_AT + 4)));
    let has_identifier = headers[VXLAN_AT] & 0x08 != 0;
    let fits = (total <= room) & (len + ipv4::HEADER_LEN as u32 <= total) & (len >= HEADERS);
    if !(has_identifier & fits) {
        return None;
    }
    let door = overlays.door(half(headers, UDP_AT + 2)).filter(|door| door.kind == Encap::Vxlan)?;
    let vni = word(headers, VXLAN_AT + 4) >> 8;
    let told = overlays.pass(door, vni)?;
    let (vni_is_identity, cluster) = (told.vni_is_identity, told.cluster);
    let tunnel = Tunnel { kind: Encap::Vxlan, vni, vni_is_identity, cluster, outer: addrs(headers, IP) };
    Some((tunnel, len - HEADERS))
}

/// The segment in the datagram at `ip`, which `room` bytes are left for.
#[inline(always)]
fn segment<const N: usize>(bytes: &[u8; N], ip: usize, room: u32, vlan: u16, tunnel: Option<Tunnel>) -> Option<Parsed> {
    let at = ip + ipv4::HEADER_LEN;
    let total = u32::from(half(bytes, ip + 2));
    let header_len = u32::from(bytes[at + 12] >> 4) * 4;
    let headers = header_len + ipv4::HEADER_LEN as u32;
    if !((header_len >= tcp::HEADER_LEN as u32) & (headers <= total) & (total <= room)) {
        return None;
    }
    let ip_id = half(bytes, ip + 4);
    // Without an identification the options tell copies apart, which are not looked at here.
    if (ip_id == 0) & (header_len > tcp::HEADER_LEN as u32) {
        return None;
    }
    Some(Parsed {
        addrs: addrs(bytes, ip),
        src_port: half(bytes, at),
        dst_port: half(bytes, at + 2),
        seq: word(bytes, at + 4),
        ack: word(bytes, at + 8),
        window: half(bytes, at + 14),
        flags: bytes[at + 13],
        fragmented: false,
        ip_id,
        checksum: half(bytes, at + 16),
        payload_len: total - headers,
        vlan,
        tunnel,
    })
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::build::{self, Segment};
    use crate::{OverlaySpec, Seen, read};

    fn addr(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 10, 1, last))
    }

    fn overlays() -> Overlays {
        let spec = |kind, port, vni| OverlaySpec { kind, port, vni, vni_is_identity: false, cluster: 3 };
        Overlays::new(&[spec(Encap::Vxlan, 8472, Some(1)), spec(Encap::Geneve, 6081, None)]).0
    }

    fn frame(payload: usize) -> Vec<u8> {
        let (src, dst) = ((addr(1), 40000), (addr(2), 8080));
        build::frame(&Segment { src, dst, seq: 7, ack: 9, flags: 0x18, payload })
    }

    fn wrapped(frame: &[u8], how: u8) -> Vec<u8> {
        match how {
            0 => frame.to_vec(),
            1 => build::tagged(frame, 0x8100, 42),
            2 => build::vxlan((addr(3), addr(4)), 8472, 1, frame),
            _ => build::tagged(&build::vxlan((addr(3), addr(4)), 8472, 1, frame), 0x88a8, 7),
        }
    }

    #[test]
    fn the_common_kinds_are_read() {
        for how in 0..4 {
            let frame = wrapped(&frame(100), how);
            let len = frame.len() as u32;
            let cut = &frame[..frame.len() - 90];
            let parsed = glance(cut, len, LinkType::Ethernet, &overlays()).unwrap();
            assert_eq!((parsed.src_port, parsed.payload_len, parsed.tunnel.is_some()), (40000, 100, how > 1));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn it_reads_what_a_close_look_reads(
            how in 0..4_u8,
            payload in 0..60_usize,
            changes in proptest::collection::vec((0..130_usize, any::<u8>()), 0..3),
            cut in 0..150_usize,
            extra in 0..40_u32,
        ) {
            let mut frame = wrapped(&frame(payload), how);
            for (at, byte) in changes {
                if let Some(place) = frame.get_mut(at) {
                    *place = byte;
                }
            }
            let wire_len = frame.len() as u32 + extra;
            frame.truncate(frame.len().saturating_sub(cut).max(1));
            let overlays = overlays();
            if let Some(parsed) = glance(&frame, wire_len, LinkType::Ethernet, &overlays) {
                prop_assert_eq!(read(&frame, wire_len, LinkType::Ethernet, &overlays), Seen::Tcp(parsed));
            }
        }
    }
}
