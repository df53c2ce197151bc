//! One frame of any bytes: it has one outcome, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{Encap, LinkType, Outcome, OverlaySpec, Overlays};

const LINKS: [LinkType; 4] = [LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll, LinkType::LinuxSll2];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, frame)) = data.split_first() else { return };
    let spec = |port| OverlaySpec { kind: Encap::Vxlan, port, vni: None, vni_is_identity: false, cluster: 1 };
    let (overlays, _) = Overlays::new(&[spec(4789), spec(8472)]);
    let wire_len = frame.len() as u32 + u32::from(choice >> 2) * 16;
    let result = wire::parse(frame, wire_len, LINKS[usize::from(choice & 3)], &overlays);
    assert_ne!(result.err(), Some(Outcome::Tcp));
});
