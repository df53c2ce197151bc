//! Every encapsulation, alone and in others, sound and not.
use super::*;
use crate::build::Gre;
use crate::parsed::Tunnel;

fn of(kind: Encap, port: u16) -> OverlaySpec {
    OverlaySpec { kind, ..spec(port, None, 7) }
}

/// Reads a frame with one overlay; the segment has to be ours.
fn tunnel_of(frame: &[u8], overlay: OverlaySpec) -> Option<Tunnel> {
    let parsed = tcp(frame, &overlays(&[overlay])).unwrap();
    assert_eq!((parsed.addrs.src(), parsed.src_port, parsed.payload_len), (POD_A, 40000, 100));
    parsed.tunnel
}

fn pod_frame() -> Vec<u8> {
    build::frame(&segment())
}

fn pod_packet() -> Vec<u8> {
    build::datagram(&pod_frame()).to_vec()
}

#[track_caller]
fn assert_told(frame: &[u8], overlay: OverlaySpec, kind: Encap, vni: u32) {
    let tunnel = tunnel_of(frame, overlay).unwrap();
    assert_eq!((tunnel.kind, tunnel.vni, tunnel.cluster), (kind, vni, 7));
    assert_eq!((tunnel.outer.src(), tunnel.outer.dst()), NODES);
    let closed = tcp(frame, &Overlays::default()).unwrap_err();
    assert!(matches!(closed, Outcome::Udp | Outcome::Unsupported(Payload::Tunnel)), "{closed:?}");
}

#[test]
fn geneve_with_and_without_options() {
    let overlay = of(Encap::Geneve, 6081);
    let ovn = b"\x01\x02\x80\x01\x00\x02\x00\x04";
    assert_told(&build::geneve(NODES, 6081, 5, ovn, &pod_frame()), overlay, Encap::Geneve, 5);
    assert_told(&build::geneve(NODES, 6081, 5, &[0; 252], &pod_frame()), overlay, Encap::Geneve, 5);
    assert_told(&build::geneve_ip(NODES, 6081, 0, &pod_packet()), overlay, Encap::Geneve, 0);
}

#[test]
fn geneve_options_without_end_are_malformed() {
    let mut frame = build::geneve(NODES, 6081, 5, &[], &[]);
    frame[42] = 0x3f;
    assert_eq!(tcp(&frame, &overlays(&[of(Encap::Geneve, 6081)])), Err(Outcome::Malformed(Layer::Geneve)));
}

#[test]
fn ip_in_ip_over_either_family() {
    let overlay = of(Encap::Ipip, 0);
    assert_told(&build::ip_in_ip(NODES, &pod_packet()), overlay, Encap::Ipip, 0);
    assert_told(&build::ip_in_ip(NODES, &pod_packet()), OverlaySpec { vni: Some(9), ..overlay }, Encap::Ipip, 0);
    let v6 = build::datagram(&build::frame(&segment6())).to_vec();
    let kind = |frame: &[u8], overlay| tcp(frame, &overlays(&[overlay])).map(|parsed| parsed.tunnel.map(|t| t.kind));
    assert_eq!(kind(&build::ip_in_ip(NODES, &v6), overlay), Ok(Some(Encap::Sit)));
    assert_eq!(kind(&build::ip_in_ip(NODES6, &v6), overlay), Ok(Some(Encap::Ip6tnl)));
    assert_eq!(kind(&build::ip_in_ip(NODES6, &pod_packet()), overlay), Ok(Some(Encap::Ip6tnl)));
    let only_sit = of(Encap::Sit, 0);
    assert_eq!(kind(&build::ip_in_ip(NODES, &v6), only_sit), Ok(Some(Encap::Sit)));
    let closed = Err(Outcome::Unsupported(Payload::Tunnel));
    assert_eq!(kind(&build::ip_in_ip(NODES, &pod_packet()), only_sit), closed);
}

#[test]
fn what_is_announced_as_ipv4_has_to_be_it() {
    let mut v6 = build::ip_in_ip(NODES, build::datagram(&build::frame(&segment6())));
    v6[23] = 4;
    assert_eq!(tcp(&v6, &overlays(&[of(Encap::Ipip, 0)])), Err(Outcome::Malformed(Layer::Ipv4)));
}

#[test]
fn gre_with_every_field() {
    let overlay = of(Encap::Gre, 0);
    assert_told(&build::gre_ip(NODES, Gre::default(), &pod_packet()), overlay, Encap::Gre, 0);
    let fields = Gre { has_checksum: true, key: Some(42), sequence: Some(1) };
    assert_told(&build::gre_ip(NODES, fields, &pod_packet()), overlay, Encap::Gre, 42);
    assert_eq!(tunnel_of(&build::gre_teb(NODES, fields, &pod_frame()), overlay).map(|t| t.vni), Some(42));
}

#[test]
fn a_gre_key_beyond_24_bits_is_an_unknown_identifier() {
    let frame = build::gre_ip(NODES, Gre { key: Some(1 << 24), ..Gre::default() }, &pod_packet());
    assert_eq!(tcp(&frame, &overlays(&[of(Encap::Gre, 0)])), Err(Outcome::UnknownVni));
    let frame = build::gre_ip(NODES, Gre { key: Some(6), ..Gre::default() }, &pod_packet());
    let other = OverlaySpec { vni: Some(5), ..of(Encap::Gre, 0) };
    assert_eq!(tcp(&frame, &overlays(&[other])), Err(Outcome::UnknownVni));
}

#[test]
fn the_network_of_nvgre_is_the_upper_part_of_the_key() {
    let frame = build::gre_teb(NODES, Gre { key: Some(0x0010_0177), ..Gre::default() }, &pod_frame());
    assert_eq!(tunnel_of(&frame, of(Encap::Nvgre, 0)).map(|t| (t.kind, t.vni)), Some((Encap::Nvgre, 0x1001)));
}

#[test]
fn other_gre_is_told() {
    let mut frame = build::gre_ip(NODES, Gre { key: Some(1), ..Gre::default() }, &pod_packet());
    let known = overlays(&[of(Encap::Gre, 0)]);
    assert_eq!(tcp(&frame[..41], &known), Err(Outcome::Truncated(Layer::Gre)));
    frame[35] = 1;
    assert_eq!(tcp(&frame, &known), Err(Outcome::Malformed(Layer::Gre)));
}

#[test]
fn gue_in_both_variants_and_fou() {
    for fields in [0, 3, 31] {
        assert_told(&build::gue(NODES, 5555, fields, &pod_packet()), of(Encap::Gue, 5555), Encap::Gue, 0);
    }
    let direct = build::ip_in_udp(NODES, 5555, &pod_packet());
    assert_told(&direct, of(Encap::Gue, 5555), Encap::Gue, 0);
    assert_told(&direct, of(Encap::Fou, 5555), Encap::Fou, 0);
    assert_told(&build::ip_in_udp(NODES, 8285, &pod_packet()), of(Encap::Udp, 8285), Encap::Udp, 0);
}

#[test]
fn what_is_no_gue_data_is_told() {
    let known = overlays(&[of(Encap::Gue, 5555), of(Encap::Fou, 5556)]);
    let read = |port, payload: &[u8]| tcp(&build::udp_between(NODES, port, payload), &known);
    assert_eq!(read(5555, b"\x20\x01\0\0"), Err(Outcome::Unsupported(Payload::Tunnel)));
    assert_eq!(read(5555, b"\0\x06\0\0"), Err(Outcome::Unsupported(Payload::OtherIp)));
    assert_eq!(read(5555, b"\x05\x04\0\0"), Err(Outcome::Malformed(Layer::Gue)));
    assert_eq!(read(5555, b"\x80\x04\0\0"), Err(Outcome::Malformed(Layer::Gue)));
    assert_eq!(read(5555, b"\0"), Err(Outcome::Truncated(Layer::Gue)));
    assert_eq!(read(5556, b"\0\x04\0\0"), Err(Outcome::Malformed(Layer::Fou)));
}

#[test]
fn mirrors_are_always_opened_and_are_no_overlay() {
    let mirrors = [
        build::erspan1(NODES, &pod_frame()),
        build::erspan2(NODES, 0, &pod_frame()),
        build::erspan3(NODES, 0, false, &pod_frame()),
        build::erspan3(NODES, 0, true, &pod_frame()),
        build::gre_teb(NODES, Gre::default(), &pod_frame()),
        build::gre_teb(NODES, Gre { key: Some(1 << 30), ..Gre::default() }, &pod_frame()),
    ];
    for mirror in mirrors {
        let parsed = plain(&mirror).unwrap();
        assert_eq!((parsed.addrs.src(), parsed.tunnel), (POD_A, None));
    }
}

#[test]
fn the_vlan_of_a_mirrored_frame_is_its_own() {
    let vlan = |frame: &[u8]| plain(&build::tagged(frame, 0x8100, 99)).map(|parsed| parsed.vlan);
    let tagged = build::tagged(&pod_frame(), 0x8100, 30);
    assert_eq!(vlan(&build::erspan2(NODES, 20, &pod_frame())), Ok(20));
    assert_eq!(vlan(&build::erspan2(NODES, 20, &tagged)), Ok(30));
    assert_eq!(vlan(&build::erspan3(NODES, 21, true, &pod_frame())), Ok(21));
    assert_eq!(vlan(&build::erspan1(NODES, &pod_frame())), Ok(0));
}

#[test]
fn a_tag_that_was_taken_out_is_the_outermost_but_not_a_mirrored_frames() {
    let vlan = |data: &[u8]| {
        let wire_len = data.len() as u32;
        let frame = Frame { ts_ns: 0, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: Some(99) };
        match read_frame(&frame, &Overlays::default()) {
            Seen::Tcp(parsed) => parsed.vlan,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(vlan(&build::tagged(&pod_frame(), 0x8100, 30)), 99);
    assert_eq!(vlan(&build::erspan2(NODES, 20, &pod_frame())), 20);
}

#[test]
fn mirrors_may_cut_what_they_mirror() {
    let mut cut = pod_frame();
    cut.truncate(80);
    assert_eq!(plain(&build::erspan2(NODES, 0, &cut)).map(|parsed| parsed.payload_len), Ok(100));
    let known = overlays(&[of(Encap::Vxlan, 4789)]);
    assert_eq!(tcp(&build::vxlan(NODES, 4789, 1, &cut), &known).map(|parsed| parsed.payload_len), Ok(100));
}

#[test]
fn broken_mirrors_are_told() {
    let mut frame = build::erspan2(NODES, 0, &pod_frame());
    frame[42] = 0x70;
    assert_eq!(plain(&frame), Err(Outcome::Malformed(Layer::Erspan)));
    let mut frame = build::erspan3(NODES, 0, false, &pod_frame());
    frame[52] = 0x84;
    assert_eq!(plain(&frame), Err(Outcome::Unsupported(Payload::NotIp)));
    let empty = build::gre(NODES, Gre { sequence: Some(1), ..Gre::default() }, 0x88be, b"\x10");
    assert_eq!(plain(&empty), Err(Outcome::Truncated(Layer::Erspan)));
}

#[test]
fn an_overlay_in_a_mirror_is_the_tunnel() {
    let node_frame = build::tagged(&build::vxlan(NODES, 8472, 5, &pod_frame()), 0x8100, 30);
    let frame = build::erspan2((POD_A, POD_B), 30, &node_frame);
    let tunnel = tunnel_of(&frame, of(Encap::Vxlan, 8472)).unwrap();
    assert_eq!((tunnel.kind, tunnel.vni, tunnel.outer.src()), (Encap::Vxlan, 5, NODES.0));
    let known = overlays(&[of(Encap::Vxlan, 8472), of(Encap::Ipip, 0)]);
    let inner = build::ip_in_ip(NODES, &pod_packet());
    let frame = build::erspan2((POD_A, POD_B), 30, &build::vxlan((POD_B, POD_A), 8472, 5, &inner));
    let tunnel = tcp(&frame, &known).unwrap().tunnel.unwrap();
    assert_eq!((tunnel.kind, tunnel.outer.src()), (Encap::Ipip, NODES.0));
}

#[test]
fn a_mirror_in_an_overlay_is_no_part_of_it() {
    let frame = build::vxlan(NODES, 4789, 5, &build::erspan1(NODES, &pod_frame()));
    assert_eq!(tunnel_of(&frame, of(Encap::Vxlan, 4789)), None);
}

#[test]
fn labels_are_passed_over() {
    let frame = build::labelled(&pod_frame(), &[16, 17]);
    assert_eq!(plain(&frame).map(|parsed| parsed.addrs.src()), Ok(POD_A));
    assert_eq!(plain(&build::labelled(&pod_frame(), &[16; 9])), Err(Outcome::TooDeep));
    assert_eq!(plain(&frame[..17]), Err(Outcome::Truncated(Layer::Mpls)));
    let mut pseudowire = build::labelled(&pod_frame(), &[16]);
    pseudowire[18] = 0;
    assert_eq!(plain(&pseudowire), Err(Outcome::Unsupported(Payload::NotIp)));
    assert!(plain(&build::tagged(&frame, 0x8100, 3)).is_ok());
}
