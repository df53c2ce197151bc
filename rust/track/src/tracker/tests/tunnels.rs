//! Connections in tunnels, and what tells them apart.
use super::*;

const NODE_A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1));
const NODE_B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2));
const NODE_C: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 3));
const NODE_D: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 4));

fn spec(vni: Option<u32>, vni_is_identity: bool) -> OverlaySpec {
    OverlaySpec { kind: Encap::Vxlan, port: 8472, vni, vni_is_identity, cluster: 0 }
}

fn nodes(from: usize) -> (IpAddr, IpAddr) {
    if from == OUT { (NODE_A, NODE_B) } else { (NODE_B, NODE_A) }
}

fn in_network_1(from: usize, frame: Vec<u8>) -> Vec<u8> {
    build::vxlan(nodes(from), 8472, 1, &frame)
}

fn in_network_2(from: usize, frame: Vec<u8>) -> Vec<u8> {
    build::vxlan(nodes(from), 8472, 2, &frame)
}

fn by_sender(from: usize, frame: Vec<u8>) -> Vec<u8> {
    build::vxlan(nodes(from), 8472, 1000 + u32::try_from(from).unwrap(), &frame)
}

fn in_other_cluster(from: usize, frame: Vec<u8>) -> Vec<u8> {
    let nodes = if from == OUT { (NODE_C, NODE_D) } else { (NODE_D, NODE_C) };
    build::vxlan(nodes, 8472, 1, &frame)
}

fn only_back(from: usize, frame: Vec<u8>) -> Vec<u8> {
    if from == IN { in_network_1(from, frame) } else { frame }
}

fn talk(wrap: fn(usize, Vec<u8>) -> Vec<u8>, specs: &[OverlaySpec]) -> Talk {
    let mut talk = Talk::new();
    talk.tracker.set_overlays(specs);
    talk.wrap = wrap;
    talk
}

#[test]
fn the_tunnel_is_part_of_the_row() {
    let mut talk = talk(in_network_1, &[OverlaySpec { cluster: 4, ..spec(Some(1), false) }]);
    talk.handshake().close(0, 0);
    let row = talk.row();
    assert_eq!((row.src, row.dst, row.end), (CLIENT.0, SERVER.0, Some(End::Fin)));
    assert_eq!((row.encap, row.vni, row.overlay_cluster, row.cluster), (Some(Encap::Vxlan), Some(1), 4, 4));
    assert_eq!((row.outer_src, row.outer_dst), (Some(NODE_A), Some(NODE_B)));
}

#[test]
fn outer_addresses_are_the_clients_and_the_servers_whoever_comes_first() {
    let mut talk = talk(in_network_1, &[spec(Some(1), false)]);
    talk.server(SYN | ACK, 0, 1, 0);
    assert_eq!((talk.row().outer_src, talk.row().outer_dst), (Some(NODE_A), Some(NODE_B)));
}

#[test]
fn ipv6_tunnels_keep_their_addresses() {
    let wrap: fn(usize, Vec<u8>) -> Vec<u8> = |_, frame| {
        let node = |last| IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, last));
        build::vxlan((node(1), node(2)), 8472, 1, &frame)
    };
    let mut talk = talk(wrap, &[spec(None, false)]);
    talk.client(SYN, 0, 0, 0);
    assert_eq!(talk.row().outer_dst, Some("fd99::2".parse().unwrap()));
    assert_eq!(talk.row().src, CLIENT.0);
}

#[test]
fn networks_are_apart() {
    let mut talk = talk(in_network_1, &[spec(None, false)]);
    talk.handshake();
    talk.wrap = in_network_2;
    talk.handshake();
    let networks: Vec<_> = rows(&talk.tracker).iter().map(|row| (row.vni, row.opkts)).collect();
    assert_eq!(networks, [(Some(1), 2), (Some(2), 2)]);
}

#[test]
fn identities_are_not_networks() {
    let mut talk = talk(by_sender, &[spec(None, true)]);
    talk.handshake();
    assert_eq!((talk.state(), talk.row().vni), (State::Est, Some(1000)));
}

#[test]
fn clusters_with_the_same_network_are_apart_by_their_nodes() {
    let mut talk = talk(in_network_1, &[spec(Some(1), false)]);
    talk.tracker.set_nodes(&[(NODE_A, 1), (NODE_B, 1), (NODE_C, 2), (NODE_D, 2)]);
    talk.handshake();
    talk.wrap = in_other_cluster;
    talk.client(SYN, 0, 0, 0);
    let found: Vec<_> = rows(&talk.tracker).iter().map(|row| (row.cluster, row.state)).collect();
    assert_eq!(found, [(1, State::Est), (2, State::Syn)]);
}

#[test]
fn one_direction_may_travel_plain() {
    let mut talk = talk(only_back, &[spec(Some(1), false)]);
    talk.handshake().client(ACK, 1, 1, 10).server(ACK, 1, 11, 20).close(10, 20);
    let row = talk.row();
    assert_eq!((row.end, row.obytes, row.ibytes, row.encap), (Some(End::Fin), 10, 20, None));
}

#[test]
fn the_plain_direction_may_come_second() {
    let mut talk = talk(only_back, &[spec(Some(1), false)]);
    talk.server(SYN | ACK, 0, 1, 0).client(ACK, 1, 1, 0);
    assert_eq!((talk.state(), talk.row().vni), (State::Est, Some(1)));
}

#[test]
fn plain_and_tunnelled_stay_apart_where_the_clusters_differ() {
    let mut talk = talk(only_back, &[OverlaySpec { cluster: 4, ..spec(Some(1), false) }]);
    talk.handshake();
    assert_eq!(rows(&talk.tracker).len(), 2);
}

#[test]
fn the_vlan_and_the_source_are_the_first_packets() {
    let mut tracker = tracker();
    let segment = Built { src: CLIENT, dst: SERVER, seq: 0, ack: 0, flags: SYN, payload: 0 };
    for (source, vlan) in [(7, 100), (8, 200)] {
        let frame = build::tagged(&build::frame(&segment), 0x8100, vlan);
        tracker.batch(&[Frame {
            ts_ns: START,
            wire_len: 58,
            data: &frame,
            source,
            link: LinkType::Ethernet,
            vlan: None,
        }]);
    }
    let row = only(&tracker);
    assert_eq!((row.vlan, row.source), (100, 7));
}

#[test]
fn a_tag_that_was_taken_out_of_the_frame_is_the_outermost() {
    let mut tracker = tracker();
    let segment = Built { src: CLIENT, dst: SERVER, seq: 0, ack: 0, flags: SYN, payload: 0 };
    let frame = build::tagged(&build::frame(&segment), 0x8100, 100);
    let vlan = Some(300);
    tracker.batch(&[Frame { ts_ns: START, wire_len: 62, data: &frame, source: 0, link: LinkType::Ethernet, vlan }]);
    assert_eq!(only(&tracker).vlan, 300);
}
