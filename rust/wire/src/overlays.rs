//! Which tunnels are looked into, and what their network identifiers mean.
use crate::encap::Encap;
use crate::outcome::{Outcome, Payload};

/// IP right behind IP, with numbers that follow each other.
const IP_IN_IP: [Encap; 3] = [Encap::Ipip, Encap::Sit, Encap::Ip6tnl];

/// One tunnel to look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlaySpec {
    /// What the tunnel's header is.
    pub kind: Encap,
    /// UDP destination port; 0 for kinds without one.
    pub port: u16,
    /// The network identifier, 0–16777215; None accepts any. Kinds without one ignore it.
    pub vni: Option<u32>,
    /// The identifier names the sender, not a network: it differs by direction (Cilium).
    pub vni_is_identity: bool,
    /// The cluster whose traffic this is; 0 where unknown.
    pub cluster: u16,
}

impl OverlaySpec {
    fn has_its_port(&self) -> bool {
        self.port != 0 || !self.kind.needs_port()
    }

    fn accepts(&self, vni: u32) -> bool {
        !self.kind.has_identifier() || self.vni.is_none_or(|mine| mine == vni)
    }

    fn names(&self, vni: u32) -> bool {
        self.kind.has_identifier() && self.vni == Some(vni)
    }

    /// Whether it asks to look into a tunnel without a port of this kind.
    fn opens(&self, kind: Encap) -> bool {
        self.kind == kind || (self.kind == Encap::Ipip && kind.is_ip_in_ip())
    }

    const fn told(&self) -> Match {
        Match { vni_is_identity: self.vni_is_identity, cluster: self.cluster }
    }
}

/// What the configuration says of one packet's tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub vni_is_identity: bool,
    pub cluster: u16,
}

/// What stands behind a UDP port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TunnelPort {
    port: u16,
    pub kind: Encap,
    /// What the port's entry says, where it has only one, of identifiers that are `wanted` in the bits of `mask`.
    only: Option<Match>,
    wanted: u32,
    mask: u32,
}

impl TunnelPort {
    fn of(spec: &OverlaySpec) -> Self {
        let wanted = spec.vni.filter(|_| spec.kind.has_identifier());
        let (mask, wanted) = wanted.map_or((0, 0), |vni| (u32::MAX, vni));
        Self { port: spec.port, kind: spec.kind, only: Some(spec.told()), wanted, mask }
    }
}

/// The tunnels to look into, found by UDP destination port or IP protocol. Holds at most [`Overlays::CAPACITY`].
#[derive(Clone, Debug, Default)]
pub struct Overlays {
    specs: Vec<OverlaySpec>,
    tunnel_ports: Vec<TunnelPort>,
    /// What is configured for IPIP, SIT and ip6tnl, which have no identifier.
    ip_in_ip: [Option<Match>; IP_IN_IP.len()],
    /// Ports of encrypted traffic.
    secret: Vec<(u16, Encap)>,
}

impl Overlays {
    /// The most entries that are held; a packet to a tunnel port looks at all of them.
    pub const CAPACITY: usize = 64;

    /// The first [`Overlays::CAPACITY`] of `specs`, and the positions of those left off.
    ///
    /// Left off are also those of a kind that needs a port and has none, and those of another kind than an earlier one
    /// on the same port.
    #[must_use]
    pub fn new(specs: &[OverlaySpec]) -> (Self, Vec<usize>) {
        let mut taken = Self::default();
        let left = (0..specs.len()).filter(|&at| !taken.take(&specs[at])).collect();
        taken.ip_in_ip = IP_IN_IP.map(|kind| taken.choose(0, |spec| spec.opens(kind)));
        (taken, left)
    }

    fn take(&mut self, spec: &OverlaySpec) -> bool {
        let contradicts = |other: &OverlaySpec| other.port != 0 && other.port == spec.port && other.kind != spec.kind;
        if self.specs.len() == Self::CAPACITY || !spec.has_its_port() || self.specs.iter().any(contradicts) {
            return false;
        }
        self.specs.push(*spec);
        if spec.kind.is_encrypted() {
            self.secret.push((spec.port, spec.kind));
        } else if spec.kind.needs_port() {
            match self.tunnel_ports.iter_mut().find(|tunnel_port| tunnel_port.port == spec.port) {
                Some(tunnel_port) => tunnel_port.only = None,
                None => self.tunnel_ports.push(TunnelPort::of(spec)),
            }
        }
        true
    }

    /// The entries, in the order given.
    #[must_use]
    pub fn specs(&self) -> &[OverlaySpec] {
        &self.specs
    }

    /// The tunnel expected behind a UDP destination port.
    #[inline]
    pub(crate) fn tunnel_port(&self, port: u16) -> Option<&TunnelPort> {
        self.tunnel_ports.iter().find(|tunnel_port| tunnel_port.port == port)
    }

    /// The encrypted traffic expected on a UDP port.
    pub(crate) fn secret(&self, port: u16) -> Option<Encap> {
        self.secret.iter().find(|(known, _)| *known == port && port != 0).map(|(_, kind)| *kind)
    }

    /// What is configured for a network identifier behind a port; None where no entry accepts it.
    #[inline]
    pub(crate) fn pass(&self, tunnel_port: &TunnelPort, vni: u32) -> Option<Match> {
        match tunnel_port.only {
            Some(told) => (vni & tunnel_port.mask == tunnel_port.wanted).then_some(told),
            None => self.choose(vni, |spec| spec.port == tunnel_port.port && spec.kind == tunnel_port.kind),
        }
    }

    /// What is configured for IP right behind IP; None where it is not looked into.
    #[inline]
    pub(crate) fn ip_in_ip(&self, kind: Encap) -> Option<Match> {
        self.ip_in_ip[(kind as usize).wrapping_sub(Encap::Ipip as usize).min(IP_IN_IP.len() - 1)]
    }

    /// Whether tunnels of a kind without a port are looked into.
    pub(crate) fn opens(&self, kind: Encap) -> bool {
        self.specs.iter().any(|spec| spec.opens(kind))
    }

    /// What is configured for a tunnel of a kind without a port.
    ///
    /// # Errors
    /// The outcome where no entry asks to look into it.
    pub(crate) fn open(&self, kind: Encap, vni: u32) -> Result<Match, Outcome> {
        let closed = if self.opens(kind) { Outcome::UnknownVni } else { Outcome::Unsupported(Payload::Tunnel) };
        self.choose(vni, |spec| spec.opens(kind)).ok_or(closed)
    }

    /// Entries that name the identifier go before those that accept any.
    #[cold]
    fn choose(&self, vni: u32, fits: impl Fn(&OverlaySpec) -> bool) -> Option<Match> {
        let named = merged(self.specs.iter().filter(|spec| fits(spec) && spec.names(vni)));
        named.or_else(|| merged(self.specs.iter().filter(|spec| fits(spec) && spec.accepts(vni))))
    }
}

/// What entries that fit alike tell together. Where they are of several clusters, the cluster is 0: the outer addresses
/// have to tell.
fn merged<'a>(specs: impl Iterator<Item = &'a OverlaySpec>) -> Option<Match> {
    specs.map(OverlaySpec::told).reduce(|earlier, one| Match {
        vni_is_identity: earlier.vni_is_identity || one.vni_is_identity,
        cluster: if earlier.cluster == one.cluster { one.cluster } else { 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: Encap, port: u16, cluster: u16) -> OverlaySpec {
        OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster }
    }

    #[test]
    fn entries_beyond_the_capacity_are_left_off_and_told() {
        let specs: Vec<_> = (1..71).map(|port| spec(Encap::Vxlan, port, 0)).collect();
        let (taken, left) = Overlays::new(&specs);
        assert_eq!((taken.specs().len(), left), (64, (64..70).collect()));
    }

    #[test]
    fn entries_that_cannot_be_held_to_are_left_off_and_told() {
        let specs = [spec(Encap::Geneve, 0, 0), spec(Encap::Vxlan, 6081, 0), spec(Encap::Geneve, 6081, 0)];
        let (taken, left) = Overlays::new(&specs);
        assert_eq!((taken.specs(), left), (&specs[1..2], vec![0, 2]));
    }

    #[test]
    fn clusters_that_contradict_each_other_leave_the_cluster_open() {
        let (known, _) = Overlays::new(&[spec(Encap::Ipip, 0, 1), spec(Encap::Sit, 0, 2)]);
        assert_eq!(known.ip_in_ip(Encap::Ipip).map(|told| told.cluster), Some(1));
        assert_eq!(known.ip_in_ip(Encap::Sit).map(|told| told.cluster), Some(0));
        assert_eq!(known.ip_in_ip(Encap::Ip6tnl).map(|told| told.cluster), Some(1));
        assert_eq!(known.open(Encap::Gre, 0), Err(Outcome::Unsupported(Payload::Tunnel)));
    }

    #[test]
    fn encrypted_traffic_is_no_tunnel_port() {
        let (known, _) = Overlays::new(&[spec(Encap::Wireguard, 51820, 0), spec(Encap::Esp, 0, 0)]);
        assert!(known.tunnel_port(51820).is_none());
        assert_eq!((known.secret(51820), known.secret(0)), (Some(Encap::Wireguard), None));
    }
}
