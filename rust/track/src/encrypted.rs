//! Encrypted traffic between nodes, which makes no rows: nobody on the way can tell the Pods. It is counted by pair.
use core::net::IpAddr;
use std::collections::HashMap;

use wire::{Encap, Encrypted};

use crate::hash::FoldState;

/// Two nodes and the encrypted packets between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedPair {
    /// The two nodes; the lower address first.
    pub nodes: [IpAddr; 2],
    /// How it is encrypted.
    pub kind: Encap,
    /// Packets that the first and the second node sent.
    pub packets: [u64; 2],
    /// Bytes of the whole frames that the first and the second node sent.
    pub wire_bytes: [u64; 2],
    /// The first packet, nanoseconds since the Unix epoch.
    pub started_ns: u64,
    /// The latest packet.
    pub last_ns: u64,
}

/// A full table looks for silent pairs at most this often, ns.
const SWEEP_NS: u64 = 60_000_000_000;
/// A pair that was silent for so long makes room for another one, ns.
const SILENT_NS: u64 = 3_600_000_000_000;

#[derive(Debug, Default)]
pub(crate) struct EncryptedPairs {
    pairs: HashMap<([IpAddr; 2], u8), EncryptedPair, FoldState>,
    swept_ns: u64,
}

impl EncryptedPairs {
    pub const CAPACITY: usize = 4096;

    /// Counts a packet. Returns false where there is no room for its pair.
    pub fn count(&mut self, seen: &Encrypted, wire_len: u32, ts_ns: u64) -> bool {
        let (src, dst) = (seen.addrs.src(), seen.addrs.dst());
        let sender = usize::from(src > dst);
        let nodes = if sender == 0 { [src, dst] } else { [dst, src] };
        let key = (nodes, seen.kind as u8);
        if self.pairs.len() >= Self::CAPACITY && !self.pairs.contains_key(&key) && !self.make_room(ts_ns) {
            return false;
        }
        let new = EncryptedPair {
            nodes,
            kind: seen.kind,
            packets: [0; 2],
            wire_bytes: [0; 2],
            started_ns: ts_ns,
            last_ns: ts_ns,
        };
        let pair = self.pairs.entry(key).or_insert(new);
        pair.packets[sender] += 1;
        pair.wire_bytes[sender] += u64::from(wire_len);
        pair.last_ns = pair.last_ns.max(ts_ns);
        true
    }

    fn make_room(&mut self, now_ns: u64) -> bool {
        if now_ns.saturating_sub(self.swept_ns) < SWEEP_NS {
            return false;
        }
        self.swept_ns = now_ns;
        self.pairs.retain(|_, pair| now_ns.saturating_sub(pair.last_ns) < SILENT_NS);
        self.pairs.len() < Self::CAPACITY
    }

    pub fn iter(&self) -> impl Iterator<Item = &EncryptedPair> {
        self.pairs.values()
    }

    pub fn clear(&mut self) {
        self.pairs.clear();
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use wire::IpPair;

    use super::*;

    fn packet(src: u32, dst: u32) -> Encrypted {
        let addrs = IpPair::V4 { src: Ipv4Addr::from_bits(src), dst: Ipv4Addr::from_bits(dst) };
        Encrypted {
            addrs,
            kind: Encap::Wireguard,
            src_port: 1,
            dst_port: 2,
            payload_len: 10,
            ip_id: 0,
            content: 0,
            vlan: 0,
            tunnel: None,
        }
    }

    #[test]
    fn both_directions_are_one_pair() {
        let mut pairs = EncryptedPairs::default();
        assert!(pairs.count(&packet(9, 5), 100, 1000));
        assert!(pairs.count(&packet(5, 9), 60, 3000));
        let pair = pairs.iter().next().unwrap();
        assert_eq!((pair.packets, pair.wire_bytes), ([1, 1], [60, 100]));
        assert_eq!((pair.started_ns, pair.last_ns, pairs.iter().count()), (1000, 3000, 1));
    }

    #[test]
    fn only_so_many_pairs_are_kept_and_silent_ones_make_room() {
        let mut pairs = EncryptedPairs::default();
        for n in 0..EncryptedPairs::CAPACITY as u32 {
            assert!(pairs.count(&packet(1, n + 2), 1, SILENT_NS));
        }
        assert!(!pairs.count(&packet(0, 1), 1, SILENT_NS));
        assert!(pairs.count(&packet(1, 2), 1, 2 * SILENT_NS - 1));
        assert!(pairs.count(&packet(0, 1), 1, 2 * SILENT_NS));
        assert_eq!(pairs.iter().count(), 2);
    }
}
