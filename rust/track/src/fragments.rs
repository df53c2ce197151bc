//! Which row the later fragments of a datagram belong to: they carry no ports, and follow their first one.
//!
//! A small table remembers the latest datagrams in fragments. Where one was forgotten, or its first fragment comes after
//! the others, these are only counted.
use std::hash::BuildHasher;

use wire::FragmentKey;

use crate::hash::FoldState;

const PLACES: usize = 4096;

/// How long the fragments of a datagram may be under way: Linux's `ipfrag_time`, ns.
const LIFE_NS: u64 = 30_000_000_000;

/// The row that a first fragment was counted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub slot: u32,
    /// Tells whether the slot is still that row's.
    pub id: u64,
    pub direction: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// A keyed hash of the datagram's identity.
    print: u64,
    ts_ns: u64,
    row: Row,
}

/// The latest datagrams in fragments. Takes no memory before the first one.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    places: Vec<Place>,
    state: FoldState,
}

impl Fragments {
    pub fn remember(&mut self, key: &FragmentKey, network: u32, ts_ns: u64, row: Row) {
        if self.places.is_empty() {
            self.places = vec![Place::default(); PLACES];
        }
        let print = self.state.hash_one((key, network));
        self.places[print as usize % PLACES] = Place { print, ts_ns, row };
    }

    pub fn find(&self, key: &FragmentKey, network: u32, ts_ns: u64) -> Option<Row> {
        let print = self.state.hash_one((key, network));
        let place = self.places.get(print as usize % PLACES)?;
        let is_it = place.print == print && place.row.id != 0 && ts_ns.saturating_sub(place.ts_ns) < LIFE_NS;
        is_it.then_some(place.row)
    }

    pub fn clear(&mut self) {
        self.places = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use wire::IpPair;

    use super::*;

    #[test]
    fn fragments_are_found_by_identity_and_network_for_a_while() {
        let addrs = IpPair::V4 { src: Ipv4Addr::LOCALHOST, dst: Ipv4Addr::BROADCAST };
        let key = FragmentKey { addrs, id: 7, proto: 17 };
        let row = Row { slot: 3, id: 9, direction: 1 };
        let mut fragments = Fragments::default();
        assert_eq!(fragments.find(&key, 0, 5), None);
        fragments.remember(&key, 0, 5, row);
        assert_eq!(fragments.find(&key, 0, 6), Some(row));
        assert_eq!(fragments.find(&key, 1, 6), None);
        assert_eq!(fragments.find(&FragmentKey { id: 8, ..key }, 0, 6), None);
        assert_eq!(fragments.find(&key, 0, 5 + LIFE_NS), None);
    }
}
