//! What became of a frame: read as something that can be followed, or the one reason why not. Every frame has exactly
//! one outcome.

macro_rules! layers {
    ($($(#[$doc:meta])* $layer:ident = $name:literal,)*) => {
        /// The header at which reading stopped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Layer {
            $($(#[$doc])* $layer,)*
        }

        const LAYERS: &[Layer] = &[$(Layer::$layer,)*];

        const fn truncated_name(layer: Layer) -> &'static str {
            match layer {
                $(Layer::$layer => concat!("truncated-", $name),)*
            }
        }

        const fn malformed_name(layer: Layer) -> &'static str {
            match layer {
                $(Layer::$layer => concat!("malformed-", $name),)*
            }
        }
    };
}

layers! {
    /// Ethernet, Linux cooked or loopback header.
    Link = "link",
    /// 802.1Q or 802.1ad tag.
    Vlan = "vlan",
    /// IPv4.
    Ipv4 = "ipv4",
    /// IPv6 and its extension headers.
    Ipv6 = "ipv6",
    /// UDP.
    Udp = "udp",
    /// VXLAN.
    Vxlan = "vxlan",
    /// TCP.
    Tcp = "tcp",
    /// MPLS labels.
    Mpls = "mpls",
    /// Geneve.
    Geneve = "geneve",
    /// GRE.
    Gre = "gre",
    /// ERSPAN.
    Erspan = "erspan",
    /// Generic UDP encapsulation.
    Gue = "gue",
    /// IP in UDP without a header of its own.
    Fou = "fou",
    /// IPsec AH.
    Ah = "ah",
    /// ICMP or ICMPv6.
    Icmp = "icmp",
    /// SCTP.
    Sctp = "sctp",
}

/// Sound frames that hold nothing to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Payload {
    /// ARP.
    Arp,
    /// An 802.3 frame with a length instead of a type: spanning tree, LLDP's neighbours and the like.
    Llc,
    /// Any other type of frame that is not IP.
    NotIp,
    /// An IP protocol that is not followed.
    OtherIp,
    /// A tunnel that no overlay asks to look into, or a message between its ends.
    Tunnel,
}

/// How a header failed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The captured bytes end before the header does.
    Truncated,
    /// The header contradicts itself or what it is carried in.
    Malformed,
}

impl Broken {
    /// The outcome of a frame whose `layer` failed in this way.
    #[must_use]
    pub const fn at(self, layer: Layer) -> Outcome {
        match self {
            Self::Truncated => Outcome::Truncated(layer),
            Self::Malformed => Outcome::Malformed(layer),
        }
    }
}

/// What became of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A TCP segment was read.
    Tcp,
    /// A UDP datagram was read.
    Udp,
    /// An ICMP or ICMPv6 message was read.
    Icmp,
    /// An SCTP packet was read.
    Sctp,
    /// An ICMP or ICMPv6 error was read that quotes a TCP, UDP or SCTP packet.
    IcmpError,
    /// A second or later fragment: it has no ports.
    Fragment,
    /// WireGuard or ESP: nothing inside can be read.
    Encrypted,
    /// A copy of a packet that had been read before. Told by who keeps packets in mind, never by this crate.
    Duplicate,
    /// The captured bytes end within this header.
    Truncated(Layer),
    /// This header contradicts itself or what it is carried in.
    Malformed(Layer),
    /// A sound frame that holds nothing to follow.
    Unsupported(Payload),
    /// A tunnel that is looked into, but not with this network identifier.
    UnknownVni,
    /// More tags, labels, extension headers or tunnels in each other than are looked into.
    TooDeep,
}

const PAYLOADS: &[Payload] = &[Payload::Arp, Payload::Llc, Payload::NotIp, Payload::OtherIp, Payload::Tunnel];

/// Outcomes without a detail, at their index.
const PLAIN: [Outcome; 10] = [
    Outcome::Tcp,
    Outcome::Udp,
    Outcome::Icmp,
    Outcome::Sctp,
    Outcome::IcmpError,
    Outcome::Fragment,
    Outcome::Encrypted,
    Outcome::Duplicate,
    Outcome::UnknownVni,
    Outcome::TooDeep,
];

const TRUNCATED: usize = PLAIN.len();
const MALFORMED: usize = TRUNCATED + LAYERS.len();
const UNSUPPORTED: usize = MALFORMED + LAYERS.len();

impl Outcome {
    /// How many outcomes there are; [`Outcome::index`] is below it.
    pub const COUNT: usize = UNSUPPORTED + PAYLOADS.len();

    /// Every outcome, at its [`Outcome::index`].
    pub const ALL: [Self; Self::COUNT] = Self::all();

    /// A dense number, for arrays of counters.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Tcp => 0,
            Self::Udp => 1,
            Self::Icmp => 2,
            Self::Sctp => 3,
            Self::IcmpError => 4,
            Self::Fragment => 5,
            Self::Encrypted => 6,
            Self::Duplicate => 7,
            Self::UnknownVni => 8,
            Self::TooDeep => 9,
            Self::Truncated(layer) => TRUNCATED + layer as usize,
            Self::Malformed(layer) => MALFORMED + layer as usize,
            Self::Unsupported(payload) => UNSUPPORTED + payload as usize,
        }
    }

    /// The counter's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Sctp => "sctp",
            Self::IcmpError => "icmp-error",
            Self::Fragment => "fragment",
            Self::Encrypted => "encrypted",
            Self::Duplicate => "duplicate",
            Self::Truncated(layer) => truncated_name(layer),
            Self::Malformed(layer) => malformed_name(layer),
            Self::Unsupported(payload) => payload_name(payload),
            Self::UnknownVni => "unknown-vni",
            Self::TooDeep => "too-deep",
        }
    }

    const fn all() -> [Self; Self::COUNT] {
        let mut all = [Self::Tcp; Self::COUNT];
        let mut i = 0;
        while i < PLAIN.len() {
            all[i] = PLAIN[i];
            i += 1;
        }
        i = 0;
        while i < LAYERS.len() {
            all[TRUNCATED + i] = Self::Truncated(LAYERS[i]);
            all[MALFORMED + i] = Self::Malformed(LAYERS[i]);
            i += 1;
        }
        i = 0;
        while i < PAYLOADS.len() {
            all[UNSUPPORTED + i] = Self::Unsupported(PAYLOADS[i]);
            i += 1;
        }
        all
    }
}

const fn payload_name(payload: Payload) -> &'static str {
    match payload {
        Payload::Arp => "arp",
        Payload::Llc => "llc",
        Payload::NotIp => "not-ip",
        Payload::OtherIp => "other-ip",
        Payload::Tunnel => "tunnel",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_sits_at_its_index_and_has_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), index);
            assert!(names.insert(outcome.name()), "{} twice", outcome.name());
        }
    }
}
