//! Bytes → fields. Link, network, transport and tunnel headers, read in place and in one pass.
//!
//! Enters: one captured frame and the tunnels to look into. Leaves: the fields of what is in its innermost tunnel (a TCP
//! segment, another datagram, a fragment, encrypted traffic), or the one reason why there is nothing to follow. No I/O, no allocation, no state between frames, no unsafe code, no dependencies, and no
//! panic on any bytes. Checksums are not verified: offloading leaves them wrong in captures of healthy traffic.
//!
//! One file a header; a new encapsulation is one new file, one [`Encap`] and one match arm in `parse/tunnel.rs`.
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "build"))]
pub mod build;
mod content;
mod encap;
pub mod erspan;
pub mod esp;
pub mod ethernet;
mod frame;
pub mod geneve;
mod glance;
pub mod gre;
pub mod gue;
pub mod icmp;
pub mod ip_in_ip;
pub mod ipv4;
pub mod ipv6;
mod link;
pub mod mpls;
pub mod null;
pub mod nvgre;
mod outcome;
mod overlays;
pub mod parse;
mod parsed;
mod raw;
pub mod sctp;
mod seen;
pub mod sll;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod vxlan;
pub mod wireguard;

pub use encap::Encap;
pub use frame::Frame;
pub use glance::{glance, in_geneve_or_ip, in_vxlan, in_vxlan_v6, plain, plain_v6, untagged};
pub use link::LinkType;
pub use outcome::{Broken, Layer, Outcome, Payload};
pub use overlays::{OverlaySpec, Overlays};
pub use parse::{first_fragment, parse, quick, read, read_frame};
pub use parsed::{IpPair, Parsed, Tunnel};
pub use raw::{RawSegment, addr_of_raw, raw_addr, raw_ports};
pub use seen::{Datagram, Encrypted, Fragment, FragmentKey, IcmpError, Quoted, Role, Seen};
