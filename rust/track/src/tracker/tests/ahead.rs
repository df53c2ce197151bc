//! What trackers make of frames that were read ahead is what one makes of the frames themselves.
use proptest::prelude::*;

use super::*;
use crate::{Preview, Sheaf, Stragglers};

const NODES: (IpAddr, IpAddr) = (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)), IpAddr::V4(Ipv4Addr::new(192, 168, 0, 2)));

fn overlays(cluster: u16) -> [OverlaySpec; 2] {
    let spec = |kind, port, vni| OverlaySpec { kind, port, vni, vni_is_identity: false, cluster };
    [spec(Encap::Vxlan, 8472, Some(1)), spec(Encap::Geneve, 6081, None)]
}

/// A segment between two of a few ends, as it is or in something.
#[derive(Clone, Copy, Debug)]
struct Step {
    ends: (u8, u8),
    is_v6: bool,
    from: usize,
    flags: u8,
    payload: u16,
    again: bool,
    way: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let flags =
        prop_oneof![Just(SYN), Just(SYN | ACK), Just(ACK), Just(PSH | ACK), Just(FIN | ACK), Just(RST), Just(PSH)];
    let what = (flags, 0..1200_u16, any::<bool>());
    let ends = ((0..3_u8, 3..5_u8), any::<bool>(), 0..2_usize);
    (ends, what, 0..6_u8).prop_map(|((ends, is_v6, from), (flags, payload, again), way)| Step {
        ends,
        is_v6,
        from,
        flags,
        payload,
        again,
        way,
    })
}

fn addr(last: u8, is_v6: bool) -> IpAddr {
    if is_v6 {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()).into()
    } else {
        Ipv4Addr::new(10, 10, 1, last).into()
    }
}

/// The frames of the steps, each with its time; some are fragments.
fn frames(steps: &[Step]) -> Vec<(u64, Vec<u8>)> {
    let mut sent = Vec::new();
    let mut offsets = [0_u32; 2];
    for (number, step) in (0..).zip(steps) {
        let ends = [(addr(step.ends.0, step.is_v6), 40000), (addr(step.ends.1, step.is_v6), 8080)];
        let back = if step.again { offsets[step.from].min(100) } else { 0 };
        let (seq, ack) = (offsets[step.from] - back, offsets[1 - step.from]);
        let (src, dst) = (ends[step.from], ends[1 - step.from]);
        let built = Built { src, dst, seq, ack, flags: step.flags, payload: step.payload.into() };
        offsets[step.from] += u32::from(step.payload);
        let plain = stamped(build::frame(&built), number % 5, 0xffff);
        let wrapped = match step.way {
            0 => build::tagged(&plain, 0x8100, 7),
            1 => build::vxlan(NODES, 8472, 1, &plain),
            2 => build::vxlan(NODES, 8472, 2, &plain),
            3 => build::geneve(NODES, 6081, 5, &[], &plain),
            _ => plain,
        };
        let is_cut = step.way == 5 && !step.is_v6 && step.payload > 600;
        let pieces = if is_cut { build::fragments(&wrapped, 512, number).to_vec() } else { vec![wrapped] };
        sent.extend(pieces.into_iter().map(|piece| (START + u64::from(number) * MILLI, piece)));
    }
    sent
}

fn frame((number, (ts_ns, data)): (usize, &(u64, Vec<u8>))) -> Frame<'_> {
    let source = (number / 7 % 3) as u16;
    Frame { ts_ns: *ts_ns, wire_len: data.len() as u32, data, source, link: LinkType::Ethernet, vlan: None }
}

fn told(rows: impl IntoIterator<Item = Connection>) -> Vec<String> {
    let mut told: Vec<String> = rows.into_iter().map(|row| format!("{:?}", Connection { id: 0, ..row })).collect();
    told.sort();
    told
}

/// Counts the frames with the help of a preview, some at a time.
fn count_ahead(trackers: &mut [Tracker], preview: &Preview, frames: &[Frame<'_>]) {
    let mut stragglers = Stragglers::default();
    let mut sheaves: Vec<Sheaf> = trackers.iter().map(|_| Sheaf::default()).collect();
    for some in frames.chunks(50) {
        sheaves.iter_mut().for_each(Sheaf::clear);
        let mut later = Vec::new();
        for (number, frame) in (0..).zip(some) {
            if preview.sort(number, *frame, &mut sheaves).is_none() {
                sheaves.iter_mut().for_each(|sheaf| sheaf.add_unread(number, frame.source));
                later.push(number);
            }
        }
        for number in later {
            let share = preview.spread().in_order(&some[usize::from(number)], &mut stragglers);
            let others = sheaves.iter_mut().enumerate().filter(|(shard, _)| *shard != usize::from(share.shard));
            others.for_each(|(_, sheaf)| sheaf.take_back(number));
        }
        for (tracker, sheaf) in trackers.iter_mut().zip(&mut sheaves) {
            let agrees = tracker.agrees_with(preview);
            for numbers in [0..17, 17..some.len().max(17)] {
                tracker.batch_ahead(sheaf, numbers, agrees, &|number| some[usize::from(number)]);
            }
        }
    }
}

proptest! {
    #[test]
    fn reading_ahead_changes_nothing(
        steps in proptest::collection::vec(step(), 1..120),
        count in 1..4_usize,
        is_outdated in any::<bool>(),
        is_collecting in proptest::bool::weighted(0.9),
    ) {
        let sent = frames(&steps);
        let frames: Vec<Frame<'_>> = sent.iter().enumerate().map(frame).collect();
        let mut alone = tracker();
        let mut trackers: Vec<Tracker> = (0..count).map(|_| tracker()).collect();
        for tracker in trackers.iter_mut().chain([&mut alone]) {
            tracker.set_overlays(&overlays(3));
            tracker.set_collecting(is_collecting);
            // Each tracker learns from its own frames where servers are; here all know beforehand.
            [8080, 40000].into_iter().for_each(|port| tracker.learn_port(port));
        }
        let (first, others) = trackers.split_first_mut().unwrap();
        others.iter_mut().for_each(|other| other.share_secret_of(first));
        if is_outdated {
            first.set_overlays(&overlays(9));
        }
        let preview = first.preview(count);
        first.set_overlays(&overlays(3));
        prop_assert_eq!(first.agrees_with(&preview), !is_outdated);
        alone.batch(&frames);
        count_ahead(&mut trackers, &preview, &frames);
        prop_assert_eq!(told(trackers.iter().flat_map(rows)), told(rows(&alone)));
        let mut counters = Counters::default();
        trackers.iter().for_each(|tracker| counters.add(&tracker.counters()));
        prop_assert_eq!(counters.sources, alone.counters().sources);
        prop_assert_eq!(trackers.iter().map(Tracker::last_packet_ns).max(), Some(alone.last_packet_ns()));
    }
}
