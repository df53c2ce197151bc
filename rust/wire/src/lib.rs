//! Bytes → fields. Link, network, transport and tunnel headers, read in place and in one pass.
//!
//! Enters: one captured frame and the tunnels to look into. Leaves: the fields of its innermost TCP segment, or the one
//! reason why there is none. No I/O, no allocation, no state between frames, no unsafe code, no dependencies, and no
//! panic on any bytes. Checksums are not verified: offloading leaves them wrong in captures of healthy traffic.
//!
//! One file a header; a new encapsulation is one new file, one [`Encap`] and one match arm in [`mod@parse`].
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "build"))]
pub mod build;
pub mod ethernet;
mod frame;
pub mod ipv4;
pub mod ipv6;
mod link;
mod outcome;
mod overlays;
pub mod parse;
mod parsed;
pub mod sll;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod vxlan;

pub use frame::Frame;
pub use link::LinkType;
pub use outcome::{Broken, Layer, Outcome, Payload};
pub use overlays::{Encap, OverlaySpec, Overlays};
pub use parse::parse;
pub use parsed::{IpPair, Parsed, Tunnel};
