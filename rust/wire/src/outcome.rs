//! What became of a frame: read as TCP, or the one reason why not. Every frame has exactly one outcome.

/// The header at which reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Layer {
    /// Ethernet or Linux cooked header.
    Link,
    /// 802.1Q or 802.1ad tag.
    Vlan,
    /// IPv4.
    Ipv4,
    /// IPv6 and its extension headers.
    Ipv6,
    /// UDP around a tunnel.
    Udp,
    /// VXLAN.
    Vxlan,
    /// TCP.
    Tcp,
}

/// Sound frames that hold something else than TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Payload {
    /// ARP.
    Arp,
    /// An 802.3 frame with a length instead of a type: spanning tree, LLDP's neighbours and the like.
    Llc,
    /// Any other type of frame that is not IP.
    NotIp,
    /// UDP that is no configured tunnel.
    Udp,
    /// ICMP or ICMPv6.
    Icmp,
    /// SCTP.
    Sctp,
    /// IPsec ESP: encrypted, nothing inside can be read.
    Esp,
    /// Any other IP protocol.
    OtherIp,
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
    /// The captured bytes end within this header.
    Truncated(Layer),
    /// This header contradicts itself or what it is carried in.
    Malformed(Layer),
    /// A sound frame that holds no TCP.
    Unsupported(Payload),
    /// A second or later fragment: it has no TCP header.
    Fragment,
    /// A configured tunnel port, but no tunnel with this network identifier is configured.
    UnknownVni,
    /// More tags, extension headers or tunnels in each other than are looked into.
    TooDeep,
}

const LAYERS: [Layer; 7] = [Layer::Link, Layer::Vlan, Layer::Ipv4, Layer::Ipv6, Layer::Udp, Layer::Vxlan, Layer::Tcp];

const PAYLOADS: [Payload; 8] = [
    Payload::Arp,
    Payload::Llc,
    Payload::NotIp,
    Payload::Udp,
    Payload::Icmp,
    Payload::Sctp,
    Payload::Esp,
    Payload::OtherIp,
];

const TRUNCATED: usize = 1;
const MALFORMED: usize = TRUNCATED + LAYERS.len();
const UNSUPPORTED: usize = MALFORMED + LAYERS.len();
const FRAGMENT: usize = UNSUPPORTED + PAYLOADS.len();
const UNKNOWN_VNI: usize = FRAGMENT + 1;
const TOO_DEEP: usize = UNKNOWN_VNI + 1;

impl Outcome {
    /// How many outcomes there are; [`Outcome::index`] is below it.
    pub const COUNT: usize = TOO_DEEP + 1;

    /// Every outcome, at its [`Outcome::index`].
    pub const ALL: [Self; Self::COUNT] = Self::all();

    /// A dense number, for arrays of counters.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Tcp => 0,
            Self::Truncated(layer) => TRUNCATED + layer as usize,
            Self::Malformed(layer) => MALFORMED + layer as usize,
            Self::Unsupported(payload) => UNSUPPORTED + payload as usize,
            Self::Fragment => FRAGMENT,
            Self::UnknownVni => UNKNOWN_VNI,
            Self::TooDeep => TOO_DEEP,
        }
    }

    /// The counter's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Truncated(layer) => truncated_name(layer),
            Self::Malformed(layer) => malformed_name(layer),
            Self::Unsupported(payload) => payload_name(payload),
            Self::Fragment => "fragment",
            Self::UnknownVni => "unknown-vni",
            Self::TooDeep => "too-deep",
        }
    }

    const fn all() -> [Self; Self::COUNT] {
        let mut all = [Self::Tcp; Self::COUNT];
        let mut i = 0;
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
        all[FRAGMENT] = Self::Fragment;
        all[UNKNOWN_VNI] = Self::UnknownVni;
        all[TOO_DEEP] = Self::TooDeep;
        all
    }
}

const fn truncated_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Link => "truncated-link",
        Layer::Vlan => "truncated-vlan",
        Layer::Ipv4 => "truncated-ipv4",
        Layer::Ipv6 => "truncated-ipv6",
        Layer::Udp => "truncated-udp",
        Layer::Vxlan => "truncated-vxlan",
        Layer::Tcp => "truncated-tcp",
    }
}

const fn malformed_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Link => "malformed-link",
        Layer::Vlan => "malformed-vlan",
        Layer::Ipv4 => "malformed-ipv4",
        Layer::Ipv6 => "malformed-ipv6",
        Layer::Udp => "malformed-udp",
        Layer::Vxlan => "malformed-vxlan",
        Layer::Tcp => "malformed-tcp",
    }
}

const fn payload_name(payload: Payload) -> &'static str {
    match payload {
        Payload::Arp => "arp",
        Payload::Llc => "llc",
        Payload::NotIp => "not-ip",
        Payload::Udp => "udp",
        Payload::Icmp => "icmp",
        Payload::Sctp => "sctp",
        Payload::Esp => "esp",
        Payload::OtherIp => "other-ip",
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
