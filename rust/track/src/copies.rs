//! The same packet seen twice: by both ports of a mirrored switch, or by two switches that send to one collector.
//!
//! Two segments are copies where addresses, ports, sequence and acknowledgment numbers, flags, window, length, TCP checksum
//! and IP identification are all the same, and both came within 50 ms; two packets of another kind where their headers, and
//! what numbers them, are. What is sent again gets a new identification. IPv6 has none, and some senders leave it 0 (RFC
//! 6864 §4.1): there a copy has to come within a millisecond, sooner than most send again. The time stamps of TCP (RFC
//! 7323) tell later ones, and how their payload begins tells other packets apart. Acknowledgments and resets without
//! identification are sent twice at once now and then: they are copies only where others of their connection came twice.
//! The tunnel is not compared: a packet may have been mirrored before it entered one. Only where several clusters have
//! nodes is it asked for the cluster: two of them may hold Pods with the same addresses.
//!
//! A small table remembers the latest packets, the two latest of those that share a place. Where more than it holds come
//! within the window, copies that are far apart are taken for retransmissions.

use std::hash::{BuildHasher, Hash};

use wire::Seen;

use crate::hash::FoldState;
use crate::prefetch;

/// Packets that are remembered: 128 KiB, which stay in the processor's second cache.
const PLACES: usize = 1 << 14;
/// Packets that share a place: with one alone, any packet between two copies of another might push the first one out.
const WAYS: usize = 2;
const SETS: usize = PLACES / WAYS;

/// A tick is 2^16 ns: 66 µs. Times are kept in 24 bits, 18 minutes.
const TICK_SHIFT: u32 = 16;
const TIME_BITS: u32 = 24;
const TIME: u64 = (1 << TIME_BITS) - 1;

/// 50 ms, and 1 ms for those without an identification.
const WINDOW: u64 = 50_000_000 >> TICK_SHIFT;
const SHORT_WINDOW: u64 = 1_000_000 >> TICK_SHIFT;

#[derive(Debug)]
pub(crate) struct Copies {
    /// Bits of the packet's print, and its time; the latest one first.
    recent: Box<[[u64; WAYS]; SETS]>,
    state: FoldState,
}

impl Copies {
    pub fn new() -> Self {
        Self { recent: Box::new([[0; WAYS]; SETS]), state: FoldState::default() }
    }

    /// Whether a packet that makes no row of its own, of this cluster, was there just now.
    pub fn is_special_copy(&mut self, seen: &Seen, cluster: u16, ts_ns: u64) -> bool {
        match seen {
            Seen::Fragment(seen) => {
                let id = seen.key.id;
                self.is_like(&(seen.key, seen.offset, seen.payload_len, cluster), id, ts_ns)
            }
            Seen::IcmpError(seen) => {
                let id = seen.ip_id;
                self.is_like(&(seen.addrs, seen.quoted, id, seen.checksum, cluster), id.into(), ts_ns)
            }
            Seen::Encrypted(seen) if seen.ip_id != 0 || seen.content != 0 => {
                let (id, ports) = (seen.ip_id, [seen.src_port, seen.dst_port]);
                self.is_like(&(seen.addrs, ports, id, seen.content, seen.payload_len, cluster), id.into(), ts_ns)
            }
            _ => false,
        }
    }

    fn is_like(&mut self, what: &impl Hash, id: u32, ts_ns: u64) -> bool {
        self.is_copy(self.state.hash_one(what), id != 0, ts_ns)
    }

    /// Starts loading what is looked at for this print.
    #[inline]
    pub fn prefetch(&self, print: u64) {
        prefetch::element(self.recent.as_slice(), print as usize % SETS);
    }

    /// Whether the packet with this print was there just now. `print` is a hash of all that copies have in common.
    #[inline]
    pub fn is_copy(&mut self, print: u64, has_id: bool, ts_ns: u64) -> bool {
        let set = &mut self.recent[print as usize % SETS];
        let now = ts_ns >> TICK_SHIFT & TIME;
        let is_like = |place: u64| (place ^ print) >> TIME_BITS == 0;
        // Hardly any packet is like one of these, so that times are looked at after that.
        if (is_like(set[0]) | is_like(set[1])) && is_near(set, is_like, has_id, now) {
            return true;
        }
        let [latest, earlier] = set;
        *earlier = *latest;
        *latest = print & !TIME | now;
        false
    }
}

/// Whether one of the places that are like a packet is near it in time.
#[cold]
fn is_near(set: &[u64; WAYS], is_like: impl Fn(u64) -> bool, has_id: bool, now: u64) -> bool {
    let window = if has_id { WINDOW } else { SHORT_WINDOW };
    // Sources may be a little behind each other.
    let distance = |place: u64| now.wrapping_sub(place).wrapping_add(window) & TIME;
    set.iter().any(|&place| is_like(place) && distance(place) <= 2 * window)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000_000_000;
    const PRINT: u64 = 0x1234_5678_9abc_def0;

    #[test]
    fn a_copy_comes_soon_after_or_a_little_before() {
        let mut copies = Copies::new();
        assert!(!copies.is_copy(PRINT, true, START));
        assert!(copies.is_copy(PRINT, true, START));
        assert!(copies.is_copy(PRINT, true, START + 49_000_000));
        assert!(copies.is_copy(PRINT, true, START - 10_000_000));
        assert!(!copies.is_copy(PRINT ^ 1 << 40, true, START));
        assert!(!copies.is_copy(PRINT, true, START + 60_000_000));
        assert!(copies.is_copy(PRINT, true, START + 60_000_000));
    }

    #[test]
    fn one_packet_in_between_does_not_hide_a_copy() {
        let mut copies = Copies::new();
        let same_place = |n: u64| PRINT ^ n << 40;
        assert!(!copies.is_copy(PRINT, true, START) && !copies.is_copy(same_place(1), true, START));
        assert!(copies.is_copy(PRINT, true, START) && copies.is_copy(same_place(1), true, START));
        assert!(!copies.is_copy(same_place(2), true, START));
        assert!(copies.is_copy(same_place(1), true, START) && !copies.is_copy(PRINT, true, START));
    }

    #[test]
    fn without_an_identification_it_has_to_come_sooner() {
        let mut copies = Copies::new();
        assert!(!copies.is_copy(PRINT, false, START));
        assert!(copies.is_copy(PRINT, false, START + 500_000));
        assert!(!copies.is_copy(PRINT, false, START + 5_000_000));
    }
}
