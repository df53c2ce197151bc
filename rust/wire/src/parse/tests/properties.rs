//! What holds for any bytes and for any tunnels in each other.
use proptest::prelude::*;

use super::*;
use crate::build::Gre;

const LINKS: [LinkType; 5] =
    [LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll, LinkType::LinuxSll2, LinkType::Null];

/// Everything is looked into.
fn all() -> Overlays {
    let of = |kind: Encap, port| OverlaySpec { kind, ..spec(port, None, 1) };
    overlays(&[
        of(Encap::Vxlan, 8472),
        of(Encap::Vxlan, 4789),
        of(Encap::Geneve, 6081),
        of(Encap::Ipip, 0),
        of(Encap::Gre, 0),
        of(Encap::Nvgre, 0),
        of(Encap::Gue, 5555),
        of(Encap::Fou, 5556),
        of(Encap::Udp, 8285),
        of(Encap::Wireguard, 51820),
        of(Encap::Esp, 4501),
    ])
}

/// One way to carry a frame.
#[derive(Clone, Copy, Debug)]
enum Wrap {
    Vxlan,
    Geneve(usize),
    GeneveIp,
    IpInIp,
    Gre(bool, Option<u32>, bool),
    GreTeb(bool),
    Nvgre,
    Gue(usize),
    GueDirect,
    Fou,
    Udp,
    Erspan1,
    Erspan2,
    Erspan3(bool),
}

impl Wrap {
    fn around(self, nodes: build::Nodes, vni: u32, frame: &[u8]) -> Vec<u8> {
        let ip = build::datagram(frame);
        let fields = Gre::default();
        match self {
            Self::Vxlan => build::vxlan(nodes, 4789, vni, frame),
            Self::Geneve(words) => build::geneve(nodes, 6081, vni, &vec![0; 4 * words], frame),
            Self::GeneveIp => build::geneve_ip(nodes, 6081, vni, ip),
            Self::IpInIp => build::ip_in_ip(nodes, ip),
            Self::Gre(has_checksum, key, sequence) => {
                build::gre_ip(nodes, Gre { has_checksum, key, sequence: sequence.then_some(9) }, ip)
            }
            Self::GreTeb(has_checksum) => build::gre_teb(nodes, Gre { has_checksum, ..fields }, frame),
            Self::Nvgre => build::gre_teb(nodes, Gre { key: Some(vni << 8 | 3), ..fields }, frame),
            Self::Gue(words) => build::gue(nodes, 5555, words, ip),
            Self::GueDirect => build::ip_in_udp(nodes, 5555, ip),
            Self::Fou => build::ip_in_udp(nodes, 5556, ip),
            Self::Udp => build::ip_in_udp(nodes, 8285, ip),
            Self::Erspan1 => build::erspan1(nodes, frame),
            Self::Erspan2 => build::erspan2(nodes, 5, frame),
            Self::Erspan3(has_platform) => build::erspan3(nodes, 5, has_platform, frame),
        }
    }

    /// Kind and identifier that are told where this is the innermost tunnel; None of a mirror.
    fn told(self, is_over_v6: bool, is_inner_v6: bool, vni: u32) -> Option<(Encap, u32)> {
        Some(match self {
            Self::Vxlan => (Encap::Vxlan, vni),
            Self::Geneve(_) | Self::GeneveIp => (Encap::Geneve, vni),
            Self::IpInIp if is_over_v6 => (Encap::Ip6tnl, 0),
            Self::IpInIp => (if is_inner_v6 { Encap::Sit } else { Encap::Ipip }, 0),
            Self::Gre(_, key, _) => (Encap::Gre, key.unwrap_or_default()),
            Self::GreTeb(_) => (Encap::Gre, 0),
            Self::Nvgre => (Encap::Nvgre, vni),
            Self::Gue(_) | Self::GueDirect => (Encap::Gue, 0),
            Self::Fou => (Encap::Fou, 0),
            Self::Udp => (Encap::Udp, 0),
            Self::Erspan1 | Self::Erspan2 | Self::Erspan3(_) => return None,
        })
    }
}

fn wrap() -> impl Strategy<Value = Wrap> {
    prop_oneof![
        Just(Wrap::Vxlan),
        (0..64_usize).prop_map(Wrap::Geneve),
        Just(Wrap::GeneveIp),
        Just(Wrap::IpInIp),
        (any::<bool>(), proptest::option::of(0..1_u32 << 24), any::<bool>()).prop_map(|(c, k, s)| Wrap::Gre(c, k, s)),
        any::<bool>().prop_map(Wrap::GreTeb),
        Just(Wrap::Nvgre),
        (0..32_usize).prop_map(Wrap::Gue),
        Just(Wrap::GueDirect),
        Just(Wrap::Fou),
        Just(Wrap::Udp),
        Just(Wrap::Erspan1),
        Just(Wrap::Erspan2),
        any::<bool>().prop_map(Wrap::Erspan3),
    ]
}

fn length_of(frame: &[u8]) -> u32 {
    u32::try_from(frame.len()).unwrap()
}

/// The quick way and the whole way tell the same, and every frame has one outcome.
fn check(frame: &[u8], wire_len: u32, link: LinkType, known: &Overlays) -> Result<(), TestCaseError> {
    let seen = read(frame, wire_len, link, known);
    prop_assert!(Outcome::ALL.contains(&seen.outcome()));
    prop_assert_ne!(seen.outcome(), Outcome::Duplicate);
    if let Some(parsed) = quick(frame, wire_len, link, known) {
        prop_assert_eq!(seen, Seen::Tcp(parsed));
    }
    match parse(frame, wire_len, link, known) {
        Ok(parsed) => prop_assert_eq!(seen, Seen::Tcp(parsed)),
        Err(outcome) => prop_assert_eq!((seen.outcome(), outcome == Outcome::Tcp), (outcome, false)),
    }
    let is_in_fragments = match seen {
        Seen::Tcp(parsed) => parsed.fragmented,
        Seen::Datagram(datagram) => datagram.fragmented,
        Seen::Fragment(_) => true,
        _ => return Ok(()),
    };
    prop_assert_eq!(first_fragment(frame, wire_len, link, known).is_some(), is_in_fragments);
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_panic(frame in proptest::collection::vec(any::<u8>(), 0..256), wire_len: u32, link in 0..5_usize) {
        check(&frame, wire_len, LINKS[link], &all())?;
    }

    #[test]
    fn what_is_built_is_read_in_any_nesting(
        wraps in proptest::collection::vec((wrap(), any::<bool>(), 0..1_u32 << 24), 0..=4),
        is_v6: bool,
        tags in 0..=4_usize,
    ) {
        let innermost = if is_v6 { segment6() } else { segment() };
        let (mut frame, mut is_inner_v6, mut told) = (build::frame(&innermost), is_v6, None);
        let mut is_open = true;
        for (wrap, is_over_v6, vni) in wraps {
            let nodes = if is_over_v6 { NODES6 } else { NODES };
            frame = wrap.around(nodes, vni, &frame);
            // The innermost counts, but for overlays inside of which a mirror was.
            if is_open {
                let kind = wrap.told(is_over_v6, is_inner_v6, vni);
                told = kind.map(|(kind, vni)| (kind, vni, nodes.0));
                is_open = false;
            }
            is_inner_v6 = is_over_v6;
        }
        let mut tagged = frame;
        for _ in 0..tags {
            tagged = build::tagged(&tagged, 0x8100, 9);
        }
        let parsed = tcp(&tagged, &all()).unwrap();
        prop_assert_eq!((parsed.addrs.src(), parsed.addrs.dst()), (innermost.src.0, innermost.dst.0));
        prop_assert_eq!((parsed.seq, parsed.payload_len), (7, 100));
        prop_assert_eq!(parsed.tunnel.map(|tunnel| (tunnel.kind, tunnel.vni, tunnel.outer.src())), told);
        check(&tagged, length_of(&tagged), LinkType::Ethernet, &all())?;
    }

    #[test]
    fn no_flipped_or_cut_tunnel_panics(
        wraps in proptest::collection::vec((wrap(), any::<bool>(), 0..1_u32 << 24), 0..=5),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        cut: proptest::sample::Index,
        extra in 0..100_u32,
    ) {
        let mut frame = build::frame(&segment());
        for (wrap, is_over_v6, vni) in wraps {
            frame = wrap.around(if is_over_v6 { NODES6 } else { NODES }, vni, &frame);
        }
        for (at, with) in flips {
            let at = at.index(frame.len());
            frame[at] ^= with;
        }
        let wire_len = length_of(&frame);
        check(&frame, wire_len, LinkType::Ethernet, &all())?;
        frame.truncate(cut.index(frame.len()));
        check(&frame, wire_len + extra, LinkType::Ethernet, &all())?;
        check(&frame, length_of(&frame), LinkType::Ethernet, &all())?;
    }
}
