//! Frames of any bytes, one after the other: the counters add up, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use track::{Encap, Frame, Limits, LinkType, OverlaySpec, Tracker};

const SECOND: u64 = 1_000_000_000;

fuzz_target!(|data: &[u8]| {
    let mut tracker = Tracker::new(Limits { max_memory_bytes: 1 << 20, ..Limits::default() });
    let spec = OverlaySpec { kind: Encap::Vxlan, port: 8472, vni: None, vni_is_identity: false, cluster: 1 };
    tracker.set_overlays(&[spec]);
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
});
