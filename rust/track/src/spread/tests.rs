//! All packets of a connection go to one tracker, however they travel.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use wire::build::{self, Gre, Segment};
use wire::tcp::flag::{ACK, PSH, SYN};
use wire::{Encap, OverlaySpec};

use super::*;

const SHARDS: usize = 7;
const NODES: (IpAddr, IpAddr) = (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2)));

fn overlays() -> Vec<OverlaySpec> {
    let kinds = [(Encap::Vxlan, 8472), (Encap::Geneve, 6081), (Encap::Udp, 8285), (Encap::Ipip, 0), (Encap::Gre, 0)];
    let spec = |(kind, port)| OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 0 };
    kinds.map(spec).to_vec()
}

fn frame(data: &[u8]) -> Frame<'_> {
    Frame { ts_ns: 1_000, wire_len: data.len() as u32, data, source: 0, link: LinkType::Ethernet, vlan: None }
}

fn segment(src: (IpAddr, u16), dst: (IpAddr, u16), flags: u8, payload: usize) -> Vec<u8> {
    build::frame(&Segment { src, dst, seq: 1, ack: 1, flags, payload })
}

/// The frame as it is, and in every tunnel.
fn all_ways(plain: &[u8]) -> Vec<Vec<u8>> {
    let packet = &plain[FRAME_HEADER..];
    let vxlan = build::vxlan(NODES, 8472, 5, plain);
    let mirrored = build::erspan2(NODES, 3, &vxlan);
    vec![
        plain.to_vec(),
        build::tagged(plain, 0x8100, 7),
        build::tagged(&build::tagged(plain, 0x8100, 7), 0x88a8, 8),
        build::tagged(&vxlan, 0x8100, 9),
        build::vxlan(NODES, 8472, 5, &vxlan),
        build::geneve(NODES, 6081, 5, &[], plain),
        build::ip_in_udp(NODES, 8285, packet),
        build::ip_in_ip(NODES, packet),
        build::gre_ip(NODES, Gre::default(), packet),
        build::gre_teb(NODES, Gre::default(), plain),
        vxlan,
        mirrored,
    ]
}

fn address() -> impl Strategy<Value = IpAddr> {
    any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into())
}

fn wide_address() -> impl Strategy<Value = IpAddr> {
    any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into())
}

fn ends() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    prop_oneof![(address(), address()), (wide_address(), wide_address())]
}

proptest! {
    #[test]
    fn both_directions_in_any_tunnel_go_together((client, server) in ends(), ports in any::<(u16, u16)>()) {
        let spread = Spread::new(SHARDS, &overlays());
        let there = segment((client, ports.0), (server, ports.1), SYN, 0);
        let back = segment((server, ports.1), (client, ports.0), SYN | ACK, 0);
        let wanted = spread.of(&frame(&there)).unwrap().shard;
        prop_assert!(usize::from(wanted) < SHARDS);
        for (data, learned) in [(&there, 0), (&back, ports.1)] {
            for way in all_ways(data) {
                let wanted = Share { shard: wanted, learned };
                prop_assert_eq!(spread.of(&frame(&way)), Some(wanted));
                prop_assert_eq!(spread.closely(&frame(&way)), Some(wanted));
            }
        }
    }

    #[test]
    fn fragments_follow_their_first_one((client, server) in (address(), address()), id in any::<u16>()) {
        let spread = Spread::new(SHARDS, &overlays());
        let mut stragglers = Stragglers::default();
        let plain = segment((client, 40000), (server, 80), PSH | ACK, 1200);
        let wanted = spread.of(&frame(&plain)).unwrap().shard;
        for whole in [plain.clone(), build::vxlan(NODES, 8472, 5, &plain)] {
            for fragment in build::fragments(&whole, 512, id) {
                prop_assert_eq!(spread.of(&frame(&fragment)), None);
                prop_assert_eq!(spread.in_order(&frame(&fragment), &mut stragglers).shard, wanted);
            }
        }
    }

    #[test]
    fn a_glance_sees_what_reading_sees(
        (client, server) in (address(), address()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in any::<prop::sample::Index>(),
    ) {
        let spread = Spread::new(SHARDS, &overlays());
        for mut data in all_ways(&segment((client, 40000), (server, 80), PSH | ACK, 60)) {
            for (at, byte) in &changes {
                let at = at.index(data.len());
                data[at] = *byte;
            }
            let wire_len = data.len() as u32;
            data.truncate(data.len().min(60 + cut.index(data.len())));
            let damaged = Frame { wire_len, ..frame(&data) };
            // What makes no row may go anywhere.
            let makes_a_row = matches!(wire::read_frame(&damaged, &spread.overlays), Seen::Tcp(_) | Seen::Datagram(_));
            if let (Some(glanced), true) = (spread.at_a_glance(&damaged), makes_a_row) {
                prop_assert_eq!(Some(glanced.shard), spread.closely(&damaged).map(|share| share.shard));
            }
        }
    }
}

#[test]
fn the_trackers_get_about_as_much_each() {
    let spread = Spread::new(4, &[]);
    let mut counts = [0; 4];
    for n in 0..40_000_u32 {
        // Pods of some nodes that speak to few servers.
        let client = Ipv4Addr::new(10, 10, (n >> 7) as u8, n as u8 & 0x7f).into();
        let server = Ipv4Addr::new(10, 96, 0, (n % 5) as u8).into();
        let data = segment((client, 40000), (server, 80), SYN, 0);
        counts[usize::from(spread.of(&frame(&data)).unwrap().shard)] += 1;
    }
    assert!(counts.iter().all(|count| (9_000..11_000).contains(count)), "{counts:?}");
}

#[test]
fn an_error_goes_where_the_packet_went() {
    let spread = Spread::new(SHARDS, &overlays());
    let (client, server) = (Ipv4Addr::new(10, 1, 2, 3).into(), Ipv4Addr::new(10, 4, 5, 6).into());
    let router = Ipv4Addr::new(172, 16, 0, 1).into();
    let sent = segment((client, 40000), (server, 80), SYN, 0);
    let mut message = vec![3, 1, 0, 0, 0, 0, 0, 0];
    message.extend(&sent[FRAME_HEADER..]);
    let error = build::ethernet(&build::ip(router, client, 1, &message));
    assert_eq!(spread.of(&frame(&error)), spread.of(&frame(&sent)));
}
