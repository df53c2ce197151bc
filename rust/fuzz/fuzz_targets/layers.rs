//! Any bytes behind sound headers, so that each parser is reached at once: the first byte chooses which. What the quick
//! reader and the general one make of them is the same, and so is what tells trackers apart.
#![no_main]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use track::{Spread, Stragglers};
use wire::{Encap, Frame, LinkType, OverlaySpec, Overlays, Seen, build};

/// What a protocol number or a port leads to.
const OVERLAYS: [(Encap, u16); 9] = [
    (Encap::Vxlan, 8472),
    (Encap::Geneve, 6081),
    (Encap::Wireguard, 51820),
    (Encap::Gue, 6080),
    (Encap::Fou, 5555),
    (Encap::Udp, 8285),
    (Encap::Ipip, 0),
    (Encap::Gre, 0),
    (Encap::Nvgre, 0),
];
/// IP protocols with a parser of their own, and the extension headers of IPv6.
const PROTOCOLS: [u8; 16] = [0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 132, 135, 139];
const PORTS: [u16; 7] = [8472, 6081, 51820, 6080, 5555, 8285, 4500];
const LINKS: [LinkType; 5] =
    [LinkType::Ethernet, LinkType::RawIp, LinkType::Null, LinkType::LinuxSll, LinkType::LinuxSll2];

fn ends(is_v6: bool) -> (IpAddr, IpAddr) {
    if is_v6 {
        (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into())
    } else {
        (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::BROADCAST.into())
    }
}

/// The bytes behind the headers that lead to the chosen parser, and what the first of them is.
fn led_to(choice: u8, bytes: &[u8]) -> (Vec<u8>, LinkType) {
    let (is_v6, which) = (choice & 0x80 != 0, usize::from(choice & 0x7f));
    let (src, dst) = ends(is_v6);
    let protocol = PROTOCOLS.get(which).map(|&protocol| build::ip(src, dst, protocol, bytes));
    let port = || PORTS.get(which - PROTOCOLS.len()).map(|&port| build::ip(src, dst, 17, &build::udp(9, port, bytes)));
    match protocol.or_else(port) {
        Some(packet) => (build::ethernet(&packet), LinkType::Ethernet),
        None => (bytes.to_vec(), LINKS[which % LINKS.len()]),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let specs = OVERLAYS.map(|(kind, port)| OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 1 });
    let (overlays, _) = Overlays::new(&specs);
    let (frame, link) = led_to(choice, &bytes[..bytes.len().min(9000)]);
    let wire_len = frame.len() as u32;
    let seen = wire::read(&frame, wire_len, link, &overlays);
    if let Some(parsed) = wire::quick(&frame, wire_len, link, &overlays) {
        assert_eq!(seen, Seen::Tcp(parsed));
    }
    let frame = Frame { ts_ns: 1, wire_len, data: &frame, source: 0, link, vlan: None };
    let spread = Spread::new(5, &specs);
    match spread.of(&frame) {
        Some(share) if matches!(seen, Seen::Tcp(_) | Seen::Datagram(_)) => {
            assert_eq!(Some(share.shard), spread.closely(&frame).map(|share| share.shard));
        }
        Some(_) => {}
        None => assert!(spread.in_order(&frame, &mut Stragglers::default()).shard < 5),
    }
});
