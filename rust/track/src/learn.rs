//! Tunnels that nobody told of: what UDP between two nodes would be if it were VXLAN or Geneve. What they teach is for
//! the owner to judge, who knows which Pods are on which node.
use wire::{Encap, Frame, IpPair, OverlaySpec, Overlays, Seen};

/// Addresses of one packet that spoke for a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The two nodes.
    pub outer: IpPair,
    /// What they carried.
    pub inner: IpPair,
}

/// A tunnel that packets between nodes could be of.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What its header would be.
    pub kind: Encap,
    /// UDP destination port.
    pub port: u16,
    /// The network identifier.
    pub vni: u32,
    /// Packets that can be read so.
    pub packets: u64,
    /// The latest of them, nanoseconds since the Unix epoch.
    pub last_ns: u64,
    /// Some of them, in no order.
    pub samples: Vec<Sample>,
}

/// Samples that are kept of a guess.
const SAMPLES: usize = 8;
/// Guesses of one kind and port: where there are more identifiers, they do not name networks.
const IDENTIFIERS: usize = 8;
/// A guess that was silent for so long makes room for another one, ns.
const SILENT_NS: u64 = 60_000_000_000;
/// Of packets behind a known port with an unexpected identifier, one in so many is looked at.
const SPARSE: u32 = 64;
const KINDS: [Encap; 2] = [Encap::Vxlan, Encap::Geneve];

#[derive(Debug, Default)]
pub(crate) struct Guesses {
    guesses: Vec<Guess>,
    skipped: u32,
}

impl Guesses {
    pub const CAPACITY: usize = 64;

    /// Whether it is time to look at another packet of a frequent kind: the first, and then now and then.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.skipped == 0;
        self.skipped = (self.skipped + 1) % SPARSE;
        is_due
    }

    /// Tries to read a frame, which holds UDP to `port`, as each kind of tunnel.
    #[cold]
    pub fn try_kinds(&mut self, frame: &Frame<'_>, port: u16) {
        for kind in KINDS {
            let spec = OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 0 };
            let (candidate, _) = Overlays::new(&[spec]);
            let (inner, tunnel) = match wire::read_frame(frame, &candidate) {
                Seen::Tcp(segment) => (segment.addrs, segment.tunnel),
                Seen::Datagram(datagram) => (datagram.addrs, datagram.tunnel),
                _ => continue,
            };
            if let Some(tunnel) = tunnel.filter(|tunnel| tunnel.kind == kind) {
                self.note(
                    [kind as u32, u32::from(port), tunnel.vni],
                    Sample { outer: tunnel.outer, inner },
                    frame.ts_ns,
                );
            }
        }
    }

    fn note(&mut self, [number, port, vni]: [u32; 3], sample: Sample, ts_ns: u64) {
        let (Some(kind), port) = (Encap::from_number(number as u8), port as u16) else { return };
        let is_it = |guess: &Guess| guess.kind == kind && guess.port == port;
        let known = self.guesses.iter().position(|guess| is_it(guess) && guess.vni == vni);
        let Some(at) = known.or_else(|| self.room(ts_ns, is_it).then_some(self.guesses.len())) else { return };
        if at == self.guesses.len() {
            self.guesses.push(Guess { kind, port, vni, packets: 0, last_ns: 0, samples: Vec::new() });
        }
        let guess = &mut self.guesses[at];
        guess.packets += 1;
        guess.last_ns = guess.last_ns.max(ts_ns);
        if guess.samples.len() < SAMPLES {
            guess.samples.push(sample);
        } else if let Some(oldest) = guess.samples.get_mut(guess.packets as usize % SAMPLES) {
            *oldest = sample;
        }
    }

    /// Whether there is room for one more guess of a port.
    fn room(&mut self, now_ns: u64, is_of_port: impl Fn(&Guess) -> bool) -> bool {
        if self.guesses.len() >= Self::CAPACITY {
            self.guesses.retain(|guess| now_ns.saturating_sub(guess.last_ns) < SILENT_NS);
        }
        let siblings = self.guesses.iter().filter(|guess| is_of_port(guess)).count();
        self.guesses.len() < Self::CAPACITY && siblings < IDENTIFIERS
    }

    pub fn iter(&self) -> impl Iterator<Item = &Guess> {
        self.guesses.iter()
    }

    pub fn clear(&mut self) {
        self.guesses.clear();
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    fn sample() -> Sample {
        let addrs = IpPair::V4 { src: Ipv4Addr::new(10, 0, 0, 1), dst: Ipv4Addr::new(10, 0, 0, 2) };
        Sample { outer: addrs, inner: addrs }
    }

    #[test]
    fn guesses_and_samples_are_bounded() {
        let mut guesses = Guesses::default();
        for port in 0..200 {
            for vni in 0..20 {
                guesses.note([1, port, vni], sample(), 5);
                guesses.note([1, port, vni], sample(), 5);
            }
        }
        assert_eq!(guesses.iter().count(), Guesses::CAPACITY);
        assert!(guesses.iter().all(|guess| guess.packets == 2 && guess.samples.len() == 2));
        assert!(guesses.iter().filter(|guess| guess.port == 0).count() == IDENTIFIERS);
        for _ in 0..100 {
            guesses.note([1, 0, 0], sample(), 6);
        }
        assert_eq!(guesses.iter().next().unwrap().samples.len(), SAMPLES);
    }

    #[test]
    fn silent_guesses_make_room() {
        let mut guesses = Guesses::default();
        for port in 0..64 {
            guesses.note([1, port, 0], sample(), 5);
        }
        guesses.note([1, 99, 0], sample(), SILENT_NS + 5);
        assert_eq!(guesses.iter().map(|guess| guess.port).collect::<Vec<_>>(), [99]);
    }

    #[test]
    fn only_some_of_the_frequent_are_looked_at() {
        let mut guesses = Guesses::default();
        assert_eq!((0..SPARSE * 3).filter(|_| guesses.is_due()).count(), 3);
    }
}
