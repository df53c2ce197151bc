//! The same packet seen twice: by both ports of a mirrored switch, or by two switches that send to one collector.
//!
//! Two packets are copies where addresses, ports, sequence and acknowledgment numbers, flags, window, length, TCP checksum
//! and IP identification are all the same, and both came within 50 ms. What is sent again gets a new identification. IPv6 has
//! none, and some senders leave it 0 (RFC 6864 §4.1): there a copy has to come within a millisecond, sooner than anyone
//! sends again, while the time stamps of TCP (RFC 7323), which the checksum covers, tell later ones. The tunnel is not
//! compared: a packet may have been mirrored before it entered one. Only where several clusters have nodes is it asked
//! for the cluster: two of them may hold Pods with the same addresses.
//!
//! A small table remembers the latest packets. Where more than that come within the window, copies that are far apart
//! are taken for retransmissions.

use crate::prefetch;

/// Packets that are remembered: 128 KiB, which stay in the processor's second cache.
const PLACES: usize = 1 << 14;

/// A tick is 2^16 ns: 66 µs. Times are kept in 24 bits, 18 minutes.
const TICK_SHIFT: u32 = 16;
const TIME_BITS: u32 = 24;
const TIME: u64 = (1 << TIME_BITS) - 1;

/// 50 ms, and 1 ms for those without an identification.
const WINDOW: u64 = 50_000_000 >> TICK_SHIFT;
const SHORT_WINDOW: u64 = 1_000_000 >> TICK_SHIFT;

#[derive(Debug)]
pub(crate) struct Copies {
    /// Bits of the packet's print, and its time.
    recent: Box<[u64; PLACES]>,
}

impl Copies {
    pub fn new() -> Self {
        Self { recent: Box::new([0; PLACES]) }
    }

    /// Starts loading what is looked at for this print.
    #[inline]
    pub fn prefetch(&self, print: u64) {
        prefetch::element(self.recent.as_slice(), print as usize % PLACES);
    }

    /// Whether the packet with this print was there just now. `print` is a hash of all that copies have in common.
    #[inline]
    pub fn is_copy(&mut self, print: u64, has_id: bool, ts_ns: u64) -> bool {
        let place = &mut self.recent[print as usize % PLACES];
        let now = ts_ns >> TICK_SHIFT & TIME;
        let window = if has_id { WINDOW } else { SHORT_WINDOW };
        // Sources may be a little behind each other.
        let distance = now.wrapping_sub(*place).wrapping_add(window) & TIME;
        if ((*place ^ print) >> TIME_BITS == 0) & (distance <= 2 * window) {
            return true;
        }
        *place = print & !TIME | now;
        false
    }
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
        assert!(!copies.is_copy(PRINT, true, START));
        assert!(!copies.is_copy(PRINT, true, START + 60_000_000));
        assert!(copies.is_copy(PRINT, true, START + 60_000_000));
    }

    #[test]
    fn without_an_identification_it_has_to_come_sooner() {
        let mut copies = Copies::new();
        assert!(!copies.is_copy(PRINT, false, START));
        assert!(copies.is_copy(PRINT, false, START + 500_000));
        assert!(!copies.is_copy(PRINT, false, START + 5_000_000));
    }
}
