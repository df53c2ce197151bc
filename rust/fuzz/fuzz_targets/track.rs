//! Frames of any bytes, one after the other: the counters add up, memory keeps to its bound, and nothing panics. Several
//! trackers for which they are read ahead count the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use track::{Encap, Frame, Limits, LinkType, OverlaySpec, Sheaf, Stragglers, Tracker};

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

fn tracker() -> Tracker {
    let mut tracker = Tracker::new(Limits { max_memory_bytes: MAX_BYTES, ..Limits::default() });
    let spec = |(kind, port)| OverlaySpec { kind, port, vni: None, vni_is_identity: false, cluster: 1 };
    tracker.set_overlays(&OVERLAYS.map(spec));
    tracker
}

/// What trackers count of each outcome that have the frames read ahead for them.
fn count_ahead(frames: &[Frame<'_>]) -> Vec<u64> {
    let mut trackers = [tracker(), tracker()];
    let [first, other] = &mut trackers;
    other.share_secret_of(first);
    let preview = first.preview(2);
    let (mut sheaves, mut stragglers) = ([Sheaf::default(), Sheaf::default()], Stragglers::default());
    for some in frames.chunks(100) {
        sheaves.iter_mut().for_each(Sheaf::clear);
        for (number, frame) in (0..).zip(some) {
            if preview.sort(number, *frame, &mut sheaves).is_none() {
                let share = preview.spread().in_order(frame, &mut stragglers);
                sheaves[usize::from(share.shard)].add_unread(number, frame.source);
            }
        }
        for (tracker, sheaf) in trackers.iter_mut().zip(&mut sheaves) {
            tracker.batch_ahead(sheaf, 0..some.len(), true, &|number| some[usize::from(number)]);
        }
    }
    let [one, other] = trackers.map(|tracker| tracker.counters().sources.outcomes);
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

fuzz_target!(|data: &[u8]| {
    let mut tracker = tracker();
    let (mut rest, mut now, mut frames) = (data, 1_700_000_000 * SECOND, Vec::new());
    // Each frame: its length, the seconds before it, its bytes.
    while let [len, seconds, more @ ..] = rest {
        let (data, others) = more.split_at(usize::from(*len).min(more.len()));
        now += u64::from(*seconds) * SECOND;
        let wire_len = data.len() as u32;
        let frame = Frame { ts_ns: now, wire_len, data, source: 0, link: LinkType::Ethernet, vlan: None };
        tracker.batch(&[frame]);
        tracker.expire(now);
        frames.push(frame);
        rest = others;
    }
    let mut rows = 0;
    tracker.for_each(0, u32::MAX, &mut |_| {
        rows += 1;
        true
    });
    let counters = tracker.counters();
    assert_eq!(counters.sources.outcomes.iter().sum::<u64>(), frames.len() as u64);
    assert_eq!(counters.sources.outcomes.to_vec(), count_ahead(&frames));
    assert_eq!(rows, tracker.len());
    assert!(counters.memory_bytes <= MAX_BYTES as u64);
    assert!(tracker.encrypted().count() <= Tracker::MAX_ENCRYPTED_PAIRS);
});
