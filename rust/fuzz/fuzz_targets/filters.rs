//! The kernel's programs over any bytes: each ends, and keeps no more than it was told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use source::filter::{assemble, run, spread};
use source::{Interest, Mode, Ports};
use wire::LinkType;

const LINKS: [LinkType; 5] =
    [LinkType::Ethernet, LinkType::RawIp, LinkType::Null, LinkType::LinuxSll, LinkType::LinuxSll2];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, frame)) = data.split_first() else { return };
    let ports = Ports { vxlan: vec![4789, 8472], geneve: vec![6081], bare_ip: vec![8285], other: vec![6080] };
    let link = LINKS[usize::from(choice) % LINKS.len()];
    for mode in [Mode::Full, Mode::Control] {
        let interest = Interest { mode, snap_bytes: 256, link, ports: ports.clone() };
        assert!(run(&assemble(&interest), frame) <= interest.snap_bytes);
    }
    // What the kernel knows beside the bytes is not there: the program reads past them, and ends.
    assert_eq!(run(&spread(&ports, link), frame), 0);
});
