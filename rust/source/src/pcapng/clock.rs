//! The clock of an interface: what its ticks mean (options if_tsresol and if_tsoffset, draft-ietf-opsawg-pcapng §4.2).

const NANOSECONDS: u64 = 1_000_000_000;

/// How ticks become nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    scale: Scale,
    offset_ns: i128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// A tick is this many nanoseconds.
    Times(u64),
    /// A nanosecond is this many ticks.
    Over(u64),
    /// A second is this power of two of ticks.
    Binary(u32),
}

impl Default for Clock {
    /// Microseconds, as for an interface that says nothing.
    fn default() -> Self {
        Self { scale: Scale::Times(1000), offset_ns: 0 }
    }
}

impl Clock {
    /// Sets the resolution: 10^-n seconds, or with the highest bit set 2^-n.
    pub(super) fn set_resolution(&mut self, resolution: u8) {
        let power = u32::from(resolution & 0x7f);
        self.scale = match power {
            _ if resolution & 0x80 != 0 => Scale::Binary(power),
            0..=9 => Scale::Times(10u64.pow(9 - power)),
            // Past 10^28 no 64-bit count of ticks makes a nanosecond.
            _ => Scale::Over(10u64.checked_pow(power - 9).unwrap_or(u64::MAX)),
        };
    }

    /// Sets what is added to every time.
    pub(super) fn set_offset(&mut self, seconds: i64) {
        self.offset_ns = i128::from(seconds) * i128::from(NANOSECONDS);
    }

    /// The time of a tick, brought into what 64 bits hold.
    #[inline]
    pub(super) fn nanoseconds(&self, ticks: u64) -> u64 {
        let ns = match self.scale {
            Scale::Times(factor) => ticks.saturating_mul(factor),
            Scale::Over(divisor) => ticks / divisor,
            Scale::Binary(power) => {
                let ns = (u128::from(ticks) * u128::from(NANOSECONDS)).checked_shr(power).unwrap_or(0);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
        };
        if self.offset_ns == 0 { ns } else { self.shifted(ns) }
    }

    #[cold]
    fn shifted(&self, ns: u64) -> u64 {
        let shifted = i128::from(ns) + self.offset_ns;
        u64::try_from(shifted.max(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(resolution: u8, ticks: u64) -> u64 {
        let mut clock = Clock::default();
        clock.set_resolution(resolution);
        clock.nanoseconds(ticks)
    }

    #[test]
    fn powers_of_ten_and_of_two() {
        assert_eq!(Clock::default().nanoseconds(7), 7000);
        assert_eq!(read(0, 7), 7_000_000_000);
        assert_eq!(read(3, 7), 7_000_000);
        assert_eq!(read(9, 7), 7);
        assert_eq!(read(12, 7_999), 7);
        assert_eq!(read(0x80, 7), 7_000_000_000);
        assert_eq!(read(0x80 | 10, 512), 500_000_000);
        assert_eq!(read(0x80 | 32, 1 << 31), 500_000_000);
    }

    #[test]
    fn no_resolution_and_no_offset_is_too_much() {
        for resolution in 0..=u8::MAX {
            read(resolution, u64::MAX);
        }
        assert_eq!(read(127, u64::MAX), 1);
        assert_eq!(read(0xff, u64::MAX), 0);
        assert_eq!(read(0, u64::MAX), u64::MAX);
        let mut clock = Clock::default();
        clock.set_offset(5);
        assert_eq!(clock.nanoseconds(1), 5_000_001_000);
        clock.set_offset(-5);
        assert_eq!(clock.nanoseconds(6_000_000), 1_000_000_000);
        assert_eq!(clock.nanoseconds(1), 0);
        clock.set_offset(i64::MAX);
        assert_eq!(clock.nanoseconds(1), u64::MAX);
        clock.set_offset(i64::MIN);
        assert_eq!(clock.nanoseconds(u64::MAX), 0);
    }
}
