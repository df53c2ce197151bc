//! The programs held against `wire`, on frames of every shape: what `wire` reads as opening or closing a connection
//! passes, data that can be walked to does not, and both directions go to one ring.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use wire::build::{self, Segment};
use wire::{Encap, LinkType, OverlaySpec, Overlays, Seen};

use crate::filter::program::spread_frames;
use crate::filter::{Interest, Mode, Ports, assemble, destined_port, run, spread};

/// One layer around a packet.
#[derive(Clone, Debug)]
enum Wrap {
    Vxlan { tags: usize, port: u16 },
    Geneve { options: usize, is_frame: bool },
    BareIp,
    Gue,
    IpInIp,
    Gre { flags: u16, is_frame: bool },
    Erspan { version: u8 },
}

/// How an IP header around something is written.
#[derive(Clone, Debug)]
struct Outer {
    is_v6: bool,
    options: usize,
    extension: bool,
}

#[derive(Clone, Debug)]
struct Story {
    flags: u8,
    addresses: [u8; 2],
    ports: [u16; 2],
    /// The innermost IP header, then what is around it, each with the IP header around that.
    inner: Outer,
    wraps: Vec<(Wrap, Outer)>,
    tags: usize,
    link: LinkType,
}

fn outer() -> impl Strategy<Value = Outer> {
    (any::<bool>(), 0usize..4, prop::bool::weighted(0.1)).prop_map(|(is_v6, options, extension)| Outer {
        is_v6,
        options,
        extension,
    })
}

fn wrap() -> impl Strategy<Value = Wrap> {
    prop_oneof![
        (0usize..3, prop_oneof![Just(4789u16), Just(8472)]).prop_map(|(tags, port)| Wrap::Vxlan { tags, port }),
        (0usize..5, any::<bool>()).prop_map(|(options, is_frame)| Wrap::Geneve { options, is_frame }),
        Just(Wrap::BareIp),
        Just(Wrap::Gue),
        Just(Wrap::IpInIp),
        (0u16..8, any::<bool>()).prop_map(|(flags, is_frame)| Wrap::Gre { flags, is_frame }),
        (1u8..4).prop_map(|version| Wrap::Erspan { version }),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let link = prop_oneof![
        4 => Just(LinkType::Ethernet),
        1 => Just(LinkType::RawIp),
        1 => Just(LinkType::Null),
        1 => Just(LinkType::LinuxSll),
        1 => Just(LinkType::LinuxSll2),
    ];
    let parts =
        (any::<u8>(), any::<[u8; 2]>(), any::<[u16; 2]>(), outer(), vec((wrap(), outer()), 0..4), 0usize..5, link);
    parts.prop_map(|(flags, addresses, ports, inner, wraps, tags, link)| Story {
        flags,
        addresses,
        ports,
        inner,
        wraps,
        tags,
        link,
    })
}

fn address(is_v6: bool, last: u8) -> IpAddr {
    if is_v6 {
        IpAddr::from([0xfd, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, last])
    } else {
        IpAddr::from([10, 1, 2, last])
    }
}

/// An IP datagram from one address to the other.
fn ip(outer: &Outer, ends: [u8; 2], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [src, dst] = ends.map(|last| address(outer.is_v6, last));
    if outer.is_v6 && outer.extension {
        let header = [&[protocol, 0, 1, 4, 0, 0, 0, 0][..], payload].concat();
        return build::ip(src, dst, 60, &header);
    }
    let mut bytes = build::ip(src, dst, protocol, payload);
    if !outer.is_v6 {
        let length = (bytes.len() + 4 * outer.options) as u16;
        bytes[0] += outer.options as u8;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes.splice(20..20, vec![1; 4 * outer.options]);
    }
    bytes
}

fn frame(tags: usize, datagram: &[u8]) -> Vec<u8> {
    (0..tags).fold(build::ethernet(datagram), |frame, tag| build::tagged(&frame, [0x8100, 0x88a8][tag % 2], 7))
}

fn kind_of(datagram: &[u8]) -> [u8; 2] {
    if datagram[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] }
}

/// The payload of the IP header around a wrapped packet, and its protocol.
fn wrapped(wrap: &Wrap, inner: &[u8]) -> (u8, Vec<u8>) {
    let udp = |port, header: &[u8], carried: &[u8]| (17, build::udp(50000, port, &[header, carried].concat()));
    match *wrap {
        Wrap::Vxlan { tags, port } => udp(port, &[8, 0, 0, 0, 0, 0, 1, 0], &frame(tags, inner)),
        Wrap::Geneve { options, is_frame } => {
            let [kind, carried] =
                if is_frame { [vec![0x65, 0x58], frame(0, inner)] } else { [kind_of(inner).into(), inner.into()] };
            udp(6081, &[&[options as u8, 0][..], &kind, &[0, 0, 1, 0], &vec![0; 4 * options]].concat(), &carried)
        }
        Wrap::BareIp => udp(8285, &[], inner),
        Wrap::Gue => udp(6080, &[0, if inner[0] >> 4 == 6 { 41 } else { 4 }, 0, 0], inner),
        Wrap::IpInIp => (if inner[0] >> 4 == 6 { 41 } else { 4 }, inner.to_vec()),
        Wrap::Gre { flags, is_frame } => {
            let present = (flags & 4) << 13 | (flags & 2) << 12 | (flags & 1) << 12;
            let [kind, carried] =
                if is_frame { [vec![0x65, 0x58], frame(1, inner)] } else { [kind_of(inner).into(), inner.into()] };
            let optional = vec![0; 4 * flags.count_ones() as usize];
            (47, [&present.to_be_bytes()[..], &kind, &optional, &carried].concat())
        }
        Wrap::Erspan { version } => {
            let header: &[u8] = match version {
                1 => &[0, 0, 0x88, 0xbe],
                2 => &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 0, 0, 0, 0, 0],
                _ => &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            };
            (47, [header, &frame(0, inner)].concat())
        }
    }
}

impl Story {
    fn back(&self) -> Self {
        let [a, b] = self.addresses;
        let [c, d] = self.ports;
        Self { addresses: [b, a], ports: [d, c], ..self.clone() }
    }

    fn datagram(&self) -> Vec<u8> {
        let [src, dst] = [0, 1].map(|side| (address(self.inner.is_v6, self.addresses[side]), self.ports[side]));
        let tcp = build::tcp(&Segment { src, dst, seq: 1, ack: 2, flags: self.flags, payload: 9 });
        let innermost = ip(&self.inner, self.addresses, 6, &tcp);
        self.wraps.iter().fold(innermost, |inner, (wrap, outer)| {
            let (protocol, payload) = wrapped(wrap, &inner);
            ip(outer, self.addresses, protocol, &payload)
        })
    }

    fn frame(&self) -> Vec<u8> {
        let datagram = self.datagram();
        let kind = kind_of(&datagram);
        match self.link {
            LinkType::Ethernet => frame(self.tags, &datagram),
            LinkType::RawIp => datagram,
            LinkType::Null => [&[if kind == [8, 0] { 2 } else { 30 }, 0, 0, 0][..], &datagram].concat(),
            LinkType::LinuxSll => [&[0; 14], &kind[..], &datagram].concat(),
            LinkType::LinuxSll2 => [&kind[..], &[0; 18], &datagram].concat(),
        }
    }

    /// Whether a classic program gets to the innermost packet.
    fn can_be_walked(&self) -> bool {
        let is_extended = |outer: &Outer| outer.is_v6 && outer.extension;
        let mut outers = self.wraps.iter().map(|(_, outer)| outer).chain([&self.inner]);
        let is_gue = self.wraps.iter().any(|(wrap, _)| matches!(wrap, Wrap::Gue));
        self.wraps.len() < 3 && !is_gue && !outers.any(is_extended)
    }
}

fn ports() -> Ports {
    Ports { vxlan: vec![4789, 8472], geneve: vec![6081], bare_ip: vec![8285], other: vec![6080] }
}

fn overlays() -> Overlays {
    let spec = |kind, port| OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 0 };
    let specs = [
        spec(Encap::Vxlan, 4789),
        spec(Encap::Vxlan, 8472),
        spec(Encap::Geneve, 6081),
        spec(Encap::Udp, 8285),
        spec(Encap::Gue, 6080),
        spec(Encap::Ipip, 0),
        spec(Encap::Gre, 0),
    ];
    Overlays::new(&specs).0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn control_passes_what_opens_and_closes_and_drops_data(story in story()) {
        let program = assemble(&Interest { mode: Mode::Control, snap_bytes: 256, link: story.link, ports: ports() });
        let frame = story.frame();
        let kept = run(&program, &frame);
        let Seen::Tcp(parsed) = wire::read(&frame, 0, story.link, &overlays()) else {
            return Err(TestCaseError::fail("wire reads no TCP"));
        };
        prop_assert_eq!(parsed.flags, story.flags);
        if story.flags & 7 != 0 {
            prop_assert_eq!(kept, 256);
        } else if story.can_be_walked() {
            prop_assert_eq!(kept, 0);
        }
    }

    #[test]
    fn full_passes_all_that_is_read_of_tcp(story in story(), payload in 0usize..300) {
        let program = assemble(&Interest { mode: Mode::Full, snap_bytes: 256, link: story.link, ports: ports() });
        let frame = [story.frame(), vec![0; payload]].concat();
        let kept = run(&program, &frame) as usize;
        let whole = wire::read(&frame, frame.len() as u32, story.link, &overlays());
        prop_assert!(matches!(whole, Seen::Tcp(_)));
        let is_outermost = story.wraps.is_empty() && story.can_be_walked();
        prop_assert_eq!(kept < 256, is_outermost);
        if is_outermost {
            let cut = &frame[..kept.min(frame.len())];
            prop_assert_eq!(wire::read(cut, frame.len() as u32, story.link, &overlays()), whole);
        }
    }

    #[test]
    fn both_directions_go_to_one_ring(story in story()) {
        let program = spread_frames(&ports(), story.link);
        let hash = run(&program, &story.frame());
        prop_assert_eq!(hash, run(&program, &story.back().frame()));
        if story.can_be_walked() {
            let plain = Story { wraps: vec![], ..story.clone() };
            prop_assert_eq!(hash, run(&program, &plain.frame()), "tunnels do not matter");
            let others = Story { ports: [story.ports[0] ^ 1, story.ports[1]], ..story.clone() };
            prop_assert_eq!(hash, run(&program, &others.frame()), "nor do ports, which fragments do not have");
            let another = Story { addresses: [story.addresses[0] ^ 0x40, story.addresses[1]], ..story };
            prop_assert_ne!(hash, run(&program, &another.frame()));
        }
    }

    #[test]
    fn any_bytes_end_in_a_verdict(bytes in vec(any::<u8>(), 0..200), cut in 0usize..300, story in story()) {
        let frame = story.frame();
        for mode in [Mode::Full, Mode::Control] {
            let program = assemble(&Interest { mode, snap_bytes: 256, link: story.link, ports: ports() });
            for packet in [&bytes[..], &frame[..cut.min(frame.len())]] {
                prop_assert!(run(&program, packet) <= 256);
            }
        }
    }
}

#[test]
fn the_port_of_a_tunnel_is_told() {
    let [src, dst] = [address(false, 1), address(true, 2)].map(|address| (address, address));
    for (link, skipped) in [(LinkType::Ethernet, 0), (LinkType::RawIp, 14)] {
        let program = destined_port(link, &[4789, 8472]);
        for (ends, port, told) in [(src, 8472, 8472), (dst, 4789, 4789), (src, 53, 0)] {
            let frame = build::ethernet(&build::ip(ends.0, ends.1, 17, &build::udp(8472, port, &[0; 20])));
            assert_eq!(run(&program, &frame[skipped..]), told);
        }
        assert_eq!(run(&program, &[0; 10]), 0);
    }
}

#[test]
fn an_error_goes_to_the_ring_of_what_it_quotes() {
    let program = spread_frames(&ports(), LinkType::Ethernet);
    for (is_v6, protocol, kinds) in [(false, 1, [3, 11]), (true, 58, [1, 3])] {
        let [client, server, router] = [1, 2, 3].map(|number| address(is_v6, number));
        let sent = build::frame(&build::Segment {
            src: (client, 40_000),
            dst: (server, 80),
            seq: 1,
            ack: 0,
            flags: 2,
            payload: 0,
        });
        for kind in kinds {
            let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
            message.extend(build::datagram(&sent));
            let error = build::ethernet(&build::ip(router, client, protocol, &message));
            assert_eq!(run(&program, &error), run(&program, &sent));
        }
    }
}

#[test]
fn rings_are_used_alike() {
    let program = spread_frames(&ports(), LinkType::Ethernet);
    let mut counts = [0; 4];
    for number in 0..4000u16 {
        let story = Story {
            flags: 2,
            addresses: [(number % 250) as u8, 99],
            ports: [32_768 + number, 80],
            inner: Outer { is_v6: false, options: 0, extension: false },
            wraps: vec![],
            tags: 0,
            link: LinkType::Ethernet,
        };
        counts[run(&program, &story.frame()) as usize % 4] += 1;
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
}

#[test]
fn programs_are_within_what_the_kernel_takes() {
    let ports =
        Ports { vxlan: (1..65).collect(), geneve: (65..129).collect(), bare_ip: vec![], other: (129..257).collect() };
    for program in [
        assemble(&Interest { mode: Mode::Control, snap_bytes: 256, link: LinkType::Ethernet, ports: ports.clone() }),
        spread(&ports, LinkType::Ethernet),
    ] {
        // BPF_MAXINSNS of linux/bpf_common.h.
        assert!(program.len() <= 4096, "{}", program.len());
    }
}
