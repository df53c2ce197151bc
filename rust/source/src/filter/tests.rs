//! The programs, run by the interpreter on frames made here.

mod against_wire;

use wire::LinkType;

use super::{Instruction, Interest, Mode, Ports, assemble, run};

const SNAP: u32 = 256;
const BRIEF: u32 = 128;

fn ports() -> Ports {
    Ports { vxlan: vec![4789, 8472], geneve: vec![6081], bare_ip: vec![8285], other: vec![6080] }
}

fn program(mode: Mode) -> Vec<Instruction> {
    assemble(&Interest { mode, snap_bytes: SNAP, link: LinkType::Ethernet, ports: ports() })
}

fn ethernet(tags: &[u16], kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![2; 12];
    for tag in tags {
        out.extend(tag.to_be_bytes());
        out.extend([0, 9]);
    }
    out.extend(kind.to_be_bytes());
    out.extend(payload);
    out
}

fn v4(protocol: u8, options: usize, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 20 + options];
    out[0] = 0x45 + (options / 4) as u8;
    out[6..8].copy_from_slice(&fragment.to_be_bytes());
    out[9] = protocol;
    out.extend(payload);
    out
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 40];
    out[0] = 0x60;
    out[6] = next;
    out.extend(payload);
    out
}

fn tcp(flags: u8) -> Vec<u8> {
    let mut out = vec![0; 20];
    out[13] = flags;
    out
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 9];
    out.extend(port.to_be_bytes());
    out.extend([0; 4]);
    out.extend(payload);
    out
}

fn vxlan(inner: &[u8]) -> Vec<u8> {
    let mut out = vec![8, 0, 0, 0, 0, 0, 1, 0];
    out.extend(inner);
    out
}

/// What wraps an IP packet: nothing, tags, and VXLAN over IPv4 with options and over IPv6.
fn wraps(kind: u16, ip: &[u8]) -> Vec<Vec<u8>> {
    let inner = vxlan(&ethernet(&[], kind, ip));
    vec![
        ethernet(&[], kind, ip),
        ethernet(&[0x8100], kind, ip),
        ethernet(&[0x88a8, 0x8100], kind, ip),
        ethernet(&[], 0x0800, &v4(17, 0, 0, &udp(8472, &inner))),
        ethernet(&[0x8100], 0x0800, &v4(17, 12, 0, &udp(4789, &inner))),
        ethernet(&[], 0x86dd, &v6(17, &udp(4789, &inner))),
    ]
}

#[test]
fn full_keeps_tcp_headers_and_tunnels_whole() {
    let program = program(Mode::Full);
    for flags in [0x02, 0x10, 0x18, 0x11] {
        for frame in wraps(0x0800, &v4(6, 40, 0, &tcp(flags))).into_iter().chain(wraps(0x86dd, &v6(6, &tcp(flags)))) {
            let is_tunnel = frame.len() > 14 + 8 + 60 + 20;
            // Each frame ends in a TCP header without options: 40 bytes of those may be there.
            let headers = frame.len() as u32 + 40;
            assert_eq!(run(&program, &frame), if is_tunnel { SNAP } else { headers });
        }
    }
    for protocol in [4, 41, 47, 51] {
        assert_eq!(run(&program, &ethernet(&[], 0x0800, &v4(protocol, 0, 0, &[]))), SNAP);
    }
    assert_eq!(run(&program, &ethernet(&[], 0x0800, &v4(17, 0, 0, &udp(6081, &[])))), SNAP);
}

#[test]
fn full_keeps_no_more_than_it_is_asked_to() {
    for snap_bytes in [1, 80, 155, 156] {
        let interest = Interest { mode: Mode::Full, snap_bytes, link: LinkType::Ethernet, ports: ports() };
        let frame = ethernet(&[0x8100; 4], 0x0800, &v4(6, 40, 0, &tcp(0x18)));
        let kept = run(&assemble(&interest), &frame);
        assert!((snap_bytes.min(14 + 16 + 60 + 60)..=snap_bytes).contains(&kept), "{kept} of {snap_bytes}");
    }
}

#[test]
fn full_keeps_the_headers_of_other_ip_and_drops_the_rest() {
    let program = program(Mode::Full);
    for ip in [v4(1, 0, 0, &[]), v4(17, 0, 0, &udp(53, &[])), v4(17, 0, 100, &udp(8472, &[]))] {
        assert_eq!(run(&program, &ethernet(&[0x8100], 0x0800, &ip)), BRIEF);
    }
    assert_eq!(run(&program, &ethernet(&[], 0x86dd, &v6(58, &[]))), BRIEF);
    for kind in [0x0806, 0x88cc, 0x0026] {
        assert_eq!(run(&program, &ethernet(&[], kind, &[0; 40])), 0);
    }
}

#[test]
fn control_keeps_what_opens_and_closes_at_any_depth() {
    let program = program(Mode::Control);
    for (flags, kept) in [(0x02, SNAP), (0x12, SNAP), (0x11, SNAP), (0x14, SNAP), (0x10, 0), (0x18, 0)] {
        for frame in wraps(0x0800, &v4(6, 8, 0, &tcp(flags))).into_iter().chain(wraps(0x86dd, &v6(6, &tcp(flags)))) {
            assert_eq!(run(&program, &frame), kept, "flags {flags:#x}");
        }
    }
}

#[test]
fn control_drops_what_has_no_flags_to_look_at() {
    let program = program(Mode::Control);
    for ip in [v4(1, 0, 0, &[0; 20]), v4(17, 0, 0, &udp(53, &[0; 40])), v4(6, 0, 5, &tcp(2)), v4(17, 0, 5, &[0; 60])] {
        for frame in wraps(0x0800, &ip) {
            assert_eq!(run(&program, &frame), 0);
        }
    }
}

#[test]
fn control_passes_what_it_cannot_walk() {
    let program = program(Mode::Control);
    for extension in [0, 43, 44, 51, 60, 135, 139, 140] {
        for frame in wraps(0x86dd, &v6(extension, &[0; 40])) {
            assert_eq!(run(&program, &frame), SNAP);
        }
    }
    let data = ethernet(&[], 0x0800, &v4(6, 0, 0, &tcp(0x10)));
    let wrap = |frame: &[u8]| ethernet(&[], 0x0800, &v4(17, 0, 0, &udp(8472, &vxlan(frame))));
    assert_eq!(run(&program, &wrap(&wrap(&data))), 0, "three IP headers are walked");
    assert_eq!(run(&program, &wrap(&wrap(&wrap(&data)))), SNAP, "four are not");
    for frame in [
        ethernet(&[], 0x8847, &[0; 60]),
        ethernet(&[], 0x0800, &v4(51, 0, 0, &[0; 40])),
        ethernet(&[], 0x0800, &v4(17, 0, 0, &udp(6080, &[0; 40]))),
    ] {
        assert_eq!(run(&program, &frame), SNAP);
    }
}

#[test]
fn other_links_begin_elsewhere() {
    for (link, header4, header6) in [
        (LinkType::RawIp, vec![], vec![]),
        (LinkType::LinuxSll, [vec![0; 14], vec![8, 0]].concat(), [vec![0; 14], vec![0x86, 0xdd]].concat()),
        (LinkType::LinuxSll2, [vec![8, 0], vec![0; 18]].concat(), [vec![0x86, 0xdd], vec![0; 18]].concat()),
    ] {
        let interest = Interest { mode: Mode::Control, snap_bytes: SNAP, link, ports: Ports::default() };
        let program = assemble(&interest);
        let kept = |header: &[u8], ip: &[u8]| run(&program, &[header, ip].concat());
        assert_eq!(kept(&header4, &v4(6, 4, 0, &tcp(0x02))), SNAP);
        assert_eq!(kept(&header4, &v4(6, 4, 0, &tcp(0x10))), 0);
        assert_eq!(kept(&header6, &v6(6, &tcp(0x01))), SNAP);
        assert_eq!(kept(&[], &[0x10; 60]), 0);
    }
}

#[test]
fn every_cut_of_a_frame_ends_in_a_verdict() {
    for mode in [Mode::Full, Mode::Control] {
        let program = program(mode);
        for frame in wraps(0x0800, &v4(6, 8, 0, &tcp(0x02))) {
            let headers = frame.len() as u32 + 40;
            for cut in 0..frame.len() {
                assert!([0, BRIEF, SNAP, headers].contains(&run(&program, &frame[..cut])));
            }
        }
    }
}

#[test]
fn programs_fit_the_kernel_with_any_number_of_ports() {
    for count in [0, 1, 300, 512, 513, 60_000] {
        let interest = Interest {
            mode: Mode::Control,
            snap_bytes: SNAP,
            link: LinkType::Ethernet,
            ports: Ports { vxlan: (0..count).collect(), ..Ports::default() },
        };
        let program = assemble(&interest);
        // BPF_MAXINSNS of linux/bpf_common.h.
        assert!(program.len() <= 4096);
        let datagram = udp(count.saturating_sub(1), &vxlan(&ethernet(&[], 0x0800, &v4(6, 0, 0, &tcp(2)))));
        let kept = run(&program, &ethernet(&[], 0x0800, &v4(17, 0, 0, &datagram)));
        assert_eq!(kept, if count == 0 { 0 } else { SNAP });
    }
}
