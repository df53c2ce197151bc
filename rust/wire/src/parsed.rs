//! What reading a frame comes to: one TCP segment, and how it travelled.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::encap::Encap;

/// Source and destination of one IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum IpPair {
    /// IPv4.
    V4 {
        /// Source address.
        src: Ipv4Addr,
        /// Destination address.
        dst: Ipv4Addr,
    },
    /// IPv6.
    V6 {
        /// Source address.
        src: Ipv6Addr,
        /// Destination address.
        dst: Ipv6Addr,
    },
}

impl IpPair {
    /// The source address.
    #[must_use]
    pub const fn src(&self) -> IpAddr {
        match self {
            Self::V4 { src, .. } => IpAddr::V4(*src),
            Self::V6 { src, .. } => IpAddr::V6(*src),
        }
    }

    /// The destination address.
    #[must_use]
    pub const fn dst(&self) -> IpAddr {
        match self {
            Self::V4 { dst, .. } => IpAddr::V4(*dst),
            Self::V6 { dst, .. } => IpAddr::V6(*dst),
        }
    }
}

/// The innermost overlay around a packet. A mirror's own tunnel (ERSPAN, Ethernet in GRE) is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// Its kind.
    pub kind: Encap,
    /// Its network identifier, 0–16777215; 0 for kinds without one: see [`Encap::has_identifier`].
    pub vni: u32,
    /// The identifier names the sender, not a network.
    pub vni_is_identity: bool,
    /// The cluster that the configuration gives for this tunnel; 0 where it gives none.
    pub cluster: u16,
    /// The tunnel's own addresses: nodes.
    pub outer: IpPair,
}

/// A TCP segment and how it travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The innermost addresses.
    pub addrs: IpPair,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Receive window, unscaled.
    pub window: u16,
    /// Control bits; see [`crate::tcp::flag`].
    pub flags: u8,
    /// It came in the first fragment of a datagram, its own or a tunnel's: the rest of the payload came separately.
    /// [`crate::first_fragment`] tells of which.
    pub fragmented: bool,
    /// IPv4 identification of the innermost header; 0 in IPv6.
    pub ip_id: u16,
    /// TCP checksum as captured. With the identification it tells a copy of a packet from a retransmission; where there
    /// is none, the options are in it as well: a checksum that is left to the network card does not cover their time
    /// stamps (RFC 7323) yet.
    pub checksum: u16,
    /// Bytes of payload, as the IP header tells.
    pub payload_len: u32,
    /// The outermost VLAN tag, in a mirrored frame that of the mirror's source; 0 without one.
    pub vlan: u16,
    /// The innermost overlay.
    pub tunnel: Option<Tunnel>,
}
