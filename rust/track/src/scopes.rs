//! Where the packets of clusters are seen that no tunnel tells apart: at one source, in one VLAN, or both.

/// One cluster's packets are seen here, and nowhere else but in its other scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The cluster, 1 or more.
    pub cluster: u16,
    /// The number of the source; None for any.
    pub source: Option<u16>,
    /// The outermost VLAN, 0 for none; None for any.
    pub vlan: Option<u16>,
}

impl Scope {
    fn covers(&self, source: u16, vlan: u16) -> bool {
        self.source.is_none_or(|wanted| wanted == source) && self.vlan.is_none_or(|wanted| wanted == vlan)
    }

    /// How narrow it is: an interface says more than a VLAN, which several interfaces may carry.
    fn rank(&self) -> u8 {
        2 * u8::from(self.source.is_some()) + u8::from(self.vlan.is_some())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Scopes {
    all: Vec<Scope>,
}

impl Scopes {
    pub fn new(scopes: &[Scope]) -> Self {
        Self { all: scopes.to_vec() }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The narrowest rank that covers the place; None where nobody is bound to it.
    fn rank_at(&self, source: u16, vlan: u16) -> Option<u8> {
        self.all.iter().filter(|scope| scope.covers(source, vlan)).map(Scope::rank).max()
    }

    /// Whether packets from there may be the cluster's: where some are bound to the place only the narrowest of them,
    /// else whoever is bound nowhere.
    pub fn admits(&self, cluster: u16, source: u16, vlan: u16) -> bool {
        if self.is_empty() {
            return true;
        }
        let mut own = self.all.iter().filter(|scope| scope.cluster == cluster);
        match self.rank_at(source, vlan) {
            Some(rank) => own.any(|scope| scope.rank() == rank && scope.covers(source, vlan)),
            None => own.next().is_none(),
        }
    }

    /// The one cluster that is bound to the place most narrowly; 0 for none or several.
    pub fn only(&self, source: u16, vlan: u16) -> u16 {
        let Some(rank) = self.rank_at(source, vlan) else { return 0 };
        let narrowest = |scope: &&Scope| scope.rank() == rank && scope.covers(source, vlan);
        let mut clusters = self.all.iter().filter(narrowest).map(|scope| scope.cluster);
        let first = clusters.next().unwrap_or_default();
        if clusters.all(|cluster| cluster == first) { first } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(cluster: u16, source: Option<u16>, vlan: Option<u16>) -> Scope {
        Scope { cluster, source, vlan }
    }

    #[test]
    fn without_scopes_every_cluster_is_everywhere() {
        let scopes = Scopes::default();
        assert!(scopes.admits(1, 0, 0) && scopes.admits(2, 7, 9));
        assert_eq!(scopes.only(0, 0), 0);
    }

    #[test]
    fn the_narrowest_scope_wins() {
        let scopes = Scopes::new(&[scope(1, None, Some(10)), scope(2, Some(3), None), scope(4, Some(3), Some(10))]);
        assert_eq!([scopes.only(0, 10), scopes.only(3, 11), scopes.only(3, 10), scopes.only(0, 11)], [1, 2, 4, 0]);
        assert!(scopes.admits(4, 3, 10) && !scopes.admits(2, 3, 10) && !scopes.admits(1, 3, 10));
    }

    #[test]
    fn who_is_bound_elsewhere_is_not_here_and_who_is_bound_nowhere_may_be() {
        let scopes = Scopes::new(&[scope(1, Some(3), None)]);
        assert!(!scopes.admits(1, 0, 0) && scopes.admits(2, 0, 0));
        assert!(scopes.admits(1, 3, 0) && !scopes.admits(2, 3, 0));
    }

    #[test]
    fn several_at_one_place_are_all_admitted() {
        let scopes = Scopes::new(&[scope(1, Some(3), None), scope(2, Some(3), None), scope(1, Some(3), None)]);
        assert!(scopes.admits(1, 3, 0) && scopes.admits(2, 3, 0) && !scopes.admits(4, 3, 0));
        assert_eq!(scopes.only(3, 0), 0);
    }
}
