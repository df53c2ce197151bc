//! Walks through headers down to the innermost packet. X holds the offset of the header that is being looked at, so that
//! one piece of program serves wherever that header is; every depth of tunnels has pieces of its own, since jumps only
//! go forward.

use crate::filter::Ports;
use crate::filter::assembler::{Assembler, Instruction, Label, op};
use crate::filter::fields::{
    AH, ANY_FRAGMENT, ERSPAN, ERSPAN2_HEADER, ERSPAN3, ERSPAN3_FLAGS, ERSPAN3_HEADER, ERSPAN3_STRANGE, EXTENSIONS,
    FRAME, FRAME_HEADER, FRAME_KIND, GENEVE_KIND, GENEVE_LENGTH, GRE, GRE_HEADER, GRE_KIND, GRE_OPTIONAL, GRE_SEQUENCE,
    GRE_STRANGE, ICMP, ICMPV6, IP_IN_IP, IPV4, IPV6, IPV6_IN_IP, LATER_FRAGMENT, MOST_TAGS, MPLS, PORTS, SCTP, TAG,
    TAGS, TCP, UDP, UDP_AND_TUNNEL, UDP_HEADER, V4_ADDRESSES, V4_FRAGMENT, V4_PROTOCOL, V6_ADDRESSES, V6_HEADER,
    V6_NEXT,
};

/// More ports than this are not listed: all UDP is then taken for a tunnel.
const MOST_PORTS: usize = 256;

/// Words of the program's memory; 2 and 3 are for hashing.
mod memory {
    /// What comes next: an IP protocol or an EtherType.
    pub(crate) const NEXT: u32 = 0;
    pub(crate) const GRE_FLAGS: u32 = 1;
}

/// Where a walk leads: what is done with a packet once it is known what it is.
#[derive(Clone, Copy)]
pub(super) struct Leaves {
    /// A TCP header is at X.
    pub(super) tcp: Label,
    /// Another header that begins with two ports is at X.
    pub(super) ports: Label,
    /// Something that is no TCP and no tunnel.
    pub(super) other: Label,
    /// Not an IP packet, or none that could ever be read.
    pub(super) strange: Label,
    /// Something that cannot be walked, or deeper than what is walked.
    pub(super) unwalked: Label,
}

/// Pieces of one depth, by what X is the offset of.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    pub(super) frame: Label,
    /// An IP packet, of a version that its first byte tells.
    pub(super) ip: Label,
    pub(super) v4: Label,
    pub(super) v6: Label,
}

/// Writes a walk.
pub(super) struct Walker<'a> {
    pub(super) asm: Assembler,
    pub(super) leaves: Leaves,
    ports: &'a Ports,
    depths: Vec<Depth>,
    /// Whether addresses are mixed into a hash on the way, and fragments told by their addresses alone.
    pub(super) hashes: bool,
}

impl<'a> Walker<'a> {
    /// A walk through this many IP headers in each other; 1 looks into no tunnel.
    pub(super) fn new(ports: &'a Ports, most_depths: usize, hashes: bool) -> Self {
        let mut asm = Assembler::default();
        let mut label = || asm.label();
        let leaves = Leaves { tcp: label(), ports: label(), other: label(), strange: label(), unwalked: label() };
        let mut depths: Vec<Depth> =
            (0..most_depths).map(|_| Depth { frame: label(), ip: label(), v4: label(), v6: label() }).collect();
        let beyond = leaves.unwalked;
        depths.push(Depth { frame: beyond, ip: beyond, v4: beyond, v6: beyond });
        Self { asm, leaves, ports, depths, hashes }
    }

    /// The pieces of the outermost packet.
    pub(super) fn outermost(&self) -> Depth {
        self.depths[0]
    }

    /// Writes the pieces of every depth. What leads to the outermost has to be written before, the leaves after.
    pub(super) fn write(&mut self) {
        for depth in 0..self.depths.len() - 1 {
            let (own, inner) = (self.depths[depth], self.depths[depth + 1]);
            self.frame(own);
            self.any_ip(own);
            let payload = self.asm.label();
            self.v4(own.v4, payload);
            self.v6(own.v6, payload);
            self.payload(payload, inner);
        }
    }

    /// Whether what is inside is looked at no more.
    fn is_last(&self, inner: Depth) -> bool {
        inner.frame == self.leaves.unwalked
    }

    /// An Ethernet frame, with the tags that are still in it.
    fn frame(&mut self, own: Depth) {
        self.asm.place(own.frame);
        self.tags([FRAME_KIND, FRAME_HEADER], own);
    }

    /// What ends in an EtherType, which is at X + `kind_at`, and then tags; its payload is at X + `header`.
    pub(super) fn tags(&mut self, [kind_at, header]: [u32; 2], own: Depth) {
        let (v4, v6) = (self.asm.label(), self.asm.label());
        for tags in 0..=MOST_TAGS {
            let tagged = if tags < MOST_TAGS { self.asm.label() } else { self.leaves.strange };
            self.asm.step(op::LOAD_HALF_X, kind_at);
            self.asm.if_equal(IPV4, v4);
            self.asm.if_equal(IPV6, v6);
            for tag in TAGS {
                self.asm.if_equal(tag, tagged);
            }
            for kind in MPLS {
                self.asm.if_equal(kind, self.leaves.unwalked);
            }
            self.asm.go(self.leaves.strange);
            if tags < MOST_TAGS {
                self.asm.place(tagged);
                self.asm.advance(TAG);
            }
        }
        for (here, next) in [(v4, own.v4), (v6, own.v6)] {
            self.asm.place(here);
            self.asm.advance(header);
            self.asm.go(next);
        }
    }

    fn any_ip(&mut self, own: Depth) {
        self.asm.place(own.ip);
        self.asm.step(op::LOAD_BYTE_X, 0);
        self.asm.step(op::AND, 0xf0);
        self.asm.if_equal(0x40, own.v4);
        self.asm.if_equal(0x60, own.v6);
        self.asm.go(self.leaves.strange);
    }

    fn v4(&mut self, here: Label, payload: Label) {
        self.asm.place(here);
        self.mix_addresses(V4_ADDRESSES, 2);
        self.asm.step(op::LOAD_HALF_X, V4_FRAGMENT);
        let fragments = if self.hashes { ANY_FRAGMENT } else { LATER_FRAGMENT };
        self.asm.if_any_bit(fragments, self.leaves.other);
        self.asm.step(op::LOAD_BYTE_X, V4_PROTOCOL);
        self.asm.step(op::STORE, memory::NEXT);
        self.asm.step(op::LOAD_BYTE_X, 0);
        self.asm.step(op::AND, 0x0f);
        self.asm.step(op::SHIFT_LEFT, 2);
        self.asm.advance_by_a();
        self.asm.go(payload);
    }

    fn v6(&mut self, here: Label, payload: Label) {
        self.asm.place(here);
        self.mix_addresses(V6_ADDRESSES, 8);
        self.asm.step(op::LOAD_BYTE_X, V6_NEXT);
        self.asm.step(op::STORE, memory::NEXT);
        self.asm.advance(V6_HEADER);
        self.asm.go(payload);
    }

    /// What an IP header is followed by, at X.
    fn payload(&mut self, here: Label, inner: Depth) {
        let is_last = self.is_last(inner);
        let udp = self.asm.label();
        let gre = if is_last { self.leaves.unwalked } else { self.asm.label() };
        self.asm.place(here);
        self.asm.step(op::RECALL, memory::NEXT);
        self.asm.if_equal(TCP, self.leaves.tcp);
        self.asm.if_equal(UDP, udp);
        self.asm.if_equal(IP_IN_IP, inner.v4);
        self.asm.if_equal(IPV6_IN_IP, inner.v6);
        self.asm.if_equal(GRE, gre);
        self.asm.if_equal(SCTP, self.leaves.ports);
        let errors = self.hashes.then(|| (self.asm.label(), self.asm.label()));
        if let Some((icmp, icmp6)) = errors {
            self.asm.if_equal(ICMP, icmp);
            self.asm.if_equal(ICMPV6, icmp6);
        }
        self.asm.if_equal(AH, self.leaves.unwalked);
        for extension in EXTENSIONS {
            self.asm.if_equal(extension, self.leaves.unwalked);
        }
        self.asm.go(self.leaves.other);
        self.udp(udp, inner);
        if !is_last {
            self.gre(gre, inner);
        }
        if let Some((icmp, icmp6)) = errors {
            self.errors(icmp, icmp6);
        }
    }

    fn udp(&mut self, here: Label, inner: Depth) {
        let is_last = self.is_last(inner);
        let unwalked = self.leaves.unwalked;
        let mut label = || if is_last { unwalked } else { self.asm.label() };
        let (vxlan, geneve, bare_ip) = (label(), label(), label());
        self.asm.place(here);
        if self.ports.len() > MOST_PORTS {
            self.asm.go(self.leaves.unwalked);
        } else {
            self.asm.step(op::LOAD_HALF_X, PORTS[1]);
            let kinds = [
                (&self.ports.vxlan, vxlan),
                (&self.ports.geneve, geneve),
                (&self.ports.bare_ip, bare_ip),
                (&self.ports.other, self.leaves.unwalked),
            ];
            for (ports, label) in kinds {
                for &port in ports {
                    self.asm.if_equal(u32::from(port), label);
                }
            }
            self.asm.go(self.leaves.ports);
        }
        if is_last {
            return;
        }
        self.asm.place(vxlan);
        self.asm.advance(UDP_AND_TUNNEL);
        self.asm.go(inner.frame);
        self.asm.place(bare_ip);
        self.asm.advance(UDP_HEADER);
        self.asm.go(inner.ip);
        self.asm.place(geneve);
        self.geneve();
        self.carried(inner);
    }

    /// Moves X from a UDP header over Geneve with its options; A tells what follows.
    fn geneve(&mut self) {
        self.asm.step(op::LOAD_HALF_X, GENEVE_KIND);
        self.asm.step(op::STORE, memory::NEXT);
        self.asm.step(op::LOAD_BYTE_X, GENEVE_LENGTH);
        self.asm.step(op::AND, 0x3f);
        self.asm.step(op::SHIFT_LEFT, 2);
        self.asm.step(op::ADD, UDP_AND_TUNNEL);
        self.asm.advance_by_a();
        self.asm.step(op::RECALL, memory::NEXT);
    }

    fn gre(&mut self, here: Label, inner: Depth) {
        let (erspan, erspan3) = (self.asm.label(), self.asm.label());
        self.asm.place(here);
        self.asm.step(op::LOAD_HALF_X, GRE_KIND);
        self.asm.step(op::STORE, memory::NEXT);
        self.asm.step(op::LOAD_HALF_X, 0);
        self.asm.if_any_bit(GRE_STRANGE, self.leaves.other);
        self.asm.step(op::STORE, memory::GRE_FLAGS);
        for (flag, shift) in GRE_OPTIONAL {
            self.asm.step(op::RECALL, memory::GRE_FLAGS);
            self.asm.step(op::AND, flag);
            self.asm.step(op::SHIFT_RIGHT, shift);
            self.asm.advance_by_a();
        }
        self.asm.advance(GRE_HEADER);
        self.asm.step(op::RECALL, memory::NEXT);
        self.asm.if_equal(ERSPAN, erspan);
        self.asm.if_equal(ERSPAN3, erspan3);
        self.carried(inner);
        self.erspan(erspan, erspan3, inner);
    }

    /// A frame that a switch mirrors; without a sequence number it follows GRE at once.
    fn erspan(&mut self, here: Label, here3: Label, inner: Depth) {
        let numbered = self.asm.label();
        self.asm.place(here);
        self.asm.step(op::RECALL, memory::GRE_FLAGS);
        self.asm.if_any_bit(GRE_SEQUENCE, numbered);
        self.asm.go(inner.frame);
        self.asm.place(numbered);
        self.asm.advance(ERSPAN2_HEADER);
        self.asm.go(inner.frame);
        self.asm.place(here3);
        self.asm.step(op::LOAD_HALF_X, ERSPAN3_FLAGS);
        self.asm.if_any_bit(ERSPAN3_STRANGE, self.leaves.unwalked);
        self.asm.advance(ERSPAN3_HEADER);
        self.asm.go(inner.frame);
    }

    /// What a tunnel says that it carries, in A.
    fn carried(&mut self, inner: Depth) {
        self.asm.if_equal(FRAME, inner.frame);
        self.asm.if_equal(IPV4, inner.v4);
        self.asm.if_equal(IPV6, inner.v6);
        self.asm.go(self.leaves.other);
    }

    pub(super) fn finish(self) -> Vec<Instruction> {
        self.asm.finish()
    }
}
