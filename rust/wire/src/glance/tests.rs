//! What is read in a straight line is read by whoever reads everything, too, and is the same.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::build::{self, Segment};
use crate::{IpPair, OverlaySpec, Seen, read};

fn addr(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 10, 1, last))
}

fn overlays() -> Overlays {
    let spec = |kind, port, vni| OverlaySpec { kind, port, vni, vni_is_identity: port == 6081, cluster: 3 };
    let specs = [spec(Encap::Vxlan, 8472, Some(1)), spec(Encap::Geneve, 6081, None), spec(Encap::Ipip, 0, None)];
    Overlays::new(&specs).0
}

fn frame(payload: usize, is_v6: bool) -> Vec<u8> {
    let addr = |last: u8| if is_v6 { Ipv6Addr::new(0xfd00, 0, 0, 7, 0, 0, 0, last.into()).into() } else { addr(last) };
    let (src, dst) = ((addr(1), 40000), (addr(2), 8080));
    let mut frame = build::frame(&Segment { src, dst, seq: 7, ack: 9, flags: 0x18, payload });
    if !is_v6 {
        frame[IP + 5] = 1;
    }
    frame
}

fn wrapped(frame: &[u8], how: u8) -> Vec<u8> {
    match how {
        0 => frame.to_vec(),
        1 => build::tagged(frame, 0x8100, 42),
        2 => build::vxlan((addr(3), addr(4)), 8472, 1, frame),
        3 => build::tagged(&build::vxlan((addr(3), addr(4)), 8472, 1, frame), 0x88a8, 7),
        4 => build::geneve((addr(3), addr(4)), 6081, 5, &[], frame),
        5 => build::geneve((addr(3), addr(4)), 6081, 5, &[0, 1, 0, 1, 9, 9, 9, 9], frame),
        _ => build::ip_in_ip((addr(3), addr(4)), build::datagram(frame)),
    }
}

#[test]
fn the_common_kinds_are_read() {
    for (how, is_v6) in (0..7).map(|how| (how, false)).chain((0..4).map(|how| (how, true))) {
        let frame = wrapped(&frame(100, is_v6), how);
        let cut = &frame[..frame.len() - 90];
        let parsed = glance(cut, LinkType::Ethernet, &overlays()).unwrap();
        assert_eq!(matches!(parsed.addrs, IpPair::V6 { .. }), is_v6);
        assert_eq!((parsed.src_port, parsed.payload_len, parsed.tunnel.is_some()), (40000, 100, how > 1));
    }
}

#[test]
fn what_is_too_short_is_not_read() {
    let whole = wrapped(&frame(0, true), 2);
    for len in 0..whole.len() {
        let cut = &whole[..len];
        assert_eq!((plain(cut), in_geneve_or_ip(cut, &overlays())), (None, None));
        assert_eq!((plain_v6(cut), in_vxlan_v6(cut, &overlays()), in_vxlan(cut, &overlays())), (None, None, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn it_reads_what_a_close_look_reads(
        how in 0..7_u8,
        is_v6: bool,
        payload in 0..60_usize,
        changes in proptest::collection::vec((0..130_usize, any::<u8>()), 0..3),
        cut in 0..150_usize,
        extra in 0..40_u32,
        is_cut_before: bool,
    ) {
        let mut frame = wrapped(&frame(payload, is_v6), how);
        for (at, byte) in changes {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        let whole_len = frame.len() as u32 + extra;
        frame.truncate(frame.len().saturating_sub(cut).max(1));
        let wire_len = if is_cut_before { frame.len() as u32 } else { whole_len };
        let overlays = overlays();
        if let Some(parsed) = glance(&frame, LinkType::Ethernet, &overlays) {
            prop_assert_eq!(read(&frame, wire_len, LinkType::Ethernet, &overlays), Seen::Tcp(parsed));
        }
    }
}
