//! The address book: who held which address when, as the clusters tell it.
use core::net::IpAddr;
use std::collections::HashMap;

use crate::connection::Reason;
use crate::hash::FoldState;

/// A port of one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Door {
    /// The IP protocol (IANA "Protocol Numbers").
    pub proto: u8,
    /// 1 or more.
    pub port: u16,
}

/// What a claim is on, and whose claim it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The cluster that says so, 1 or more.
    pub cluster: u16,
    /// The address.
    pub addr: IpAddr,
    /// The one port that is meant, as a server's; None for the whole address.
    pub door: Option<Door>,
}

/// One endpoint held a place for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The endpoint; 0 where it cannot be told who held the place.
    pub endpoint: u32,
    /// Since when, nanoseconds since the Unix epoch.
    pub from_ns: u64,
    /// Until when (not included); None while it lasts.
    pub until_ns: Option<u64>,
}

/// The spans of one place that are kept; more than any address sees within the life of a connection row.
const MAX_PER_PLACE: usize = 64;

const FOREVER: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
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

/// Who held a place, or why nobody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub reason: Reason,
    pub endpoint: u32,
    /// The cluster that the reason speaks of; 0 for none or several.
    pub cluster: u16,
    /// Since when it is so, where the reason has such a time; 0 else.
    pub since_ns: u64,
    /// The claim goes on.
    pub is_open: bool,
}

impl Answer {
    pub const fn nobody(reason: Reason) -> Self {
        Self { reason, endpoint: 0, cluster: 0, since_ns: 0, is_open: false }
    }
}

/// What telling of a place came to: spans that were let go for being too many, or refused for want of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub dropped: u64,
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    v4: HashMap<u32, Vec<Held>, FoldState>,
    v6: HashMap<u128, Vec<Held>, FoldState>,
    doors: HashMap<(u128, Door), Vec<Held>, FoldState>,
    len: usize,
    max: usize,
}

/// One space for both families.
#[inline]
pub(crate) fn bits(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().to_bits(),
        IpAddr::V6(addr) => addr.to_bits(),
    }
}

impl Book {
    pub fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    /// Spans held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts these spans in place of all that the same cluster told of the place before.
    pub fn set(&mut self, place: &Place, spans: &[Span]) -> Left {
        let mut list = self.take(place);
        self.len -= list.len();
        list.retain(|held| held.cluster != place.cluster);
        let mut told: Vec<Held> = spans.iter().filter_map(|span| held(place.cluster, span)).collect();
        told.sort_unstable_by_key(|held| held.from_ns);
        let dropped = told.len().saturating_sub(MAX_PER_PLACE);
        told.drain(..dropped);
        let room = self.max.saturating_sub(self.len + list.len());
        let refused = told.len().saturating_sub(room);
        told.drain(..refused);
        list.reserve_exact(told.len());
        list.append(&mut told);
        list.shrink_to_fit();
        self.len += list.len();
        if !list.is_empty() {
            self.put(place, list);
        }
        Left { dropped: dropped as u64, refused: refused as u64 }
    }

    fn take(&mut self, place: &Place) -> Vec<Held> {
        let list = match (place.door, place.addr) {
            (Some(door), addr) => self.doors.remove(&(bits(addr), door)),
            (None, IpAddr::V4(addr)) => self.v4.remove(&addr.to_bits()),
            (None, IpAddr::V6(addr)) => self.v6.remove(&addr.to_bits()),
        };
        list.unwrap_or_default()
    }

    fn put(&mut self, place: &Place, list: Vec<Held>) {
        match (place.door, place.addr) {
            (Some(door), addr) => self.doors.insert((bits(addr), door), list),
            (None, IpAddr::V4(addr)) => self.v4.insert(addr.to_bits(), list),
            (None, IpAddr::V6(addr)) => self.v6.insert(addr.to_bits(), list),
        };
    }

    /// Who held an address at a time, as far as the admitted clusters say.
    #[inline]
    pub fn find(&self, addr: IpAddr, ns: u64, admits: impl Fn(u16) -> bool) -> Answer {
        let list = match addr {
            IpAddr::V4(addr) => self.v4.get(&addr.to_bits()),
            IpAddr::V6(addr) => self.v6.get(&addr.to_bits()),
        };
        list.map_or(Answer::nobody(Reason::NoneClaims), |list| judge(list, ns, admits))
    }

    /// Who alone held one port of an address at a time.
    #[inline]
    pub fn find_door(&self, addr: IpAddr, door: Door, ns: u64, admits: impl Fn(u16) -> bool) -> Option<Answer> {
        if self.doors.is_empty() {
            return None;
        }
        let list = self.doors.get(&(bits(addr), door))?;
        Some(judge(list, ns, admits)).filter(|answer| answer.reason == Reason::Named)
    }
}

/// A span as it is kept; None for one that holds no time.
fn held(cluster: u16, span: &Span) -> Option<Held> {
    let until_ns = span.until_ns.unwrap_or(FOREVER);
    let kept = Held { from_ns: span.from_ns, until_ns, endpoint: span.endpoint, cluster };
    (span.from_ns < until_ns).then_some(kept)
}

/// Two clusters that claim an address at the same time contradict each other, and so do two spans of one cluster.
fn judge(list: &[Held], ns: u64, admits: impl Fn(u16) -> bool) -> Answer {
    let mut found: Option<Answer> = None;
    let mut none = Answer::nobody(Reason::NoneClaims);
    for held in list.iter().filter(|held| admits(held.cluster)) {
        if held.covers(ns) {
            found = Some(found.map_or_else(|| answer_of(held), |other| contradiction(&other, held)));
        } else if held.until_ns <= ns {
            if held.until_ns >= none.since_ns {
                none = Answer { cluster: held.cluster, since_ns: held.until_ns, ..Answer::nobody(Reason::Ended) };
            }
        } else if none.reason == Reason::NoneClaims {
            none = Answer { cluster: held.cluster, ..Answer::nobody(Reason::NotYet) };
        }
    }
    found.unwrap_or(none)
}

fn answer_of(held: &Held) -> Answer {
    let reason = if held.endpoint == 0 { Reason::Unsure } else { Reason::Named };
    let is_open = held.until_ns == FOREVER;
    Answer { reason, endpoint: held.endpoint, cluster: held.cluster, since_ns: 0, is_open }
}

fn contradiction(other: &Answer, held: &Held) -> Answer {
    if other.cluster == held.cluster {
        return Answer { cluster: held.cluster, ..Answer::nobody(Reason::Unsure) };
    }
    Answer::nobody(Reason::Ambiguous)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDR: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 10, 1, 1));

    fn place(cluster: u16) -> Place {
        Place { cluster, addr: ADDR, door: None }
    }

    fn span(endpoint: u32, from_ns: u64, until_ns: Option<u64>) -> Span {
        Span { endpoint, from_ns, until_ns }
    }

    fn book(told: &[(u16, &[Span])]) -> Book {
        let mut book = Book::new(1000);
        for (cluster, spans) in told {
            assert_eq!(book.set(&place(*cluster), spans), Left::default());
        }
        book
    }

    fn found(book: &Book, ns: u64) -> (Reason, u32) {
        let answer = book.find(ADDR, ns, |_| true);
        (answer.reason, answer.endpoint)
    }

    #[test]
    fn the_time_decides() {
        let book = book(&[(1, &[span(5, 100, Some(200)), span(6, 300, None)])]);
        assert_eq!(found(&book, 50), (Reason::NotYet, 0));
        assert_eq!(found(&book, 100), (Reason::Named, 5));
        assert_eq!(found(&book, 200), (Reason::Ended, 0));
        assert_eq!(book.find(ADDR, 250, |_| true).since_ns, 200);
        assert_eq!(found(&book, 300), (Reason::Named, 6));
        assert_eq!(book.find("10.9.9.9".parse().unwrap(), 300, |_| true).reason, Reason::NoneClaims);
    }

    #[test]
    fn a_span_of_nobody_is_no_name() {
        let book = book(&[(1, &[span(5, 100, Some(200)), span(0, 200, Some(300)), span(6, 300, None)])]);
        assert_eq!(found(&book, 250), (Reason::Unsure, 0));
        assert_eq!(found(&book, 300), (Reason::Named, 6));
    }

    #[test]
    fn two_at_a_time_name_nobody() {
        let book = book(&[(1, &[span(6, 100, None), span(5, 100, None)])]);
        assert_eq!(found(&book, 120), (Reason::Unsure, 0));
    }

    #[test]
    fn two_clusters_are_ambiguous_until_one_is_admitted() {
        let book = book(&[(1, &[span(5, 100, None)]), (2, &[span(9, 100, None)])]);
        assert_eq!(found(&book, 120), (Reason::Ambiguous, 0));
        let admitted = |cluster: u16| book.find(ADDR, 120, |each| each == cluster);
        assert_eq!((admitted(2).reason, admitted(2).endpoint, admitted(2).cluster), (Reason::Named, 9, 2));
        assert_eq!(admitted(3).reason, Reason::NoneClaims);
    }

    #[test]
    fn what_is_told_replaces_what_was_told() {
        let mut book = book(&[(1, &[span(5, 100, None)]), (2, &[span(9, 900, None)])]);
        book.set(&place(1), &[span(5, 100, Some(150)), span(6, 150, None)]);
        assert_eq!((found(&book, 120), found(&book, 150)), ((Reason::Named, 5), (Reason::Named, 6)));
        book.set(&place(1), &[]);
        assert_eq!((found(&book, 120), book.len()), ((Reason::NotYet, 0), 1));
        book.set(&place(2), &[]);
        assert!(book.v4.is_empty() && book.len() == 0);
    }

    #[test]
    fn a_port_is_a_place_of_its_own() {
        let mut book = book(&[(1, &[span(5, 100, None)])]);
        let door = Door { proto: 6, port: 9100 };
        assert_eq!(book.find_door(ADDR, door, 120, |_| true), None);
        book.set(&Place { door: Some(door), ..place(1) }, &[span(7, 110, None)]);
        assert_eq!(book.find_door(ADDR, door, 120, |_| true).map(|answer| answer.endpoint), Some(7));
        assert_eq!(book.find_door(ADDR, Door { proto: 17, ..door }, 120, |_| true), None);
        assert_eq!(book.find_door(ADDR, door, 105, |_| true), None);
    }

    #[test]
    fn the_oldest_of_too_many_are_let_go() {
        let mut book = Book::new(1000);
        let spans: Vec<Span> = (0..66).map(|n| span(n + 1, u64::from(n) * 10, Some(u64::from(n) * 10 + 10))).collect();
        assert_eq!(book.set(&place(1), &spans), Left { dropped: 2, refused: 0 });
        assert_eq!((found(&book, 5), found(&book, 25)), ((Reason::NotYet, 0), (Reason::Named, 3)));
    }

    #[test]
    fn a_full_book_refuses() {
        let mut book = Book::new(1);
        book.set(&place(1), &[span(1, 0, None)]);
        let other = Place { addr: "fd00::1".parse().unwrap(), ..place(1) };
        assert_eq!(book.set(&other, &[span(2, 0, None)]), Left { dropped: 0, refused: 1 });
        assert!(book.v6.is_empty());
        assert_eq!(book.set(&place(1), &[span(3, 0, None)]), Left::default());
    }
}
