//! Who the two sides are.
use super::*;
use crate::ProtoPort;

const NODES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2))];

fn span(endpoint: u32, from_ns: u64, until_ns: Option<u64>) -> Span {
    Span { endpoint, from_ns, until_ns }
}

impl Talk {
    /// Tells who held an address when, as far as a cluster knows.
    fn told(&mut self, cluster: u16, addr: IpAddr, spans: &[Span]) -> &mut Self {
        self.tracker.set_claims(&Place { cluster, addr, port: None }, spans);
        self
    }

    /// Two clusters that both claim the client's address.
    fn claimed_twice(&mut self) -> &mut Self {
        self.told(1, CLIENT.0, &[span(11, START, None)]).told(2, CLIENT.0, &[span(12, START, None)])
    }
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
fn both_sides_are_named_by_the_first_packet() {
    let mut talk = Talk::new();
    talk.told(3, CLIENT.0, &[span(11, START - 5, None)]).told(3, SERVER.0, &[span(12, START, None)]);
    talk.client(SYN, 0, 0, 0);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.src_reason), (11, Reason::Named));
    assert_eq!((row.dst_endpoint, row.dst_reason), (12, Reason::Named));
    assert_eq!((row.cluster, row.overlay_cluster), (3, 0));
}

#[test]
fn a_side_without_a_name_says_why() {
    let mut talk = Talk::new();
    talk.told(3, CLIENT.0, &[span(11, START - 5, Some(START))]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_reason, talk.row().dst_reason), (Reason::Ended, Reason::NoneClaims));
    assert_eq!((talk.row().src_since_ns, talk.row().src_cluster), (Some(START), 3));
    talk.told(3, SERVER.0, &[span(12, START + 1, None)]);
    assert_eq!((talk.row().dst_reason, talk.row().dst_endpoint), (Reason::NotYet, 0));
    talk.told(3, SERVER.0, &[span(0, START, Some(START + 1)), span(12, START + 1, None)]);
    assert_eq!((talk.row().dst_reason, talk.row().dst_endpoint), (Reason::Unsure, 0));
}

#[test]
fn an_address_that_changes_hands_keeps_the_old_name_on_old_connections() {
    let mut talk = Talk::new();
    talk.told(3, SERVER.0, &[span(12, START - 5, None)]);
    talk.handshake().close(0, 0);
    let now = talk.now;
    talk.told(3, SERVER.0, &[span(12, START - 5, Some(now)), span(13, now, None)]);
    talk.first = [1, 2];
    talk.after(SECOND).client(SYN, 0, 0, 0);
    let endpoints: Vec<_> = rows(&talk.tracker).iter().map(|row| row.dst_endpoint).collect();
    assert_eq!(endpoints, [12, 13]);
}

#[test]
fn what_is_told_late_names_what_it_covers_and_corrects_what_was_named() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(SECOND);
    let now = talk.now;
    talk.told(3, CLIENT.0, &[span(11, START - SECOND, None)]).told(3, SERVER.0, &[span(12, now, None)]);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.dst_endpoint, row.cluster), (11, 0, 3));
    talk.told(3, CLIENT.0, &[span(11, START - SECOND, Some(START)), span(99, START, None)]);
    assert_eq!(talk.row().src_endpoint, 99);
}

#[test]
fn connections_that_ended_are_judged_when_they_are_taken() {
    let mut talk = Talk::new();
    talk.handshake().close(0, 0);
    talk.tracker.flush();
    talk.told(3, CLIENT.0, &[span(11, START, None)]);
    let taken = talk.tracker.take_ended(10);
    assert_eq!((taken.len(), taken[0].src_endpoint, taken[0].dst_reason), (1, 11, Reason::NoneClaims));
}

#[test]
fn those_whose_cluster_is_away_wait_for_it() {
    let mut talk = Talk::new();
    talk.told(3, CLIENT.0, &[span(11, START, None)]);
    talk.tracker.set_away(&[(3, START)]);
    talk.tracker.set_holding(true);
    talk.handshake().close(0, 0);
    talk.tracker.flush();
    assert_eq!(talk.tracker.take_ended(10), []);
    let news = talk.tracker.held_news(10);
    assert_eq!((news.len(), news[0].src_reason), (1, Reason::Away));
    assert_eq!(talk.tracker.held_news(10), []);
    talk.tracker.set_away(&[]);
    assert_eq!(talk.tracker.take_ended(10), [], "what it missed to tell may come only now");
    talk.tracker.set_holding(false);
    let taken = talk.tracker.take_ended(10);
    assert_eq!((taken.len(), taken[0].src_endpoint), (1, 11));
    assert_eq!(talk.tracker.take_ended(10), []);
}

#[test]
fn what_has_its_names_waits_for_nobody() {
    let mut talk = Talk::new();
    talk.told(3, CLIENT.0, &[span(11, START, Some(START + 1))]).told(3, SERVER.0, &[span(12, START, Some(START + 1))]);
    talk.tracker.set_away(&[(3, START)]);
    talk.tracker.set_holding(true);
    talk.handshake().close(0, 0);
    talk.tracker.flush();
    assert_eq!(talk.tracker.take_ended(10).len(), 1);
}

#[test]
fn a_port_of_a_node_is_its_pods_for_servers_only() {
    let mut talk = Talk::new();
    let both = [CLIENT, SERVER];
    for (addr, port) in both {
        talk.told(3, addr, &[span(1, START, None)]);
        let port = Some(ProtoPort { proto: 6, port });
        talk.tracker.set_claims(&Place { cluster: 3, addr, port }, &[span(7, START, None)]);
    }
    talk.client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_endpoint, talk.row().dst_endpoint), (1, 7));
    let port = Some(ProtoPort { proto: 6, port: SERVER.1 });
    talk.tracker.set_claims(&Place { cluster: 3, addr: SERVER.0, port }, &[span(0, START, None)]);
    assert_eq!((talk.row().dst_endpoint, talk.row().dst_reason), (1, Reason::Named));
}

#[test]
fn while_a_cluster_is_away_its_claims_name_nobody_that_is_new() {
    let mut talk = Talk::new();
    talk.told(3, SERVER.0, &[span(12, START - 5, None)]);
    talk.client(SYN, 0, 0, 0);
    talk.tracker.set_away(&[(3, START + 1)]);
    assert_eq!(talk.row().dst_reason, Reason::Named);
    talk.tracker.set_away(&[(3, START)]);
    let row = talk.row();
    assert_eq!((row.dst_endpoint, row.dst_reason, row.dst_since_ns), (0, Reason::Away, Some(START)));
    assert_eq!((row.src_reason, row.src_cluster), (Reason::Away, 3));
    talk.told(3, SERVER.0, &[span(12, START - 5, Some(START + 1))]);
    assert_eq!(talk.row().dst_endpoint, 12);
    talk.tracker.set_away(&[]);
    assert_eq!(talk.row().src_reason, Reason::NoneClaims);
}

#[test]
fn two_clusters_on_one_address_name_nobody() {
    let mut talk = Talk::new();
    talk.claimed_twice().client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_endpoint, talk.row().src_reason), (0, Reason::Ambiguous));
}

#[test]
fn the_place_tells_clusters_apart() {
    let mut talk = Talk::new();
    let scope = |cluster, vlan| Scope { cluster, source: Some(0), vlan: Some(vlan) };
    talk.tracker.set_scopes(&[scope(1, 0), scope(2, 20)]);
    talk.claimed_twice().client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_endpoint, talk.row().cluster), (11, 1));
    talk.wrap = |_, frame| build::tagged(&frame, 0x8100, 20);
    talk.client(SYN, 0, 0, 0);
    let found: Vec<_> = rows(&talk.tracker).iter().map(|row| (row.src_endpoint, row.cluster)).collect();
    assert_eq!(found, [(11, 1), (12, 2)]);
}

#[test]
fn scopes_that_are_set_late_hold_for_earlier_connections() {
    let mut talk = Talk::new();
    talk.claimed_twice().client(SYN, 0, 0, 0);
    talk.tracker.set_scopes(&[Scope { cluster: 2, source: None, vlan: Some(0) }]);
    assert_eq!((talk.row().src_endpoint, talk.row().cluster), (12, 2));
}

#[test]
fn the_tunnels_nodes_tell_the_cluster() {
    let mut talk = in_tunnel();
    talk.tracker.set_nodes(&[(NODES[0], 2), (NODES[1], 2)]);
    talk.claimed_twice().client(SYN, 0, 0, 0);
    let row = talk.row();
    assert_eq!((row.src_endpoint, row.cluster, row.overlay_cluster), (12, 2, 2));
}

#[test]
fn nodes_that_become_known_late_resolve_what_was_ambiguous() {
    let mut talk = in_tunnel();
    talk.claimed_twice().client(SYN, 0, 0, 0);
    assert_eq!(talk.row().src_reason, Reason::Ambiguous);
    talk.tracker.set_nodes(&[(NODES[0], 2)]);
    assert_eq!((talk.row().src_endpoint, talk.row().cluster), (12, 2));
    while talk.tracker.expire(talk.now) {}
    assert_eq!(talk.tracker.table.slab.cold[0].cluster, 2);
}

#[test]
fn a_node_that_two_clusters_name_tells_nothing() {
    let mut talk = in_tunnel();
    talk.tracker.set_nodes(&[(NODES[0], 1), (NODES[0], 2), (NODES[1], 2)]);
    talk.claimed_twice().client(SYN, 0, 0, 0);
    assert_eq!((talk.row().src_reason, talk.row().cluster), (Reason::Ambiguous, 0));
    // Where it was seen still tells.
    talk.tracker.set_scopes(&[Scope { cluster: 1, source: Some(0), vlan: None }]);
    assert_eq!((talk.row().src_endpoint, talk.row().cluster), (11, 1));
}

#[test]
fn ipv6_addresses_are_named_too() {
    let mut talk = Talk::v6();
    let addr = talk.ends[1].0;
    talk.client(SYN, 0, 0, 0);
    talk.told(3, addr, &[span(12, START, None)]);
    assert_eq!(talk.row().dst_endpoint, 12);
}
