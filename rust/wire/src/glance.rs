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

/// Version 4, and a header of five words.
const PLAIN_IPV4: u8 = 0x45;
/// "More fragments" and the offset: 0 in a whole datagram.
const FRAGMENT: u16 = 0x3fff;

/// An IPv4 header without options, of a datagram that is whole, and what follows it.
struct Datagram<'a> {
    header: &'a [u8; ipv4::HEADER_LEN],
    rest: &'a [u8],
    /// Bytes of payload that the header tells of.
    len: usize,
}

/// Reads a frame of the common kind. None where it is of any other.
#[inline(always)]
#[must_use]
pub fn glance(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Option<Parsed> {
    if link != LinkType::Ethernet {
        return None;
    }
    let (rest, vlan) = above_ethernet(frame)?;
    let carried = frame.len().max(wire_len as usize) - (frame.len() - rest.len());
    let outer = datagram(rest, carried)?;
    match outer.protocol() {
        protocol::TCP => segment(&outer, vlan, None),
        protocol::UDP => {
            let (tunnel, inner) = vxlan_in(&outer, overlays)?;
            segment(&inner, vlan, Some(tunnel))
        }
        _ => None,
    }
}

#[inline(always)]
fn above_ethernet(frame: &[u8]) -> Option<(&[u8], u16)> {
    let (header, rest) = frame.split_first_chunk::<{ ethernet::HEADER_LEN }>()?;
    match u16::from_be_bytes([header[12], header[13]]) {
        ethertype::IPV4 => Some((rest, 0)),
        kind if vlan::is_tag(kind) => {
            let (tag, rest) = rest.split_first_chunk::<{ vlan::HEADER_LEN }>()?;
            let is_ipv4 = u16::from_be_bytes([tag[2], tag[3]]) == ethertype::IPV4;
            is_ipv4.then_some((rest, u16::from_be_bytes([tag[0], tag[1]]) & 0x0fff))
        }
        _ => None,
    }
}

/// The datagram at the start of `bytes`, which `carried` bytes on the wire were left for.
#[inline(always)]
fn datagram(bytes: &[u8], carried: usize) -> Option<Datagram<'_>> {
    let (header, rest) = bytes.split_first_chunk::<{ ipv4::HEADER_LEN }>()?;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let fragment = u16::from_be_bytes([header[6], header[7]]) & FRAGMENT;
    let is_plain = (header[0] == PLAIN_IPV4) & (fragment == 0) & (total >= ipv4::HEADER_LEN) & (total <= carried);
    is_plain.then_some(Datagram { header, rest, len: total.wrapping_sub(ipv4::HEADER_LEN) })
}

impl Datagram<'_> {
    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.header[9]
    }

    #[inline(always)]
    fn id(&self) -> u16 {
        u16::from_be_bytes([self.header[4], self.header[5]])
    }

    #[inline(always)]
    fn addrs(&self) -> (Ipv4Addr, Ipv4Addr) {
        let addr = |at: usize| {
            let header = self.header;
            Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3])
        };
        (addr(12), addr(16))
    }
}

#[inline(always)]
fn vxlan_in<'a>(outer: &Datagram<'a>, overlays: &Overlays) -> Option<(Tunnel, Datagram<'a>)> {
    const HEADERS: usize = udp::HEADER_LEN + vxlan::HEADER_LEN + ethernet::HEADER_LEN;
    let (header, rest) = outer.rest.split_first_chunk::<HEADERS>()?;
    let port = u16::from_be_bytes([header[2], header[3]]);
    let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let is_ipv4 = u16::from_be_bytes([header[28], header[29]]) == ethertype::IPV4;
    if !(is_ipv4 & (header[8] & 0x08 != 0) & (len <= outer.len) & (len >= HEADERS)) {
        return None;
    }
    let door = overlays.door(port).filter(|door| door.kind == Encap::Vxlan)?;
    let vni = u32::from_be_bytes([0, header[12], header[13], header[14]]);
    let matched = overlays.pass(door, vni)?;
    let (src, dst) = outer.addrs();
    let (vni_is_identity, cluster) = (matched.vni_is_identity, matched.cluster);
    let tunnel = Tunnel { kind: Encap::Vxlan, vni, vni_is_identity, cluster, outer: IpPair::V4 { src, dst } };
    let inner = datagram(rest, len - HEADERS)?;
    (inner.protocol() == protocol::TCP).then_some((tunnel, inner))
}

#[inline(always)]
fn segment(datagram: &Datagram<'_>, vlan: u16, tunnel: Option<Tunnel>) -> Option<Parsed> {
    let header: &[u8; tcp::HEADER_LEN] = datagram.rest.first_chunk()?;
    let header_len = usize::from(header[12] >> 4) * 4;
    if (header_len < tcp::HEADER_LEN) | (header_len > datagram.len) {
        return None;
    }
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (src, dst) = datagram.addrs();
    Some(Parsed {
        addrs: IpPair::V4 { src, dst },
        src_port: word(0),
        dst_port: word(2),
        seq: long(4),
        ack: long(8),
        window: word(14),
        flags: header[13],
        fragmented: false,
        ip_id: datagram.id(),
        checksum: word(16),
        payload_len: (datagram.len - header_len) as u32,
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
