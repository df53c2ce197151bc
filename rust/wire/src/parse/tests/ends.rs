//! What is no TCP: datagrams, errors, fragments, encrypted traffic.
use super::*;
use crate::seen::{Datagram, Encrypted, IcmpError, Role};

fn see(frame: &[u8], overlays: &Overlays) -> Seen {
    read(frame, u32::try_from(frame.len()).unwrap(), LinkType::Ethernet, overlays)
}

fn datagram(frame: &[u8], overlays: &Overlays) -> Datagram {
    match see(frame, overlays) {
        Seen::Datagram(datagram) => datagram,
        other => panic!("{other:?}"),
    }
}

fn of(kind: Encap, port: u16) -> OverlaySpec {
    OverlaySpec { kind, ..spec(port, None, 7) }
}

fn between_pods(number: u8, payload: &[u8]) -> Vec<u8> {
    build::ethernet(&build::ip(POD_A, POD_B, number, payload))
}

#[test]
fn udp_is_read_plain_and_in_tunnels() {
    let frame = between_pods(17, &build::udp(40000, 53, &[0; 30]));
    let seen = datagram(&frame, &Overlays::default());
    assert_eq!((seen.addrs.src(), seen.src_port, seen.dst_port, seen.payload_len), (POD_A, 40000, 53, 30));
    assert_eq!((seen.proto, seen.role, seen.icmp, seen.fragmented), (17, Role::Unknown, None, false));
    let tunnelled = build::vxlan(NODES, 8472, 1, &frame);
    let seen = datagram(&tunnelled, &overlays(&[spec(8472, None, 3)]));
    assert_eq!((seen.dst_port, seen.tunnel.map(|tunnel| tunnel.cluster)), (53, Some(3)));
    assert_eq!(datagram(&tunnelled, &Overlays::default()).dst_port, 8472);
}

#[test]
fn broken_udp_is_told() {
    let broken = |payload: &[u8]| see(&between_pods(17, payload), &Overlays::default()).outcome();
    assert_eq!(broken(&[0; 7]), Outcome::Malformed(Layer::Udp));
    assert_eq!(broken(b"\0\x01\0\x02\0\x07\0\0"), Outcome::Malformed(Layer::Udp));
    assert_eq!(broken(b"\0\x01\0\x02\0\x09\0\0"), Outcome::Malformed(Layer::Udp));
    let cut = read(&between_pods(17, &[0; 20])[..41], 54, LinkType::Ethernet, &Overlays::default());
    assert_eq!(cut.outcome(), Outcome::Truncated(Layer::Udp));
}

#[test]
fn sctp_is_read() {
    let init = b"\xc0\x00\x0e\x59\0\0\0\0\0\0\0\0\x01\0\0\x04";
    let seen = datagram(&between_pods(132, init), &Overlays::default());
    assert_eq!((seen.src_port, seen.dst_port, seen.role, seen.payload_len), (49152, 3673, Role::Asks, 4));
    assert_eq!(see(&between_pods(132, &init[..11]), &Overlays::default()).outcome(), Outcome::Malformed(Layer::Sctp));
}

#[test]
fn a_ping_and_its_answer_have_the_same_ends() {
    let ping = datagram(&between_pods(1, b"\x08\0\0\0\x12\x34\0\x01data"), &Overlays::default());
    assert_eq!((ping.src_port, ping.dst_port, ping.role), (0x1234, 0x1234, Role::Asks));
    assert_eq!((ping.icmp, ping.payload_len), (Some((8, 0)), 4));
    let pong = build::ethernet(&build::ip(POD_B6, POD_A6, 58, b"\x81\0\0\0\x12\x34\0\x01"));
    let pong = datagram(&pong, &Overlays::default());
    assert_eq!((pong.src_port, pong.dst_port, pong.role), (0x1234, 0x1234, Role::Answers));
    let advertisement = datagram(&between_pods(58, b"\x88\0\0\0\0\0\0\0"), &Overlays::default());
    assert_eq!((advertisement.src_port, advertisement.dst_port), (0, 0x8800));
}

fn error(frame: &[u8]) -> IcmpError {
    match see(frame, &Overlays::default()) {
        Seen::IcmpError(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_tell_what_they_quote() {
    let sent = build::frame(&segment());
    let mut payload = b"\x03\x03\0\0\0\0\0\0".to_vec();
    payload.extend(&sent[14..14 + 28]);
    let seen = error(&build::ethernet(&build::ip(NODES.0, POD_A, 1, &payload)));
    assert_eq!((seen.addrs.src(), seen.addrs.dst(), seen.kind, seen.code), (NODES.0, POD_A, 3, 3));
    assert_eq!((seen.quoted.addrs.src(), seen.quoted.addrs.dst()), (POD_A, POD_B));
    assert_eq!((seen.quoted.proto, seen.quoted.src_port, seen.quoted.dst_port), (6, 40000, 8080));
    assert_eq!(seen.quoted.seq, Some(7));
}

#[test]
fn errors_over_ipv6_quote_behind_extensions() {
    let mut inner = b"\x11\0\0\0\0\0\0\0".to_vec();
    inner.extend(build::udp(5000, 53, &[]));
    let mut payload = b"\x01\x04\0\0\0\0\0\0".to_vec();
    payload.extend(build::ip(POD_A6, POD_B6, 60, &inner));
    let seen = error(&build::ethernet(&build::ip(POD_B6, POD_A6, 58, &payload)));
    assert_eq!((seen.quoted.proto, seen.quoted.src_port, seen.quoted.dst_port), (17, 5000, 53));
    assert_eq!((seen.quoted.addrs.src(), seen.quoted.seq), (POD_A6, None));
}

#[test]
fn errors_that_quote_too_little_are_messages() {
    let sent = build::frame(&segment());
    let quoting = |bytes: &[u8]| between_pods(1, &[b"\x0b\0\0\0\0\0\0\0", bytes].concat());
    for len in 0..24 {
        assert_eq!(see(&quoting(&sent[14..14 + len]), &Overlays::default()).outcome(), Outcome::Icmp);
    }
    let ping = build::ip(POD_A, POD_B, 1, &[8, 0, 0, 0, 0, 1, 0, 1]);
    assert_eq!(see(&quoting(&ping), &Overlays::default()).outcome(), Outcome::Icmp);
    let [_, later] = build::fragments(&sent, 24, 9);
    assert_eq!(see(&quoting(&later[14..]), &Overlays::default()).outcome(), Outcome::Icmp);
    assert_eq!(see(&between_pods(1, &[8; 7]), &Overlays::default()).outcome(), Outcome::Malformed(Layer::Icmp));
}

#[test]
fn later_fragments_follow_the_first() {
    let [first, later] = build::fragments(&build::frame(&segment()), 40, 0x1234);
    let known = Overlays::default();
    assert!(matches!(see(&first, &known), Seen::Tcp(parsed) if parsed.fragmented));
    let told = first_fragment(&first, first.len() as u32, LinkType::Ethernet, &known).unwrap();
    let Seen::Fragment(fragment) = see(&later, &known) else { panic!() };
    assert_eq!(told.key, fragment.key);
    assert_eq!((fragment.key.id, fragment.key.proto, fragment.payload_len), (0x1234, 6, 80));
    assert_eq!((fragment.key.addrs.src(), fragment.tunnel), (POD_A, None));
    let whole = build::frame(&segment());
    assert_eq!(first_fragment(&whole, 154, LinkType::Ethernet, &known), None);
}

#[test]
fn a_tunnels_later_fragments_follow_what_it_carries() {
    let frame = build::vxlan(NODES, 8472, 1, &build::frame(&segment()));
    let known = overlays(&[spec(8472, None, 0)]);
    let [first, later] = build::fragments(&frame, 120, 77);
    let Seen::Tcp(parsed) = see(&first, &known) else { panic!() };
    assert_eq!((parsed.addrs.src(), parsed.fragmented, parsed.payload_len), (POD_A, true, 100));
    let told = first_fragment(&first, first.len() as u32, LinkType::Ethernet, &known).unwrap();
    let Seen::Fragment(fragment) = see(&later, &known) else { panic!() };
    assert_eq!((told.key, told.tunnel), (fragment.key, None));
    assert_eq!((fragment.key.addrs.src(), fragment.key.proto), (NODES.0, 17));
}

#[test]
fn fragments_in_a_tunnel_are_in_its_network() {
    let [first, later] = build::fragments(&build::frame(&segment()), 40, 3);
    let known = overlays(&[spec(8472, None, 4)]);
    let [first, later] = [first, later].map(|frame| build::vxlan(NODES, 8472, 6, &frame));
    let told = first_fragment(&first, first.len() as u32, LinkType::Ethernet, &known).unwrap();
    let Seen::Fragment(fragment) = see(&later, &known) else { panic!() };
    assert_eq!((told.key, told.tunnel), (fragment.key, fragment.tunnel));
    assert_eq!(fragment.tunnel.map(|tunnel| (tunnel.vni, tunnel.cluster)), Some((6, 4)));
}

fn ipv6_fragment(offset_and_more: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![6, 0];
    bytes.extend(offset_and_more.to_be_bytes());
    bytes.extend(0xdead_beef_u32.to_be_bytes());
    bytes.extend(payload);
    build::ethernet(&build::ip(POD_A6, POD_B6, 44, &bytes))
}

#[test]
fn fragments_over_ipv6() {
    let known = Overlays::default();
    let segment = build::tcp(&segment6());
    let first = ipv6_fragment(1, &segment[..40]);
    assert!(matches!(see(&first, &known), Seen::Tcp(parsed) if parsed.fragmented && parsed.payload_len == 20));
    let told = first_fragment(&first, first.len() as u32, LinkType::Ethernet, &known).unwrap();
    let Seen::Fragment(fragment) = see(&ipv6_fragment(40, &segment[40..]), &known) else { panic!() };
    assert_eq!(told.key, fragment.key);
    assert_eq!((fragment.key.id, fragment.key.proto, fragment.payload_len), (0xdead_beef, 0, 80));
    let atomic = ipv6_fragment(0, &segment);
    assert!(matches!(see(&atomic, &known), Seen::Tcp(parsed) if !parsed.fragmented));
}

#[test]
fn extension_headers_are_passed_over() {
    let mut bytes = b"\x2b\0\0\0\0\0\0\0\x3c\0\0\0\0\0\0\0\x33\0\0\0\0\0\0\0\x06\x01\0\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(build::tcp(&segment6()));
    let frame = build::ethernet(&build::ip(POD_A6, POD_B6, 0, &bytes));
    assert_eq!(plain(&frame).map(|parsed| (parsed.src_port, parsed.payload_len)), Ok((40000, 100)));
    let endless = build::ethernet(&build::ip(POD_A6, POD_B6, 0, &[0; 80]));
    assert_eq!(plain(&endless), Err(Outcome::TooDeep));
    let beyond = build::ethernet(&build::ip(POD_A6, POD_B6, 60, b"\x06\x09\0\0\0\0\0\0"));
    assert_eq!(plain(&beyond), Err(Outcome::Malformed(Layer::Ipv6)));
}

#[test]
fn options_and_authentication_over_ipv4_are_passed_over() {
    let segment = build::tcp(&segment());
    let authenticated = between_pods(51, &[b"\x06\x01\0\0\0\0\0\0\0\0\0\0".as_slice(), &segment].concat());
    assert_eq!(plain(&authenticated).map(|parsed| parsed.payload_len), Ok(100));
    assert_eq!(plain(&between_pods(51, &[6; 8])), Err(Outcome::Truncated(Layer::Ah)));
    assert_eq!(plain(&between_pods(51, &[6; 12])), Err(Outcome::Malformed(Layer::Ah)));
    let mut frame = build::frame(&super::segment());
    frame[14] = 0x47;
    let total = 20 + 8 + segment.len() as u16;
    frame[16..18].copy_from_slice(&total.to_be_bytes());
    frame.splice(34..34, [1; 8]);
    assert_eq!(plain(&frame).map(|parsed| (parsed.src_port, parsed.payload_len)), Ok((40000, 100)));
}

fn encrypted(frame: &[u8], overlays: &Overlays) -> Encrypted {
    match see(frame, overlays) {
        Seen::Encrypted(encrypted) => encrypted,
        other => panic!("{other:?}"),
    }
}

#[test]
fn wireguard_is_known_on_its_ports_alone() {
    let mut data = vec![0; 96];
    data[0] = 4;
    let frame = build::udp_between(NODES, 51820, &data);
    let known = overlays(&[of(Encap::Wireguard, 51820)]);
    let seen = encrypted(&frame, &known);
    assert_eq!((seen.kind, seen.addrs.src(), seen.dst_port, seen.payload_len), (Encap::Wireguard, NODES.0, 51820, 96));
    assert_eq!(see(&frame, &Overlays::default()).outcome(), Outcome::Udp);
    let back = build::ethernet(&build::ip(NODES.1, NODES.0, 17, &build::udp(51820, 40001, &data)));
    assert_eq!(encrypted(&back, &known).src_port, 51820);
    data[0] = 5;
    assert_eq!(see(&build::udp_between(NODES, 51820, &data), &known).outcome(), Outcome::Udp);
}

#[test]
fn esp_is_known_with_and_without_udp() {
    let known = Overlays::default();
    let bare = build::ethernet(&build::ip(NODES.0, NODES.1, 50, &[1; 40]));
    let seen = encrypted(&bare, &known);
    assert_eq!((seen.kind, seen.src_port, seen.payload_len), (Encap::Esp, 0, 40));
    let in_udp = build::udp_between(NODES, 4500, &[1; 40]);
    assert_eq!((encrypted(&in_udp, &known).kind, encrypted(&in_udp, &known).dst_port), (Encap::Esp, 4500));
    assert_eq!(see(&build::udp_between(NODES, 4500, &[0; 40]), &known).outcome(), Outcome::Udp);
    assert_eq!(see(&build::udp_between(NODES, 4500, &[0xff]), &known).outcome(), Outcome::Udp);
    let moved = build::udp_between(NODES, 4600, &[1; 40]);
    assert_eq!(encrypted(&moved, &overlays(&[of(Encap::Esp, 4600)])).kind, Encap::Esp);
}

#[test]
fn loopback_captures_are_read() {
    let frame = build::frame(&segment());
    for family in [b"\x02\0\0\0", b"\0\0\0\x02"] {
        let bytes = [family.as_slice(), &frame[14..]].concat();
        assert!(parse(&bytes, bytes.len() as u32, LinkType::Null, &Overlays::default()).is_ok());
    }
    let other = parse(b"\x07\0\0\0", 4, LinkType::Null, &Overlays::default());
    assert_eq!(other, Err(Outcome::Unsupported(Payload::Llc)));
}
