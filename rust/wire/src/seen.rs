//! What reading one frame comes to.
use crate::encap::Encap;
use crate::outcome::Outcome;
use crate::parsed::{IpPair, Parsed, Tunnel};

/// What a frame held, as far as it can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A TCP segment.
    Tcp(Parsed),
    /// A UDP, SCTP, ICMP or ICMPv6 packet.
    Datagram(Datagram),
    /// An ICMP or ICMPv6 error that quotes a TCP, UDP or SCTP packet.
    IcmpError(IcmpError),
    /// A second or later fragment: it has no ports, and belongs to what its first one belongs to.
    Fragment(Fragment),
    /// Traffic that nobody between its ends can read.
    Encrypted(Encrypted),
    /// Nothing that could be followed.
    Other(Outcome),
}

impl Seen {
    /// The one outcome of the frame.
    #[inline]
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Tcp(_) => Outcome::Tcp,
            Self::Datagram(datagram) => datagram.outcome(),
            Self::IcmpError(_) => Outcome::IcmpError,
            Self::Fragment(_) => Outcome::Fragment,
            Self::Encrypted(_) => Outcome::Encrypted,
            Self::Other(outcome) => *outcome,
        }
    }
}

/// What a packet tells of who began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    #[default]
    Unknown,
    /// Its sender did: an ICMP request, an SCTP INIT.
    Asks,
    /// Its receiver did: an ICMP reply, an SCTP INIT ACK.
    Answers,
}

/// A UDP, SCTP, ICMP or ICMPv6 packet and how it travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The innermost addresses.
    pub addrs: IpPair,
    /// IP protocol: 1 ICMP, 17 UDP, 58 ICMPv6, 132 SCTP.
    pub proto: u8,
    /// Source port. Of an ICMP query its identifier, so that request and reply meet; of other ICMP 0.
    pub src_port: u16,
    /// Destination port. Of an ICMP query its identifier; of other ICMP its type × 256 + code.
    pub dst_port: u16,
    /// Who began.
    pub role: Role,
    /// Type and code of ICMP and ICMPv6.
    pub icmp: Option<(u8, u8)>,
    /// IPv4 identification of the innermost header; 0 in IPv6.
    pub ip_id: u16,
    /// The checksum as captured (of SCTP the first half of it). With the identification it tells a copy of a packet.
    pub checksum: u16,
    /// Where there is no identification, a number that differs where the payload begins differently; 0 where that is not
    /// known.
    pub content: u32,
    /// It came in the first fragment of a datagram, its own or a tunnel's; see [`crate::first_fragment`].
    pub fragmented: bool,
    /// Bytes after the UDP, ICMP (8 bytes) or common SCTP header (12 bytes), as the headers tell.
    pub payload_len: u32,
    /// The outermost VLAN tag; see [`Parsed::vlan`].
    pub vlan: u16,
    /// The innermost overlay.
    pub tunnel: Option<Tunnel>,
}

impl Datagram {
    const fn outcome(&self) -> Outcome {
        match self.proto {
            crate::ipv4::protocol::UDP => Outcome::Udp,
            crate::ipv4::protocol::SCTP => Outcome::Sctp,
            _ => Outcome::Icmp,
        }
    }
}

/// The packet that an ICMP error quotes: its sender is the quoted source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quoted {
    /// Its addresses.
    pub addrs: IpPair,
    /// IP protocol: 6 TCP, 17 UDP, 132 SCTP.
    pub proto: u8,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number, of TCP.
    pub seq: Option<u32>,
}

/// An ICMP or ICMPv6 error and how it travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Who tells whom.
    pub addrs: IpPair,
    /// IP protocol: 1 ICMP, 58 ICMPv6.
    pub proto: u8,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// What it is about.
    pub quoted: Quoted,
    /// IPv4 identification of the error itself; 0 in IPv6.
    pub ip_id: u16,
    /// Its ICMP checksum as captured.
    pub checksum: u16,
    /// The outermost VLAN tag; see [`Parsed::vlan`].
    pub vlan: u16,
    /// The innermost overlay around the error; what it quotes is in the same network.
    pub tunnel: Option<Tunnel>,
}

/// What all fragments of one datagram share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FragmentKey {
    /// The datagram's addresses.
    pub addrs: IpPair,
    /// Its identification: 16 bits in IPv4 (RFC 791 §3.1), 32 in IPv6 (RFC 8200 §4.5).
    pub id: u32,
    /// IP protocol in IPv4; 0 in IPv6, where it is no part of a datagram's identity.
    pub proto: u8,
}

/// A fragment and how it travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Which datagram it is of.
    pub key: FragmentKey,
    /// Where its payload starts in the datagram, in units of 8 bytes.
    pub offset: u16,
    /// Bytes of the fragment's payload.
    pub payload_len: u32,
    /// The outermost VLAN tag; see [`Parsed::vlan`].
    pub vlan: u16,
    /// The innermost overlay around the fragmented datagram.
    pub tunnel: Option<Tunnel>,
}

/// An encrypted packet between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The addresses of its two ends.
    pub addrs: IpPair,
    /// [`Encap::Wireguard`] or [`Encap::Esp`].
    pub kind: Encap,
    /// Source port; 0 for ESP that is not in UDP.
    pub src_port: u16,
    /// Destination port; 0 for ESP that is not in UDP.
    pub dst_port: u16,
    /// Bytes after the IP or UDP header.
    pub payload_len: u32,
    /// IPv4 identification of the innermost header; 0 in IPv6.
    pub ip_id: u16,
    /// A number that differs where the payload begins differently, as it does with every packet; 0 where that is not known.
    pub content: u32,
    /// The outermost VLAN tag; see [`Parsed::vlan`].
    pub vlan: u16,
    /// The innermost overlay around it.
    pub tunnel: Option<Tunnel>,
}
