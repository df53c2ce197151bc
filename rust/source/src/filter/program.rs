//! The two programs. X holds the offset of the header that is being looked at, so that one program serves every depth.

use wire::LinkType;

use crate::filter::assembler::{Assembler, Instruction, Label, op};
use crate::filter::{Interest, Mode};

/// How much is kept of what is only counted: Ethernet, two tags, IPv6 and the first words of its payload.
const BRIEF_BYTES: u32 = 96;
/// More ports than this are not listed: all UDP is then taken for a tunnel.
const MOST_PORTS: usize = 512;

// EtherTypes (IEEE 802 numbers).
const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const TAGS: [u32; 3] = [0x8100, 0x88a8, 0x9100];
// IP protocol numbers (IANA).
const TCP: u32 = 6;
const UDP: u32 = 17;
/// IPv4-in-IP, IPv6-in-IP, GRE, ESP.
const TUNNELS: [u32; 4] = [4, 41, 47, 50];
/// Hop-by-hop, routing, fragment, authentication, destination options.
const EXTENSIONS: [u32; 5] = [0, 43, 44, 51, 60];
/// FIN, SYN or RST (RFC 9293 §3.1).
const CONTROL_FLAGS: u32 = 0x07;
const FRAGMENT_OFFSET: u32 = 0x1fff;
/// From a UDP header to the Ethernet header in VXLAN (RFC 7348 §5), and on to its EtherType and payload.
const INNER_TYPE: u32 = 8 + 8 + 12;
const INNER_IP: u32 = 8 + 8 + 14;

/// The labels that every part may end at.
#[derive(Clone, Copy)]
struct Ends {
    whole: Label,
    brief: Label,
    drop: Label,
}

/// Makes the program for what is wanted. It always ends in a verdict, whatever the packet holds; a packet that is
/// shorter than a header that must be read is dropped by the kernel.
#[must_use]
pub fn assemble(interest: &Interest) -> Vec<Instruction> {
    let mut asm = Assembler::default();
    let ends = Ends { whole: asm.label(), brief: asm.label(), drop: asm.label() };
    let (v4, v6) = (asm.label(), asm.label());
    match interest.link {
        LinkType::Ethernet => ethernet(&mut asm, v4, v6, ends.drop),
        LinkType::RawIp => bare_ip(&mut asm, 0, [v4, v6, ends.drop]),
        LinkType::Null => bare_ip(&mut asm, 4, [v4, v6, ends.drop]),
        LinkType::LinuxSll => cooked(&mut asm, 14, 16, [v4, v6, ends.drop]),
        LinkType::LinuxSll2 => cooked(&mut asm, 0, 20, [v4, v6, ends.drop]),
    }
    let udp = asm.label();
    asm.place(v4);
    outer_v4(&mut asm, interest.mode, udp, ends);
    asm.place(v6);
    outer_v6(&mut asm, interest.mode, udp, ends);
    asm.place(udp);
    let inner = asm.label();
    udp_ports(&mut asm, interest, inner, ends);
    if interest.mode == Mode::Control {
        asm.place(inner);
        inner_frame(&mut asm, ends);
    }
    asm.place(ends.whole);
    asm.step(op::KEEP, interest.snap_bytes);
    asm.place(ends.brief);
    asm.step(op::KEEP, interest.snap_bytes.min(BRIEF_BYTES));
    asm.place(ends.drop);
    asm.step(op::KEEP, 0);
    asm.finish()
}

/// Finds the IP header behind up to two tags that are still in the frame.
fn ethernet(asm: &mut Assembler, v4: Label, v6: Label, drop: Label) {
    for tags in 0..3u32 {
        let tagged = asm.label();
        asm.step(op::SET_X, 14 + 4 * tags);
        asm.step(op::LOAD_HALF, 12 + 4 * tags);
        asm.if_equal(IPV4, v4);
        asm.if_equal(IPV6, v6);
        for tag in TAGS {
            asm.if_equal(tag, if tags < 2 { tagged } else { drop });
        }
        asm.go(drop);
        asm.place(tagged);
    }
}

/// Linux cooked capture: the EtherType at `kind`, its payload at `ip`.
fn cooked(asm: &mut Assembler, kind: u32, ip: u32, [v4, v6, drop]: [Label; 3]) {
    asm.step(op::SET_X, ip);
    asm.step(op::LOAD_HALF, kind);
    asm.if_equal(IPV4, v4);
    asm.if_equal(IPV6, v6);
    asm.go(drop);
}

/// An IP header at `ip`, known by its first byte.
fn bare_ip(asm: &mut Assembler, ip: u32, [v4, v6, drop]: [Label; 3]) {
    asm.step(op::SET_X, ip);
    asm.step(op::LOAD_BYTE, ip);
    asm.step(op::AND, 0xf0);
    asm.if_equal(0x40, v4);
    asm.if_equal(0x60, v6);
    asm.go(drop);
}

/// Moves X from an IPv4 header over its options (RFC 791 §3.1: the length is in words of 4 bytes).
fn skip_v4(asm: &mut Assembler, at: u32) {
    asm.step(op::LOAD_BYTE_X, at);
    asm.step(op::AND, 0x0f);
    asm.step(op::SHIFT_LEFT, 2);
    asm.step(op::ADD_X, 0);
    asm.step(op::A_TO_X, 0);
}

fn outer_v4(asm: &mut Assembler, mode: Mode, udp: Label, ends: Ends) {
    let (tcp, datagram) = (asm.label(), asm.label());
    asm.step(op::LOAD_BYTE_X, 9);
    asm.if_equal(TCP, tcp);
    asm.if_equal(UDP, datagram);
    for tunnel in TUNNELS {
        asm.if_equal(tunnel, ends.whole);
    }
    asm.go(otherwise(mode, ends));
    asm.place(tcp);
    if mode == Mode::Full {
        asm.go(ends.whole);
    } else {
        asm.step(op::LOAD_HALF_X, 6);
        asm.if_any_bit(FRAGMENT_OFFSET, ends.drop);
        skip_v4(asm, 0);
        flags(asm, 0, ends);
    }
    asm.place(datagram);
    asm.step(op::LOAD_HALF_X, 6);
    asm.if_any_bit(FRAGMENT_OFFSET, otherwise(mode, ends));
    skip_v4(asm, 0);
    asm.go(udp);
}

fn outer_v6(asm: &mut Assembler, mode: Mode, udp: Label, ends: Ends) {
    let (tcp, datagram) = (asm.label(), asm.label());
    asm.step(op::LOAD_BYTE_X, 6);
    asm.if_equal(TCP, tcp);
    asm.if_equal(UDP, datagram);
    for protocol in TUNNELS.into_iter().chain(EXTENSIONS) {
        asm.if_equal(protocol, ends.whole);
    }
    asm.go(otherwise(mode, ends));
    asm.place(tcp);
    if mode == Mode::Full {
        asm.go(ends.whole);
    } else {
        flags(asm, 40, ends);
    }
    asm.place(datagram);
    asm.step(op::X_TO_A, 0);
    asm.step(op::ADD, 40);
    asm.step(op::A_TO_X, 0);
    asm.go(udp);
}

/// What is no TCP and no tunnel is counted in full mode and not wanted in control mode.
fn otherwise(mode: Mode, ends: Ends) -> Label {
    match mode {
        Mode::Full => ends.brief,
        Mode::Control => ends.drop,
    }
}

/// Keeps the TCP packet whose header is at X + `at` if it opens or closes a connection.
fn flags(asm: &mut Assembler, at: u32, ends: Ends) {
    asm.step(op::LOAD_BYTE_X, at + 13);
    asm.if_any_bit(CONTROL_FLAGS, ends.whole);
    asm.go(ends.drop);
}

fn udp_ports(asm: &mut Assembler, interest: &Interest, inner: Label, ends: Ends) {
    let vxlan = if interest.mode == Mode::Full { ends.whole } else { inner };
    if interest.vxlan_ports.len() + interest.other_ports.len() > MOST_PORTS {
        asm.go(ends.whole);
        return;
    }
    asm.step(op::LOAD_HALF_X, 2);
    for &port in &interest.other_ports {
        asm.if_equal(u32::from(port), ends.whole);
    }
    for &port in &interest.vxlan_ports {
        asm.if_equal(u32::from(port), vxlan);
    }
    asm.go(otherwise(interest.mode, ends));
}

/// Looks behind the VXLAN header of the UDP datagram at X.
fn inner_frame(asm: &mut Assembler, ends: Ends) {
    let (v4, v6) = (asm.label(), asm.label());
    asm.step(op::LOAD_HALF_X, INNER_TYPE);
    asm.if_equal(IPV4, v4);
    asm.if_equal(IPV6, v6);
    for tag in TAGS {
        asm.if_equal(tag, ends.whole);
    }
    asm.go(ends.drop);
    asm.place(v4);
    let tcp4 = asm.label();
    asm.step(op::LOAD_BYTE_X, INNER_IP + 9);
    asm.if_equal(TCP, tcp4);
    asm.go(ends.drop);
    asm.place(tcp4);
    asm.step(op::LOAD_HALF_X, INNER_IP + 6);
    asm.if_any_bit(FRAGMENT_OFFSET, ends.drop);
    skip_v4(asm, INNER_IP);
    flags(asm, INNER_IP, ends);
    asm.place(v6);
    let tcp6 = asm.label();
    asm.step(op::LOAD_BYTE_X, INNER_IP + 6);
    asm.if_equal(TCP, tcp6);
    for extension in EXTENSIONS {
        asm.if_equal(extension, ends.whole);
    }
    asm.go(ends.drop);
    asm.place(tcp6);
    flags(asm, INNER_IP + 40, ends);
}
