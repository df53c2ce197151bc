//! The address book: who held which address when.
use core::net::IpAddr;
use std::collections::HashMap;

use crate::connection::Reason;
use crate::hash::FoldState;

/// One endpoint held one address for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The cluster that says so, 1 or more.
    pub cluster: u16,
    /// The address.
    pub addr: IpAddr,
    /// The endpoint, 1 or more.
    pub endpoint: u32,
    /// Since when, nanoseconds since the Unix epoch.
    pub from_ns: u64,
    /// Until when (not included); None while it lasts.
    pub until_ns: Option<u64>,
}

/// The claims on one address that are kept; more than any address sees within the life of a connection row.
const MAX_PER_ADDRESS: usize = 16;

const FOREVER: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    from_ns: u64,
    until_ns: u64,
    endpoint: u32,
    cluster: u16,
}

impl Held {
    fn covers(&self, ns: u64) -> bool {
        self.from_ns <= ns && ns < self.until_ns
    }
}

/// Who held an address, or why nobody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub reason: Reason,
    pub endpoint: u32,
    pub cluster: u16,
}

impl Answer {
    const fn nobody(reason: Reason) -> Self {
        Self { reason, endpoint: 0, cluster: 0 }
    }
}

/// What adding a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// Nothing new.
    Known,
    /// It names what was not named before.
    New,
    /// The same, and an older claim on the address was let go.
    Displaced,
    /// The book is full.
    Refused,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    v4: HashMap<u32, Vec<Held>, FoldState>,
    v6: HashMap<u128, Vec<Held>, FoldState>,
    len: usize,
    max: usize,
}

impl Book {
    pub fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    /// Claims held.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn add(&mut self, claim: &Claim) -> Added {
        let until_ns = claim.until_ns.unwrap_or(FOREVER);
        let held = Held { from_ns: claim.from_ns, until_ns, endpoint: claim.endpoint, cluster: claim.cluster };
        let is_full = self.len >= self.max;
        let list = match claim.addr {
            IpAddr::V4(addr) => self.v4.entry(addr.to_bits()).or_default(),
            IpAddr::V6(addr) => self.v6.entry(addr.to_bits()).or_default(),
        };
        let before = list.len();
        let added = add_to(list, held, is_full);
        self.len = self.len + list.len() - before;
        if list.is_empty() {
            self.forget(claim.addr);
        }
        added
    }

    fn forget(&mut self, addr: IpAddr) {
        match addr {
            IpAddr::V4(addr) => self.v4.remove(&addr.to_bits()),
            IpAddr::V6(addr) => self.v6.remove(&addr.to_bits()),
        };
    }

    pub fn drop_cluster(&mut self, cluster: u16) {
        let keep = |list: &mut Vec<Held>| {
            list.retain(|held| held.cluster != cluster);
            !list.is_empty()
        };
        self.v4.retain(|_, list| keep(list));
        self.v6.retain(|_, list| keep(list));
        let lens = self.v4.values().map(Vec::len).sum::<usize>();
        self.len = lens + self.v6.values().map(Vec::len).sum::<usize>();
    }

    /// Who held an address at a time, as far as `cluster` says; 0: as far as any says.
    #[inline]
    pub fn find(&self, addr: IpAddr, ns: u64, cluster: u16) -> Answer {
        let list = match addr {
            IpAddr::V4(addr) => self.v4.get(&addr.to_bits()),
            IpAddr::V6(addr) => self.v6.get(&addr.to_bits()),
        };
        list.map_or(Answer::nobody(Reason::NoneClaims), |list| judge(list, ns, cluster))
    }
}

fn add_to(list: &mut Vec<Held>, held: Held, is_full: bool) -> Added {
    let is_same = |other: &&mut Held| other.cluster == held.cluster && other.endpoint == held.endpoint;
    if let Some(earlier) = list.iter_mut().find(is_same) {
        let covers_more = held.from_ns < earlier.from_ns || held.until_ns > earlier.until_ns;
        *earlier = held;
        return if covers_more { Added::New } else { Added::Known };
    }
    if list.len() >= MAX_PER_ADDRESS {
        let oldest = (0..list.len()).min_by_key(|&i| (list[i].until_ns, list[i].from_ns)).unwrap_or(0);
        list[oldest] = held;
        return Added::Displaced;
    }
    if is_full {
        return Added::Refused;
    }
    list.push(held);
    Added::New
}

/// Two clusters that claim an address at the same time contradict each other. Within one cluster the later claim is
/// right: a new Pod is often seen before its predecessor's end.
fn judge(list: &[Held], ns: u64, cluster: u16) -> Answer {
    let mut best: Option<Held> = None;
    let mut is_tie = false;
    let mut reason = Reason::NoneClaims;
    for held in list.iter().filter(|held| cluster == 0 || held.cluster == cluster) {
        if !held.covers(ns) {
            reason = if held.until_ns <= ns || reason == Reason::Ended { Reason::Ended } else { Reason::NotYet };
            continue;
        }
        match best {
            Some(other) if other.cluster != held.cluster => return Answer::nobody(Reason::Ambiguous),
            Some(other) if other.from_ns > held.from_ns => {}
            other => {
                is_tie = other.is_some_and(|other| other.from_ns == held.from_ns);
                best = Some(*held);
            }
        }
    }
    match best {
        Some(_) if is_tie => Answer::nobody(Reason::Ambiguous),
        Some(held) => Answer { reason: Reason::Named, endpoint: held.endpoint, cluster: held.cluster },
        None => Answer::nobody(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDR: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 10, 1, 1));

    fn claim(cluster: u16, endpoint: u32, from_ns: u64, until_ns: Option<u64>) -> Claim {
        Claim { cluster, addr: ADDR, endpoint, from_ns, until_ns }
    }

    fn book(claims: &[Claim]) -> Book {
        let mut book = Book::new(100);
        for claim in claims {
            book.add(claim);
        }
        book
    }

    fn named(endpoint: u32, cluster: u16) -> Answer {
        Answer { reason: Reason::Named, endpoint, cluster }
    }

    #[test]
    fn the_time_decides() {
        let book = book(&[claim(1, 5, 100, Some(200)), claim(1, 6, 300, None)]);
        assert_eq!(book.find(ADDR, 50, 0).reason, Reason::NotYet);
        assert_eq!(book.find(ADDR, 100, 0), named(5, 1));
        assert_eq!(book.find(ADDR, 200, 0).reason, Reason::Ended);
        assert_eq!(book.find(ADDR, 300, 0), named(6, 1));
        assert_eq!(book.find("10.9.9.9".parse().unwrap(), 300, 0).reason, Reason::NoneClaims);
    }

    #[test]
    fn within_one_cluster_the_newest_wins() {
        let book = book(&[claim(1, 6, 150, None), claim(1, 5, 100, None)]);
        assert_eq!(book.find(ADDR, 120, 0), named(5, 1));
        assert_eq!(book.find(ADDR, 160, 0), named(6, 1));
    }

    #[test]
    fn two_of_the_same_age_are_ambiguous() {
        let book = book(&[claim(1, 6, 100, None), claim(1, 5, 100, None)]);
        assert_eq!(book.find(ADDR, 120, 0).reason, Reason::Ambiguous);
    }

    #[test]
    fn two_clusters_are_ambiguous_until_the_cluster_is_known() {
        let book = book(&[claim(1, 5, 100, None), claim(2, 9, 100, None)]);
        assert_eq!(book.find(ADDR, 120, 0).reason, Reason::Ambiguous);
        assert_eq!(book.find(ADDR, 120, 2), named(9, 2));
        assert_eq!(book.find(ADDR, 120, 3).reason, Reason::NoneClaims);
    }

    #[test]
    fn a_claim_is_replaced_by_its_like() {
        let mut book = book(&[claim(1, 5, 100, None)]);
        assert_eq!(book.add(&claim(1, 5, 100, None)), Added::Known);
        assert_eq!(book.add(&claim(1, 5, 100, Some(200))), Added::Known);
        assert_eq!(book.find(ADDR, 200, 0).reason, Reason::Ended);
        assert_eq!(book.add(&claim(1, 5, 50, Some(200))), Added::New);
        assert_eq!(book.len(), 1);
    }

    #[test]
    fn the_oldest_of_too_many_is_let_go() {
        let mut book = book(&[]);
        for n in 0..16 {
            let at = u64::from(n) * 10;
            assert_eq!(book.add(&claim(1, n + 1, at, Some(at + 10))), Added::New);
        }
        assert_eq!(book.add(&claim(1, 99, 160, None)), Added::Displaced);
        assert_eq!(book.len(), 16);
        assert_eq!(book.find(ADDR, 5, 0).reason, Reason::NotYet);
        assert_eq!(book.find(ADDR, 165, 0), named(99, 1));
    }

    #[test]
    fn a_full_book_refuses() {
        let mut book = Book::new(1);
        book.add(&claim(1, 1, 0, None));
        let other = Claim { addr: "fd00::1".parse().unwrap(), ..claim(1, 2, 0, None) };
        assert_eq!(book.add(&other), Added::Refused);
        assert!(book.v6.is_empty());
    }

    #[test]
    fn a_cluster_is_forgotten() {
        let mut book = book(&[claim(1, 5, 100, None), claim(2, 9, 100, None)]);
        book.drop_cluster(1);
        assert_eq!(book.find(ADDR, 120, 0), named(9, 2));
        assert_eq!(book.len(), 1);
    }
}
