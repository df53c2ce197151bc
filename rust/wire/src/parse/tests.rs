use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::build::{self, Segment};
use crate::encap::Encap;
use crate::outcome::Payload;
use crate::overlays::OverlaySpec;
use crate::tcp::flag;

mod ends;
mod properties;
mod tunnels;

const POD_A: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 10, 1, 1));
const POD_B: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 10, 2, 1));
const POD_A6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 1));
const POD_B6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 1));
const NODES: (IpAddr, IpAddr) = (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2)));
const NODES6: (IpAddr, IpAddr) =
    (IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 1)), IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 2)));

fn segment() -> Segment {
    Segment { src: (POD_A, 40000), dst: (POD_B, 8080), seq: 7, ack: 9, flags: flag::ACK, payload: 100 }
}

fn segment6() -> Segment {
    Segment { src: (POD_A6, 40000), dst: (POD_B6, 8080), ..segment() }
}

fn spec(port: u16, vni: Option<u32>, cluster: u16) -> OverlaySpec {
    OverlaySpec { kind: Encap::Vxlan, port, vni, vni_is_identity: false, cluster }
}

fn overlays(specs: &[OverlaySpec]) -> Overlays {
    Overlays::new(specs).0
}

fn tcp(frame: &[u8], overlays: &Overlays) -> Result<Parsed, Outcome> {
    parse(frame, u32::try_from(frame.len()).unwrap(), LinkType::Ethernet, overlays)
}

fn plain(frame: &[u8]) -> Result<Parsed, Outcome> {
    tcp(frame, &Overlays::default())
}

#[test]
fn plain_tcp_is_read() {
    let parsed = plain(&build::frame(&segment())).unwrap();
    assert_eq!((parsed.addrs.src(), parsed.addrs.dst()), (POD_A, POD_B));
    assert_eq!((parsed.src_port, parsed.dst_port), (40000, 8080));
    assert_eq!((parsed.seq, parsed.ack, parsed.flags), (7, 9, flag::ACK));
    assert_eq!((parsed.payload_len, parsed.vlan, parsed.tunnel), (100, 0, None));
}

#[test]
fn ipv6_tcp_is_read() {
    let parsed = plain(&build::frame(&segment6())).unwrap();
    assert_eq!((parsed.addrs.src(), parsed.addrs.dst()), (POD_A6, POD_B6));
    assert_eq!(parsed.payload_len, 100);
}

#[test]
fn the_payload_length_is_the_senders_even_where_the_capture_is_cut() {
    let frame = build::frame(&segment());
    let cut = &frame[..54];
    let parsed = parse(cut, 154, LinkType::Ethernet, &Overlays::default()).unwrap();
    assert_eq!(parsed.payload_len, 100);
}

#[test]
fn a_tcp_header_that_is_cut_behind_its_flags_tells_what_it_has() {
    for whole in [build::frame(&segment()), build::frame(&segment6())] {
        let (len, tcp) = (u32::try_from(whole.len()).unwrap(), whole.len() - 120);
        let told = |cut: usize| parse(&whole[..tcp + cut], len, LinkType::Ethernet, &Overlays::default());
        for cut in 14..20 {
            let parsed = told(cut).unwrap();
            assert_eq!((parsed.src_port, parsed.dst_port, parsed.seq, parsed.ack), (40000, 8080, 7, 9), "{cut}");
            assert_eq!((parsed.flags, parsed.payload_len), (flag::ACK, 100), "{cut}");
            assert_ne!(parsed.window, 0, "{cut}");
        }
        assert_eq!(told(13), Err(Outcome::Truncated(Layer::Tcp)));
        assert_eq!(plain(&whole[..tcp + 19]), told(19));
    }
    let mut short = build::frame(&segment());
    short[16..18].copy_from_slice(&39_u16.to_be_bytes());
    assert_eq!(plain(&short), Err(Outcome::Malformed(Layer::Tcp)));
}

#[test]
fn padding_is_no_payload() {
    let mut frame = build::frame(&Segment { payload: 0, ..segment() });
    frame.resize(60, 0);
    assert_eq!(plain(&frame).unwrap().payload_len, 0);
}

/// Switches, cloud mirrors and cards can be told to send on only so many bytes of each frame.
#[test]
fn a_frame_that_its_mirror_has_cut_tells_as_much_as_a_whole_one() {
    let udp = build::ethernet(&build::ip(POD_A, POD_B, 17, &build::udp(5000, 53, &[7; 200])));
    let known = overlays(&[spec(8472, None, 0)]);
    for whole in
        [build::frame(&segment()), build::frame(&segment6()), build::vxlan(NODES, 8472, 1, &build::frame(&segment()))]
    {
        let len = whole.len() - 100;
        assert_eq!(tcp(&whole[..len], &known), tcp(&whole, &known));
    }
    assert_eq!(read(&udp[..110], 110, LinkType::Ethernet, &known), read(&udp, 242, LinkType::Ethernet, &known));
}

#[test]
fn a_datagram_longer_than_the_one_around_it_is_malformed() {
    let mut frame = build::ethernet(&build::ip(POD_A, POD_B, 17, &build::udp(5000, 53, &[7; 20])));
    frame[38..40].copy_from_slice(&29_u16.to_be_bytes());
    assert_eq!(plain(&frame), Err(Outcome::Malformed(Layer::Udp)));
}

#[test]
fn a_length_of_zero_is_the_frames_own() {
    let mut frame = build::frame(&segment());
    frame[16..18].fill(0);
    assert_eq!(plain(&frame).unwrap().payload_len, 100);
}

#[test]
fn the_outermost_vlan_counts() {
    let inner = build::tagged(&build::frame(&segment()), 0x8100, 20);
    let frame = build::tagged(&inner, 0x88a8, 10);
    assert_eq!(plain(&inner).unwrap().vlan, 20);
    assert_eq!(plain(&frame).unwrap().vlan, 10);
    assert_eq!(plain(&frame[..17]), Err(Outcome::Truncated(Layer::Vlan)));
}

#[test]
fn tags_without_end_are_too_deep() {
    let frame = (0..5).fold(build::frame(&segment()), |frame, _| build::tagged(&frame, 0x8100, 1));
    assert_eq!(plain(&frame), Err(Outcome::TooDeep));
}

#[test]
fn vxlan_is_looked_into_on_its_port_only() {
    let frame = build::vxlan(NODES, 8472, 1, &build::frame(&segment()));
    assert_eq!(plain(&frame), Err(Outcome::Udp));
    assert_eq!(tcp(&frame, &overlays(&[spec(4789, None, 3)])), Err(Outcome::Udp));
    let parsed = tcp(&frame, &overlays(&[spec(8472, Some(1), 3)])).unwrap();
    assert_eq!((parsed.addrs.src(), parsed.addrs.dst()), (POD_A, POD_B));
    let tunnel = parsed.tunnel.unwrap();
    assert_eq!((tunnel.vni, tunnel.cluster, tunnel.vni_is_identity), (1, 3, false));
    assert_eq!((tunnel.outer.src(), tunnel.outer.dst()), NODES);
}

#[test]
fn the_vlan_of_a_tunnelled_frame_is_the_outer_one() {
    let inner = build::tagged(&build::frame(&segment()), 0x8100, 20);
    let frame = build::tagged(&build::vxlan(NODES, 8472, 1, &inner), 0x8100, 10);
    assert_eq!(tcp(&frame, &overlays(&[spec(8472, None, 0)])).unwrap().vlan, 10);
}

#[test]
fn tunnels_over_ipv6_carry_either_family() {
    let known = overlays(&[spec(8472, None, 0)]);
    let frame = build::vxlan(NODES6, 8472, 1, &build::frame(&segment()));
    let parsed = tcp(&frame, &known).unwrap();
    assert_eq!(parsed.addrs.src(), POD_A);
    assert_eq!(parsed.tunnel.unwrap().outer.src(), NODES6.0);
    let frame = build::vxlan(NODES, 8472, 1, &build::frame(&segment6()));
    assert_eq!(tcp(&frame, &known).unwrap().addrs.src(), POD_A6);
}

#[test]
fn an_exact_identifier_goes_before_any() {
    let known = overlays(&[spec(8472, None, 1), spec(8472, Some(7), 2)]);
    let tunnel = |vni| tcp(&build::vxlan(NODES, 8472, vni, &build::frame(&segment())), &known).unwrap().tunnel.unwrap();
    assert_eq!(tunnel(7).cluster, 2);
    assert_eq!(tunnel(8).cluster, 1);
}

#[test]
fn clusters_that_share_port_and_identifier_leave_the_cluster_open() {
    let known = overlays(&[spec(8472, Some(1), 1), spec(8472, Some(1), 2)]);
    let frame = build::vxlan(NODES, 8472, 1, &build::frame(&segment()));
    assert_eq!(tcp(&frame, &known).unwrap().tunnel.unwrap().cluster, 0);
}

#[test]
fn unknown_identifiers_are_told() {
    let frame = build::vxlan(NODES, 8472, 2, &build::frame(&segment()));
    assert_eq!(tcp(&frame, &overlays(&[spec(8472, Some(1), 0)])), Err(Outcome::UnknownVni));
}

#[test]
fn the_innermost_of_nested_tunnels_counts() {
    let known = overlays(&[spec(4789, None, 1), spec(8472, None, 2)]);
    let inner = build::vxlan(NODES, 8472, 5, &build::frame(&segment()));
    let mirrored = build::vxlan((POD_A, POD_B), 4789, 900, &inner);
    let tunnel = tcp(&mirrored, &known).unwrap().tunnel.unwrap();
    assert_eq!((tunnel.vni, tunnel.cluster, tunnel.outer.src()), (5, 2, NODES.0));
    let nest = |levels| (0..levels).fold(build::frame(&segment()), |f, _| build::vxlan(NODES, 8472, 5, &f));
    assert!(tcp(&nest(4), &known).is_ok());
    assert_eq!(tcp(&nest(5), &known), Err(Outcome::TooDeep));
}

#[test]
fn what_is_no_tcp_is_told_by_kind() {
    let ip = |number| build::ethernet(&build::ip(POD_A, POD_B, number, &[0; 20]));
    assert_eq!(plain(&ip(1)), Err(Outcome::Icmp));
    assert_eq!(plain(&ip(132)), Err(Outcome::Sctp));
    assert_eq!(plain(&ip(50)), Err(Outcome::Encrypted));
    assert_eq!(plain(&ip(89)), Err(Outcome::Unsupported(Payload::OtherIp)));
    let kind = |kind: u16| {
        let mut frame = build::frame(&segment());
        frame[12..14].copy_from_slice(&kind.to_be_bytes());
        plain(&frame)
    };
    assert_eq!(kind(0x0806), Err(Outcome::Unsupported(Payload::Arp)));
    assert_eq!(kind(38), Err(Outcome::Unsupported(Payload::Llc)));
    assert_eq!(kind(0x88cc), Err(Outcome::Unsupported(Payload::NotIp)));
}

#[test]
fn the_first_fragment_is_read_and_later_ones_are_told() {
    let mut frame = build::frame(&segment());
    frame[20..22].copy_from_slice(&0x2000_u16.to_be_bytes());
    assert!(plain(&frame).unwrap().fragmented);
    frame[20..22].copy_from_slice(&0x2010_u16.to_be_bytes());
    assert_eq!(plain(&frame), Err(Outcome::Fragment));
}

#[test]
fn a_tunnel_in_fragments_shows_its_inner_segment() {
    let mut frame = build::vxlan(NODES, 8472, 1, &build::frame(&Segment { payload: 1400, ..segment() }));
    let first = 34 + 1200;
    frame.truncate(first);
    frame[16..18].copy_from_slice(&1220_u16.to_be_bytes());
    frame[20..22].copy_from_slice(&0x2000_u16.to_be_bytes());
    let parsed = tcp(&frame, &overlays(&[spec(8472, None, 0)])).unwrap();
    assert_eq!(parsed.payload_len, 1400);
    assert!(parsed.fragmented);
}

#[test]
fn other_links_are_read() {
    let frame = build::frame(&segment());
    let ip = &frame[14..];
    let len = u32::try_from(frame.len()).unwrap() + 20;
    let known = Overlays::default();
    assert!(parse(ip, len, LinkType::RawIp, &known).is_ok());
    assert_eq!(parse(&[0x50], 1, LinkType::RawIp, &known), Err(Outcome::Malformed(Layer::Link)));
    assert_eq!(parse(&[], 0, LinkType::RawIp, &known), Err(Outcome::Truncated(Layer::Link)));
    let mut cooked = vec![0; 14];
    cooked.extend([8, 0]);
    cooked.extend(ip);
    assert!(parse(&cooked, len, LinkType::LinuxSll, &known).is_ok());
    let mut cooked = vec![8, 0];
    cooked.extend([0; 18]);
    cooked.extend(ip);
    assert!(parse(&cooked, len, LinkType::LinuxSll2, &known).is_ok());
}

#[test]
fn a_segment_that_has_no_room_for_its_header_is_malformed() {
    let mut frame = build::ethernet(&build::ip(POD_A, POD_B, 6, &[0; 19]));
    assert_eq!(plain(&frame), Err(Outcome::Malformed(Layer::Tcp)));
    frame.resize(60, 0);
    assert_eq!(plain(&frame), Err(Outcome::Malformed(Layer::Tcp)));
    let mut frame = build::frame(&Segment { payload: 0, ..segment() });
    frame[46] = 0x60;
    assert_eq!(plain(&frame), Err(Outcome::Malformed(Layer::Tcp)));
}
