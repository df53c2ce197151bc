//! Who the two sides are.
use super::*;

const NODES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2))];

fn claim(cluster: u16, addr: IpAddr, endpoint: u32, from_ns: u64, until_ns: Option<u64>) -> Claim {
    Claim { cluster, addr, endpoint, from_ns, until_ns }
}

fn tunnelled(from: usize, frame: Vec<u8>) -> Vec<u8> {
    build::vxlan((NODES[from], NODES[1 - from]), 8472, 1, &frame)
}

fn in_tunnel() -> Talk {
    let mut talk = Talk::new();
    let spec = OverlaySpec { kind: Encap::Vxlan, port: 8472, vni: Some(1), vni_is_identity: false, cluster: 0 };
    talk.tracker.set_overlays(&[spec]);
    talk.wrap = tunnelled;
    talk
}

#[test]
fn both_sides_are_named_at_the_first_packet() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 11, START - 5, None), claim(3, SERVER.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.src_reason), (11, Reason::Named));
    assert_eq!((row.dst_endpoint, row.dst_reason), (12, Reason::Named));
    assert_eq!((row.cluster, row.overlay_cluster), (3, 0));
}

#[test]
fn a_side_without_a_name_says_why() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 11, START - 5, Some(START))]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_reason, talk.row().dst_reason), (Reason::Ended, Reason::NoneClaims));
    talk.tracker.add_claims(&[claim(3, SERVER.0, 12, START + 1, None)]);
    assert_eq!((talk.row().dst_reason, talk.row().dst_endpoint), (Reason::NotYet, 0));
}

#[test]
fn an_address_that_changes_hands_keeps_the_old_name_on_old_connections() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(3, SERVER.0, 12, START - 5, None)]);
    talk.handshake().close(0, 0);
    talk.tracker
        .add_claims(&[claim(3, SERVER.0, 12, START - 5, Some(talk.now)), claim(3, SERVER.0, 13, talk.now, None)]);
    talk.first = [1, 2];
    talk.after(SECOND).client(SYN, 0, 0, 0);
    let endpoints: Vec<_> = rows(&talk.tracker).iter().map(|row| row.dst_endpoint).collect();
    assert_eq!(endpoints, [12, 13]);
}

#[test]
fn a_claim_that_comes_late_names_what_it_covers() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(SECOND);
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 11, START - SECOND, None), claim(3, SERVER.0, 12, talk.now, None)]);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.dst_endpoint, row.cluster), (11, 0, 3));
    assert_eq!(talk.counters().named_late, 1);
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 99, START - SECOND, None)]);
    assert_eq!(talk.row().src_endpoint, 11);
}

#[test]
fn a_late_claim_never_names_the_successor_in_a_slot() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0);
    talk.tracker.expire(talk.now);
    talk.tracker.expire(talk.now + 100 * SECOND);
    assert!(talk.tracker.is_empty());
    talk.after(200 * SECOND).ends[0].0 = "10.9.9.9".parse().unwrap();
    talk.client(SYN, 0, 0, 0);
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 11, START - SECOND, None)]);
    assert_eq!(talk.row().src_endpoint, 0);
}

#[test]
fn a_claim_that_reaches_far_back_names_by_a_pass_over_the_table() {
    let mut tracker = Tracker::new(Limits { max_memory_bytes: 1 << 25, ..Limits::default() });
    let addr = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n));
    for n in 0..70_000_u32 {
        let built = Built { src: (addr(n), 1), dst: SERVER, seq: 0, ack: 0, flags: SYN, payload: 0 };
        feed(&mut tracker, START + u64::from(n), &build::frame(&built));
    }
    tracker.add_claims(&[claim(1, addr(3), 11, START - 1, None)]);
    let name = |tracker: &Tracker| rows(tracker)[3].src_endpoint;
    assert_eq!(name(&tracker), 0);
    while tracker.expire(START) {}
    assert_eq!((name(&tracker), tracker.counters().claim_sweeps), (11, 1));
    tracker.add_claims(&[claim(1, addr(69_999), 12, START + 69_000, None)]);
    assert_eq!((rows(&tracker)[69_999].src_endpoint, tracker.counters().claim_sweeps), (12, 1));
}

#[test]
fn two_clusters_on_one_address_name_nobody() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(1, CLIENT.0, 11, START, None), claim(2, CLIENT.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_endpoint, talk.row().src_reason), (0, Reason::Ambiguous));
}

#[test]
fn what_two_clusters_claimed_stays_without_a_name_when_one_of_them_goes() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(1, CLIENT.0, 11, START, None), claim(2, CLIENT.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    talk.tracker.drop_cluster(1);
    talk.tracker.set_nodes(&[(NODES[0], 2)]);
    talk.tracker.add_claims(&[claim(2, CLIENT.0, 12, START, None)]);
    while talk.tracker.expire(talk.now) {}
    assert_eq!((talk.row().src_endpoint, talk.row().src_reason), (0, Reason::Ambiguous));
}

#[test]
fn the_tunnels_nodes_tell_the_cluster() {
    let mut talk = in_tunnel();
    talk.tracker.set_nodes(&[(NODES[0], 2), (NODES[1], 2)]);
    talk.tracker.add_claims(&[claim(1, CLIENT.0, 11, START, None), claim(2, CLIENT.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.cluster, row.overlay_cluster), (12, 2, 2));
}

#[test]
fn nodes_that_become_known_late_resolve_what_was_ambiguous() {
    let mut talk = in_tunnel();
    talk.tracker.add_claims(&[claim(1, CLIENT.0, 11, START, None), claim(2, CLIENT.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!(talk.row().src_reason, Reason::Ambiguous);
    talk.tracker.set_nodes(&[(NODES[0], 2)]);
    while talk.tracker.expire(talk.now) {}
    assert_eq!((talk.row().src_endpoint, talk.row().cluster), (12, 2));
}

#[test]
fn a_node_that_two_clusters_name_tells_nothing() {
    let mut talk = in_tunnel();
    talk.tracker.set_nodes(&[(NODES[0], 1), (NODES[0], 2), (NODES[1], 2)]);
    talk.tracker.add_claims(&[claim(1, CLIENT.0, 11, START, None), claim(2, CLIENT.0, 12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_reason, talk.row().cluster), (Reason::Ambiguous, 0));
}

#[test]
fn connections_keep_the_names_of_a_cluster_that_is_dropped() {
    let mut talk = Talk::new();
    talk.tracker.add_claims(&[claim(3, CLIENT.0, 11, START, None)]);
    talk.handshake();
    talk.tracker.drop_cluster(3);
    assert_eq!((talk.row().src_endpoint, talk.counters().claims), (11, 0));
    talk.ends[0].1 = 5;
    talk.client(SYN, 0, 0, 0);
    assert_eq!(rows(&talk.tracker)[1].src_reason, Reason::NoneClaims);
}

#[test]
fn ipv6_addresses_are_named_too() {
    let mut talk = Talk::v6();
    let addr = talk.ends[1].0;
    talk.client(SYN, 0, 0, 0);
    talk.tracker.add_claims(&[claim(3, addr, 12, START, None)]);
    assert_eq!(talk.row().dst_endpoint, 12);
}
