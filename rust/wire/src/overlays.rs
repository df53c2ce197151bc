//! Which UDP ports carry tunnels, and what their network identifiers mean.

/// The kinds of tunnel that can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Encap {
    /// VXLAN (RFC 7348), also with a group policy in its reserved bits.
    Vxlan = 1,
}

impl Encap {
    /// The name, as in configuration and columns.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "vxlan",
        }
    }

    /// The kind of this name; None where it cannot be looked into.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name == "vxlan").then_some(Self::Vxlan)
    }

    /// The kind with this number (its discriminant).
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Vxlan),
            _ => None,
        }
    }
}

/// One tunnel to look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlaySpec {
    /// What the tunnel's header is.
    pub kind: Encap,
    /// UDP destination port.
    pub port: u16,
    /// The network identifier, 0–16777215; None accepts any.
    pub vni: Option<u32>,
    /// The identifier names the sender, not a network: it differs by direction (Cilium).
    pub vni_is_identity: bool,
    /// The cluster whose traffic this is; 0 where unknown.
    pub cluster: u16,
}

/// What the configuration says of one packet's tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub vni_is_identity: bool,
    pub cluster: u16,
}

/// The tunnels to look into, found by UDP destination port. Holds at most [`Overlays::CAPACITY`].
#[derive(Clone, Debug, Default)]
pub struct Overlays {
    specs: Vec<OverlaySpec>,
    ports: Vec<u16>,
}

impl Overlays {
    /// The most entries that are held; a packet to a tunnel port looks at all of them.
    pub const CAPACITY: usize = 64;

    /// The first [`Overlays::CAPACITY`] of `specs`, and how many were left off.
    #[must_use]
    pub fn new(specs: &[OverlaySpec]) -> (Self, usize) {
        let taken = specs.len().min(Self::CAPACITY);
        let mut ports: Vec<u16> = specs[..taken].iter().map(|spec| spec.port).collect();
        ports.sort_unstable();
        ports.dedup();
        (Self { specs: specs[..taken].to_vec(), ports }, specs.len() - taken)
    }

    /// The entries, in the order given.
    #[must_use]
    pub fn specs(&self) -> &[OverlaySpec] {
        &self.specs
    }

    /// The kind of tunnel expected on a UDP port.
    #[inline]
    pub(crate) fn kind_at(&self, port: u16) -> Option<Encap> {
        if !self.ports.contains(&port) {
            return None;
        }
        self.specs.iter().find(|spec| spec.port == port).map(|spec| spec.kind)
    }

    /// What is configured for a tunnel's port and identifier; None where no entry accepts the identifier.
    ///
    /// Entries that name the identifier go before those that accept any. Where entries of several clusters fit alike,
    /// the cluster is 0: the outer addresses have to tell.
    #[inline]
    pub(crate) fn accept(&self, port: u16, vni: u32) -> Option<Match> {
        let exact = self.merged(port, |spec| spec.vni == Some(vni));
        exact.or_else(|| self.merged(port, |spec| spec.vni.is_none()))
    }

    #[inline]
    fn merged(&self, port: u16, fits: impl Fn(&OverlaySpec) -> bool) -> Option<Match> {
        let mut found: Option<Match> = None;
        for spec in self.specs.iter().filter(|spec| spec.port == port && fits(spec)) {
            let cluster = match found {
                Some(earlier) if earlier.cluster != spec.cluster => 0,
                _ => spec.cluster,
            };
            let identity = spec.vni_is_identity || found.is_some_and(|earlier| earlier.vni_is_identity);
            found = Some(Match { vni_is_identity: identity, cluster });
        }
        found
    }
}
