//! Kernel filters (classic BPF) that decide which packets enter a ring, and how much of each.
//!
//! `full` passes all IPv4 and IPv6: TCP and the tunnels up to the snap length, the rest only as far as its headers, so
//! that it is counted at little cost. `control` passes TCP packets with SYN, FIN or RST alone, outer ones and those
//! one VXLAN header deep; headers that a classic filter cannot walk (IPv6 extensions, tagged inner frames, tunnels
//! other than VXLAN) pass, so that nothing is lost unseen.

mod assembler;
mod interpreter;
mod program;

pub use assembler::Instruction;
pub use interpreter::run;
pub use program::assemble;
use wire::LinkType;

/// Which packets are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Every packet.
    Full,
    /// The packets that open and close connections.
    Control,
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
    /// UDP destination ports of VXLAN tunnels.
    pub vxlan_ports: Vec<u16>,
    /// UDP destination ports of other tunnels.
    pub other_ports: Vec<u16>,
}

#[cfg(test)]
mod tests;
