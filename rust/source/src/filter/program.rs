//! The programs: a way to the outermost packet, a walk, and what becomes of each packet at its end.

use wire::LinkType;

use crate::filter::assembler::{Instruction, op};
use crate::filter::fields::{
    CONTROL_FLAGS, IPV4, IPV6, KERNEL_DIRECTION, KERNEL_PROTOCOL, MPLS, OUTGOING, PORTS, TAGS, TCP_FLAGS,
};
use crate::filter::walker::Walker;
use crate::filter::{Interest, Mode, Ports};

/// How much is kept of what is only counted: two tags, IPv6, and an ICMP error with the headers that it quotes.
const BRIEF_BYTES: u32 = 128;
/// The most that a TCP header takes with its options (RFC 9293 §3.1).
const MOST_TCP_BYTES: u32 = 60;
/// Where the outermost packet has a TCP header at the latest: behind a cooked header, four tags and an IPv4 header with
/// options, or IPv6.
const MOST_BEFORE_TCP: u32 = 20 + 4 * 4 + 60;
/// IP headers in each other that are walked through: a mirror's, a node's and a Pod's.
const MOST_DEPTHS: usize = 3;
/// Linux cooked captures, both versions: where the EtherType is, and where its payload begins.
const COOKED: [(u32, u32); 2] = [(14, 16), (0, 20)];
/// Behind the EtherType that tells of a tag: where the next EtherType is, and where its payload begins.
const BEHIND_TAG: [u32; 2] = [2, 4];
/// The address family in front of a BSD loopback packet.
const FAMILY: u32 = 4;

/// Makes the filter for what is wanted. It always ends in a verdict, whatever the packet holds; a packet that is
/// shorter than a header that must be read is dropped by the kernel.
#[must_use]
pub fn assemble(interest: &Interest) -> Vec<Instruction> {
    let is_full = interest.mode == Mode::Full;
    let mut walk = Walker::new(&interest.ports, if is_full { 1 } else { MOST_DEPTHS }, false);
    to_outermost(&mut walk, interest.link);
    walk.write();
    let leaves = walk.leaves;
    let drop = walk.asm.label();
    walk.asm.place(leaves.tcp);
    if !is_full {
        walk.asm.step(op::LOAD_BYTE_X, TCP_FLAGS);
        walk.asm.if_any_bit(CONTROL_FLAGS, leaves.unwalked);
        walk.asm.go(drop);
    } else if interest.snap_bytes >= MOST_BEFORE_TCP + MOST_TCP_BYTES {
        // Its headers and no more: what is not copied need not travel through the caches either.
        walk.asm.step(op::X_TO_A, 0);
        walk.asm.step(op::ADD, MOST_TCP_BYTES);
        walk.asm.step(op::KEEP_A, 0);
    }
    walk.asm.place(leaves.unwalked);
    walk.asm.step(op::KEEP, interest.snap_bytes);
    walk.asm.place(leaves.ports);
    walk.asm.place(leaves.other);
    if is_full {
        walk.asm.step(op::KEEP, interest.snap_bytes.min(BRIEF_BYTES));
    }
    walk.asm.place(leaves.strange);
    walk.asm.place(drop);
    walk.asm.step(op::KEEP, 0);
    walk.finish()
}

/// Makes the filter that lets nothing through.
#[must_use]
pub fn nothing() -> Vec<Instruction> {
    vec![Instruction { code: op::KEEP, jt: 0, jf: 0, k: 0 }]
}

/// Makes the program that tells which of several rings a packet goes to: the same for both directions of an innermost
/// connection, whether it travels in a tunnel or not, for its fragments and for errors that quote it. The kernel takes the
/// number that it ends in modulo the number of rings, and runs it over what comes in from behind the link header and one
/// tag on, over what this machine sends from the link header on (packet(7), PACKET_FANOUT_CBPF).
#[must_use]
pub fn spread(ports: &Ports, link: LinkType) -> Vec<Instruction> {
    let mut walk = Walker::new(ports, MOST_DEPTHS, true);
    walk.start_hash();
    let (outermost, leaves) = (walk.outermost(), walk.leaves);
    walk.asm.step(op::SET_X, 0);
    if link == LinkType::Ethernet {
        walk.asm.step(op::LOAD_WORD, KERNEL_DIRECTION);
        walk.asm.if_equal(OUTGOING, outermost.frame);
    }
    walk.asm.step(op::LOAD_WORD, KERNEL_PROTOCOL);
    walk.asm.if_equal(IPV4, outermost.v4);
    walk.asm.if_equal(IPV6, outermost.v6);
    let tagged = walk.asm.label();
    for tag in TAGS {
        walk.asm.if_equal(tag, tagged);
    }
    walk.asm.go(leaves.strange);
    walk.asm.place(tagged);
    walk.tags(BEHIND_TAG, outermost);
    end_in_hash(walk)
}

/// The same for a whole frame, wherever no kernel knows its parts.
#[cfg(test)]
pub(super) fn spread_frames(ports: &Ports, link: LinkType) -> Vec<Instruction> {
    let mut walk = Walker::new(ports, MOST_DEPTHS, true);
    walk.start_hash();
    to_outermost(&mut walk, link);
    end_in_hash(walk)
}

fn end_in_hash(mut walk: Walker<'_>) -> Vec<Instruction> {
    let leaves = walk.leaves;
    walk.write();
    for label in [leaves.tcp, leaves.ports, leaves.other, leaves.strange, leaves.unwalked] {
        walk.asm.place(label);
    }
    walk.keep_hash();
    walk.finish()
}

/// Makes the program that tells whether a frame is UDP to one of `ports`, and to which; 0 where it is not.
#[must_use]
pub fn destined_port(link: LinkType, ports: &[u16]) -> Vec<Instruction> {
    let none = Ports::default();
    let mut walk = Walker::new(&none, 1, false);
    to_outermost(&mut walk, link);
    walk.write();
    let leaves = walk.leaves;
    walk.asm.place(leaves.ports);
    walk.asm.step(op::LOAD_HALF_X, PORTS[1]);
    for &port in ports {
        let other = walk.asm.label();
        let same = walk.asm.label();
        walk.asm.if_equal(u32::from(port), same);
        walk.asm.go(other);
        walk.asm.place(same);
        walk.asm.step(op::KEEP, u32::from(port));
        walk.asm.place(other);
    }
    for label in [leaves.tcp, leaves.other, leaves.strange, leaves.unwalked] {
        walk.asm.place(label);
    }
    walk.asm.step(op::KEEP, 0);
    walk.finish()
}

/// Leads from the first byte of a frame to its outermost IP header.
fn to_outermost(walk: &mut Walker<'_>, link: LinkType) {
    let (outermost, leaves) = (walk.outermost(), walk.leaves);
    match link {
        LinkType::Ethernet => {
            walk.asm.step(op::SET_X, 0);
            walk.asm.go(outermost.frame);
        }
        LinkType::RawIp | LinkType::Null => {
            walk.asm.step(op::SET_X, if link == LinkType::Null { FAMILY } else { 0 });
            walk.asm.go(outermost.ip);
        }
        LinkType::LinuxSll | LinkType::LinuxSll2 => {
            let (kind, payload) = COOKED[usize::from(link == LinkType::LinuxSll2)];
            walk.asm.step(op::SET_X, payload);
            walk.asm.step(op::LOAD_HALF, kind);
            walk.asm.if_equal(IPV4, outermost.v4);
            walk.asm.if_equal(IPV6, outermost.v6);
            for kind in TAGS.into_iter().chain(MPLS) {
                walk.asm.if_equal(kind, leaves.unwalked);
            }
            walk.asm.go(leaves.strange);
        }
    }
}
