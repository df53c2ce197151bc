//! The same packet seen twice.
use super::*;

fn duplicates(talk: &Talk) -> u64 {
    talk.counters().sources.outcomes[Outcome::Duplicate.index()]
}

#[test]
fn a_copy_counts_once_and_a_retransmission_as_such() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.client(ACK | PSH, 1, 1, 100).after(20 * MICRO).mirrored_again(OUT, ACK | PSH, 1, 1, 100);
    talk.after(MILLI).client(ACK | PSH, 1, 1, 100);
    let row = talk.row();
    assert_eq!((row.opkts, row.obytes, row.retransmits, duplicates(&talk)), (4, 100, 1, 1));
}

#[test]
fn copies_may_lag_behind_others_of_the_same_connection() {
    let mut talk = Talk::new();
    talk.handshake();
    for n in 0..20 {
        talk.after(MICRO).client(ACK, 1 + 100 * n, 1, 100);
    }
    talk.id -= 20;
    for n in 0..20 {
        talk.after(MICRO).client(ACK, 1 + 100 * n, 1, 100);
    }
    let row = talk.row();
    assert_eq!((row.opkts, row.obytes, row.retransmits, row.out_of_order), (22, 2000, 0, 0));
    assert_eq!(duplicates(&talk), 20);
}

#[test]
fn handshakes_mirrored_twice_are_no_resends() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(MICRO).mirrored_again(OUT, SYN, 0, 0, 0);
    talk.after(MICRO).server(SYN | ACK, 0, 1, 0).after(MICRO).mirrored_again(IN, SYN | ACK, 0, 1, 0);
    talk.after(MICRO).close(0, 0);
    talk.after(MICRO).mirrored_again(OUT, ACK, 2, 2, 0);
    let row = talk.row();
    assert_eq!((row.syn_resends, row.syn_ack_resends, row.opkts, row.ipkts), (0, 0, 3, 2));
    assert_eq!(row.latency_ns, Some(2 * MICRO));
}

#[test]
fn without_an_identification_only_what_comes_at_once_is_a_copy() {
    let mut talk = Talk::v6();
    talk.handshake();
    talk.client(ACK, 1, 1, 100).after(100 * MICRO).mirrored_again(OUT, ACK, 1, 1, 100);
    talk.after(5 * MILLI).mirrored_again(OUT, ACK, 1, 1, 100);
    let row = talk.row();
    assert_eq!((row.opkts, row.retransmits, duplicates(&talk)), (4, 1, 1));
}

#[test]
fn acknowledgments_and_resets_without_an_identification_may_be_sent_twice_at_once() {
    for is_mirrored_twice in [false, true] {
        let mut talk = Talk::v6();
        for (from, flags, seq, payload, times) in [
            (OUT, SYN, 0, 0, 1),
            (IN, SYN | ACK, 0, 0, 1),
            (OUT, ACK, 1, 0, 3),
            (IN, ACK, 1, 100, 1),
            (OUT, RST, 1, 0, 2),
        ] {
            talk.after(10 * MICRO).send(from, flags, seq, 1, payload);
            let again = if is_mirrored_twice { 2 * times - 1 } else { times - 1 };
            for _ in 0..again {
                talk.after(10 * MICRO).mirrored_again(from, flags, seq, 1, payload);
            }
        }
        let row = talk.row();
        let told = (row.opkts, row.ipkts, duplicates(&talk));
        // Nobody knows how many of a connection's equal packets are copies once any are.
        assert_eq!(told, if is_mirrored_twice { (3, 2, 11) } else { (6, 2, 0) });
        assert_eq!((row.state, row.retransmits, row.syn_resends), (State::Rst, 0, 0));
    }
}

#[test]
fn a_packet_mirrored_outside_and_inside_of_its_tunnel_counts_once() {
    let mut talk = Talk::new();
    let spec = OverlaySpec { kind: Encap::Vxlan, port: 8472, vni: None, vni_is_identity: false, cluster: 0 };
    talk.tracker.set_overlays(&[spec]);
    let nodes = (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2)));
    for (id, outer) in [(7, false), (7, true)] {
        let plain =
            stamped(build::frame(&Built { src: CLIENT, dst: SERVER, seq: 1, ack: 0, flags: SYN, payload: 0 }), id, 1);
        let frame = if outer { build::vxlan(nodes, 8472, 1, &plain) } else { plain };
        feed(&mut talk.tracker, START, &frame);
    }
    assert_eq!((talk.row().opkts, duplicates(&talk)), (1, 1));
}

#[test]
fn equal_packets_of_two_clusters_are_no_copies() {
    let mut tracker = tracker();
    let spec = OverlaySpec { kind: Encap::Vxlan, port: 8472, vni: None, vni_is_identity: false, cluster: 0 };
    tracker.set_overlays(&[spec]);
    let node = |cluster: u16, last: u8| IpAddr::V4(Ipv4Addr::new(192, 168, cluster as u8, last));
    let nodes = [1, 2].map(|cluster| [(node(cluster, 1), cluster), (node(cluster, 2), cluster)]);
    tracker.set_nodes(&nodes.concat());
    let syn = Built { src: CLIENT, dst: SERVER, seq: 1, ack: 0, flags: SYN, payload: 0 };
    let plain = stamped(build::frame(&syn), 7, 1);
    for cluster in [1, 2] {
        feed(&mut tracker, START, &build::vxlan((node(cluster, 1), node(cluster, 2)), 8472, 1, &plain));
    }
    assert_eq!(rows(&tracker).iter().map(|row| row.cluster).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_window_that_opens_again_at_once_is_no_copy() {
    let mut talk = Talk::v6();
    talk.handshake();
    let ack = Built {
        src: talk.ends[IN],
        dst: talk.ends[OUT],
        seq: SERVER_SEQ + 1,
        ack: CLIENT_SEQ + 1,
        flags: ACK,
        payload: 0,
    };
    let mut frame = build::frame(&ack);
    let window = frame.len() - 20 + 14;
    for size in [0_u16, 0x5b] {
        frame[window..window + 2].copy_from_slice(&size.to_be_bytes());
        talk.now += 10 * MICRO;
        feed(&mut talk.tracker, talk.now, &frame);
    }
    let row = talk.row();
    assert_eq!((row.ipkts, row.zero_windows, duplicates(&talk)), (3, 1, 0));
}

/// An IPv6 datagram from the client to the server.
fn datagram_v6(payload: &[u8]) -> Vec<u8> {
    let addr = |last| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last));
    build::ethernet(&build::ip(addr(1), addr(2), 17, &build::udp(5000, 53, payload)))
}

#[test]
fn datagrams_without_an_identification_are_told_by_how_they_begin() {
    let mut tracker = tracker();
    for (number, copies) in [(1_u8, 3), (2, 2)] {
        for _ in 0..copies {
            feed(&mut tracker, START, &datagram_v6(&[number; 40]));
        }
    }
    feed(&mut tracker, START + 5 * MILLI, &datagram_v6(&[2; 40]));
    let row = only(&tracker);
    assert_eq!((row.opkts, row.obytes), (3, 120));
    assert_eq!(tracker.counters().sources.outcomes[Outcome::Duplicate.index()], 3);
}

#[test]
fn datagrams_of_which_too_little_was_captured_are_no_copies() {
    let mut tracker = tracker();
    let frame = datagram_v6(&[7; 40]);
    let data = &frame[..frame.len() - 30];
    let wire_len = u32::try_from(frame.len()).unwrap();
    let captured = Frame { ts_ns: START, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: None };
    tracker.batch(&[captured, captured]);
    assert_eq!(only(&tracker).opkts, 2);
}
