//! One connection, as readers of the table see it.
use core::net::IpAddr;

use wire::Encap;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// The client's SYN was seen.
    Syn = 1,
    /// The server answered.
    SynAck = 2,
    /// The client acknowledged the answer, or the connection was joined in the middle.
    Est = 3,
    /// One side sent FIN; ended when both did.
    Fin = 4,
    /// One side reset it.
    Rst = 5,
    /// Packets of a protocol without such states: UDP, ICMP, SCTP.
    Active = 6,
}

impl State {
    /// The name in the `cur-state` column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "syn-ack",
            Self::Est => "est",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Active => "active",
        }
    }
}

/// Why a connection is no longer followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Both sides sent FIN.
    Fin,
    /// One side reset it.
    Rst,
    /// It was silent for longer than the limit.
    Timeout,
    /// Its memory was needed for another one.
    Evicted,
    /// Its addresses and ports were used for a new one.
    Replaced,
}

impl End {
    /// The name of the counter and in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Timeout => "timeout",
            Self::Evicted => "evicted",
            Self::Replaced => "replaced",
        }
    }
}

/// Why one side of a connection has its name, or none. The time is that of the connection's first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Reason {
    /// No cluster claims the address.
    #[default]
    NoneClaims = 0,
    /// The address had been given up by then.
    Ended = 1,
    /// The address was taken later.
    NotYet = 2,
    /// Several clusters claimed the address then.
    Ambiguous = 3,
    /// Exactly one endpoint held the address.
    Named = 4,
    /// The address may have changed hands just then: several of one cluster may have held it.
    Unsure = 5,
    /// The cluster told nothing of that time yet.
    Away = 6,
}

impl Reason {
    /// The name in the `reason` column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoneClaims => "none-claims",
            Self::Ended => "ended",
            Self::NotYet => "not-yet",
            Self::Ambiguous => "ambiguous",
            Self::Named => "named",
            Self::Unsure => "unsure",
            Self::Away => "away",
        }
    }
}

/// One connection. "Source" (`src`, `o…`) is the client, "destination" (`dst`, `i…`) the server.
///
/// The client is who sent the SYN, or got the SYN-ACK. Where neither was seen, the server is the side whose port alone
/// has answered a SYN before, else the side whose port alone is below 1024, else the receiver of the first packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Unique in this process, in the order in which connections were first seen; from 1.
    pub id: u64,
    /// The cluster it belongs to: the one that its way told, else that of its named sides; 0 where unknown.
    pub cluster: u16,
    /// IP protocol: 6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6 (IANA "Protocol Numbers").
    pub proto: u8,
    /// The outermost VLAN of the first packet; 0 without a tag.
    pub vlan: u16,
    /// The source that the first packet came from.
    pub source: u16,
    /// The tunnel of the first packet.
    pub encap: Option<Encap>,
    /// That tunnel's network identifier.
    pub vni: Option<u32>,
    /// The cluster that its way told: the tunnel by its outer addresses or by configuration, or the place where it was
    /// seen; 0 where none did.
    pub overlay_cluster: u16,
    /// The client's address.
    pub src: IpAddr,
    /// The server's address.
    pub dst: IpAddr,
    /// The client's port.
    pub src_port: u16,
    /// The server's port.
    pub dst_port: u16,
    /// The node on the client's side of the tunnel, from the first packet.
    pub outer_src: Option<IpAddr>,
    /// The node on the server's side of the tunnel, from the first packet.
    pub outer_dst: Option<IpAddr>,
    /// How far it has come.
    pub state: State,
    /// Why it is no longer followed; None while it is.
    pub end: Option<End>,
    /// SYNs after the first one; stays at 255 from there on.
    pub syn_resends: u8,
    /// SYN-ACKs after the first one; stays at 255 from there on.
    pub syn_ack_resends: u8,
    /// First SYN → first SYN-ACK, at most 1099 s.
    pub latency_ns: Option<u64>,
    /// The SYN that was answered → first SYN-ACK.
    pub server_latency_ns: Option<u64>,
    /// Last SYN-ACK → the client's first ACK.
    pub client_latency_ns: Option<u64>,
    /// Stream bytes client → server, by sequence numbers.
    pub obytes: u64,
    /// Stream bytes server → client, by sequence numbers.
    pub ibytes: u64,
    /// Whether `obytes` and `ibytes` are known. Where only control packets were read, they are once that side's beginning
    /// and its FIN were seen, or a reset that acknowledges what the other side sent.
    pub bytes_known: [bool; 2],
    /// Packets client → server.
    pub opkts: u64,
    /// Packets server → client.
    pub ipkts: u64,
    /// Bytes of whole frames client → server.
    pub owire_bytes: u64,
    /// Bytes of whole frames server → client.
    pub iwire_bytes: u64,
    /// Segments, of both sides, all of whose data had been seen before. A keep-alive is none.
    pub retransmits: u32,
    /// Segments, of both sides, that filled a gap which later data had left: reordered on the way, or sent again after
    /// a loss before the mirror. Stays at 65,535 from there on, as the next two do.
    pub out_of_order: u16,
    /// Segments, of both sides, that let the other side send nothing.
    pub zero_windows: u16,
    /// ICMP errors that quote a packet of this connection.
    pub icmp_errors: u16,
    /// The first packet.
    pub started_ns: u64,
    /// The latest packet.
    pub last_ns: u64,
    /// The last packet of a connection whose end was seen (FIN of both sides, or RST).
    pub ended_ns: Option<u64>,
    /// The endpoint that held the client's address; 0 for none.
    pub src_endpoint: u32,
    /// The endpoint that held the server's address; 0 for none.
    pub dst_endpoint: u32,
    /// Why the client has its name or none.
    pub src_reason: Reason,
    /// Why the server has its name or none.
    pub dst_reason: Reason,
    /// The cluster that the client's reason speaks of; 0 for none or several.
    pub src_cluster: u16,
    /// The cluster that the server's reason speaks of.
    pub dst_cluster: u16,
    /// Since when the client's address was nobody's, or its cluster told nothing, where that is the reason.
    pub src_since_ns: Option<u64>,
    /// The same for the server.
    pub dst_since_ns: Option<u64>,
    /// The client's SYN was seen.
    pub syn_seen: bool,
    /// It was joined in the middle: neither SYN nor SYN-ACK was seen.
    pub joined: bool,
    /// Packets of one side only were seen.
    pub one_way: bool,
}
