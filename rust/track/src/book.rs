//! The address book: who held which address when, as the clusters tell it.
use core::net::IpAddr;
use std::collections::HashMap;

use crate::connection::Reason;
use crate::hash::FoldState;

/// A port of one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProtoPort {
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
    pub port: Option<ProtoPort>,
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
    ports: HashMap<(u128, ProtoPort), Vec<Held>, FoldState>,
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
        let list = match (place.port, place.addr) {
            (Some(port), addr) => self.ports.remove(&(bits(addr), port)),
            (None, IpAddr::V4(addr)) => self.v4.remove(&addr.to_bits()),
            (None, IpAddr::V6(addr)) => self.v6.remove(&addr.to_bits()),
        };
        list.unwrap_or_default()
    }

    fn put(&mut self, place: &Place, list: Vec<Held>) {
        match (place.port, place.addr) {
            (Some(port), addr) => self.ports.insert((bits(addr), port), list),
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
    pub fn find_port(&self, addr: IpAddr, port: ProtoPort, ns: u64, admits: impl Fn(u16) -> bool) -> Option<Answer> {
        if self.ports.is_empty() {
            return None;
        }
        let list = self.ports.get(&(bits(addr), port))?;
        Some(judge(list, ns, admits)).filter(|answer| answer.reason == Reason::Named)
    }
}

/// A span as it is kept; None for one that holds no time.
fn held(cluster: u16, span: &Span) -> Option<Held> {
    let until_ns = span.until_ns.unwrap_or(FOREVER);
    let kept = Held { from_ns: span.from_ns, until_ns, endpoint: span.endpoint, cluster };
    (span.from_ns < until_ns).then_some(kept)
}

/// Two clusters that claim an address at the same time contradict each other, and so do two spans of one cluster; not
/// where they mean the same endpoint, as two connections to one cluster do.
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
    if other.endpoint == held.endpoint && held.endpoint != 0 {
        return *other;
    }
    if other.cluster == held.cluster {
        return Answer { cluster: held.cluster, ..Answer::nobody(Reason::Unsure) };
    }
    Answer::nobody(Reason::Ambiguous)
}

#[cfg(test)]
mod tests;
