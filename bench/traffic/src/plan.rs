//! Which connections there are: fates, sizes and ends, drawn before the first packet so that the sums are as asked.
use crate::connection::{Course, Fate};
use crate::options::Options;
use crate::random::Random;

/// Shape of the sizes: near what is measured on the Internet, where a tenth of the connections carry most packets.
const SHAPE: f64 = 1.2;
const LARGEST: f64 = 2_000.0;

/// The fates and sizes of all connections.
pub struct Plan {
    sizes: Vec<u32>,
    fates: Vec<Fate>,
    span_ns: f64,
    open_ns: f64,
}

impl Plan {
    /// Draws sizes whose sum is `options.packets`.
    ///
    /// # Errors
    /// One sentence where so few packets are not enough.
    pub fn draw(options: &Options, random: &mut Random) -> Result<Self, String> {
        let count = options.connections as usize;
        let fates: Vec<Fate> = (0..count).map(|_| Fate::choose(options, random)).collect();
        let least: u64 = fates.iter().map(|fate| u64::from(fate.least())).sum();
        let Some(more) = options.packets.checked_sub(least) else {
            return Err(format!("{count} connections take at least {least} packets: say --packets {least}."));
        };
        let mut sizes: Vec<u32> = fates.iter().map(|fate| fate.least()).collect();
        if fates.iter().any(|fate| fate.has_data()) {
            share_out(more, &fates, &mut sizes, options, random);
        }
        let span_ns = options.packets as f64 / options.rate * 1e9;
        let open_ns = span_ns * f64::from(options.at_a_time.min(options.connections)) / f64::from(options.connections);
        Ok(Self { sizes, fates, span_ns, open_ns })
    }

    /// When the first connections begin: spread over the time that one is open.
    pub fn first_begin_ns(&self, random: &mut Random) -> u64 {
        (self.open_ns.min(self.span_ns * 0.5) * random.unit()) as u64
    }

    /// How one connection is to go.
    pub fn course(&self, number: u32, random: &mut Random) -> Course {
        let packets = self.sizes[number as usize];
        let open_ns = self.open_ns * (0.5 + random.unit());
        let latency_ns = [20_000 + random.exponential(200_000.0) as u64, 10_000 + random.exponential(50_000.0) as u64];
        Course { fate: self.fates[number as usize], packets, gap_ns: open_ns / f64::from(packets), latency_ns }
    }
}

fn share_out(more: u64, fates: &[Fate], sizes: &mut [u32], options: &Options, random: &mut Random) {
    let weight = |fate: &Fate| match fate.has_data() {
        false => 0.0,
        true if options.uniform => 1.0,
        true => random.pareto(SHAPE, LARGEST),
    };
    let weights: Vec<f64> = fates.iter().map(weight).collect();
    let unit = more as f64 / weights.iter().sum::<f64>();
    let mut left = more;
    for (size, weight) in sizes.iter_mut().zip(&weights) {
        let add = (weight * unit) as u64;
        *size += add as u32;
        left = left.saturating_sub(add);
    }
    let mut at = 0;
    while left > 0 {
        if weights[at % weights.len()] > 0.0 {
            sizes[at % weights.len()] += 1;
            left -= 1;
        }
        at += 1;
    }
}
