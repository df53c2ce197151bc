//! Frames of any bytes, one after the other: the counters add up, memory keeps to its bound, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use track::{Encap, Frame, Limits, LinkType, OverlaySpec, Tracker};

const SECOND: u64 = 1_000_000_000;
const MAX_BYTES: usize = 1 << 20;

const OVERLAYS: [(Encap, u16); 6] = [
    (Encap::Vxlan, 8472),
    (Encap::Geneve, 6081),
    (Encap::Wireguard, 51820),
    (Encap::Udp, 8285),
    (Encap::Ipip, 0),
    (Encap::Gre, 0),
];

fuzz_target!(|data: &[u8]| {
    let mut tracker = Tracker::new(Limits { max_memory_bytes: MAX_BYTES, ..Limits::default() });
    let spec = |(kind, port)| OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 1 };
    tracker.set_overlays(&OVERLAYS.map(spec));
    let (mut rest, mut now, mut frames) = (data, 1_700_000_000 * SECOND, 0);
    // Each frame: its length, the seconds before it, its bytes.
    while let [len, seconds, more @ ..] = rest {
        let (frame, others) = more.split_at(usize::from(*len).min(more.len()));
        now += u64::from(*seconds) * SECOND;
        let wire_len = frame.len() as u32;
        let link = LinkType::Ethernet;
        tracker.batch(&[Frame { ts_ns: now, wire_len, data: frame, source: 0, link, vlan: None }]);
        tracker.expire(now);
        (rest, frames) = (others, frames + 1);
    }
    let mut rows = 0;
    tracker.for_each(0, u32::MAX, &mut |_| {
        rows += 1;
        true
    });
    let counters = tracker.counters();
    assert_eq!(counters.sources.outcomes.iter().sum::<u64>(), frames);
    assert_eq!(rows, tracker.len());
    assert!(counters.memory_bytes <= MAX_BYTES as u64);
    assert!(tracker.encrypted().count() <= Tracker::MAX_ENCRYPTED_PAIRS);
});
