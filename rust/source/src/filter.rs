//! Programs for the kernel (classic BPF): which packets enter a ring and how much of each, and which of several rings.
//!
//! `full` passes all IPv4 and IPv6: the tunnels up to the snap length, the rest only as far as its headers, so that it is
//! copied and counted at little cost. `control` passes TCP packets with SYN, FIN or RST alone, outer ones and those
//! inside tunnels and mirrored frames; headers that a classic program cannot walk (IPv6 extensions, MPLS, AH, GUE,
//! tunnels deeper than two in each other) pass, so that nothing is lost unseen.
//!
//! Where several rings share an interface, [`spread`] keeps both directions of an innermost connection in one of them.

mod assembler;
mod fields;
mod hashing;
mod interpreter;
mod program;
mod walker;

pub use assembler::Instruction;
pub use interpreter::run;
pub use program::{assemble, destined_port, nothing, spread};
use wire::LinkType;

/// Which packets are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Every packet.
    Full,
    /// The packets that open and close connections.
    Control,
}

/// UDP destination ports of tunnels, by what follows the UDP header.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ports {
    /// VXLAN.
    pub vxlan: Vec<u16>,
    /// Geneve.
    pub geneve: Vec<u16>,
    /// An IP packet without a header of its own.
    pub bare_ip: Vec<u16>,
    /// Anything else.
    pub other: Vec<u16>,
}

impl Ports {
    fn len(&self) -> usize {
        [&self.vxlan, &self.geneve, &self.bare_ip, &self.other].iter().map(|ports| ports.len()).sum()
    }
}

/// What a filter is made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interest {
    /// Which packets are wanted.
    pub mode: Mode,
    /// The most bytes that are kept of one packet; 1 or more.
    pub snap_bytes: u32,
    /// What the first byte of a frame is.
    pub link: LinkType,
    /// The tunnels to look into.
    pub ports: Ports,
}

#[cfg(test)]
mod tests;
