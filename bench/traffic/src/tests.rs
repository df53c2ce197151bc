//! The files are as asked, the same for the same seed, and hold what `wire` reads.
use wire::{LinkType, Outcome, Overlays, parse};

use crate::options::Options;
use crate::write::write;

fn options(words: &str) -> Options {
    let words: Vec<String> = words.split_whitespace().chain(["file"]).map(str::to_owned).collect();
    Options::read(&words).unwrap().0
}

fn capture(words: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&options(words), &mut bytes).unwrap();
    bytes
}

fn records(bytes: &[u8]) -> Vec<(u64, u32, &[u8])> {
    let mut records = Vec::new();
    let mut rest = &bytes[24..];
    while !rest.is_empty() {
        let number = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let kept = number(8) as usize;
        let time_ns = u64::from(number(0)) * 1_000_000_000 + u64::from(number(4));
        records.push((time_ns, number(12), &rest[16..16 + kept]));
        rest = &rest[16 + kept..];
    }
    records
}

#[test]
fn there_are_as_many_packets_as_asked_in_order_and_cut() {
    for extra in
        ["", "--uniform", "--stay-open", "--kind mixed --ipv6 0.5", "--syn-flood 0.5", "--loss 0.2 --reorder 0.2"]
    {
        let bytes = capture(&format!("--packets 20000 --connections 1000 --at-a-time 100 {extra}"));
        let records = records(&bytes);
        assert_eq!(records.len(), 20_000, "{extra}");
        assert!(records.is_sorted_by_key(|record| record.0), "{extra}");
        assert!(records.iter().all(|(_, wire, data)| data.len() == (*wire as usize).min(128)), "{extra}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let words = "--packets 5000 --connections 300 --at-a-time 30 --kind mixed --seed";
    assert_eq!(capture(&format!("{words} 7")), capture(&format!("{words} 7")));
    assert_ne!(capture(&format!("{words} 7")), capture(&format!("{words} 8")));
}

#[test]
fn too_few_packets_are_refused() {
    let mut bytes = Vec::new();
    assert!(write(&options("--packets 10 --connections 100"), &mut bytes).is_err());
}

#[test]
fn every_plain_frame_is_read_as_tcp_without_a_tunnel() {
    let bytes = capture("--packets 5000 --connections 300 --at-a-time 30 --ipv6 0.3");
    for (_, wire, data) in records(&bytes) {
        let outcome = parse(data, wire, LinkType::Ethernet, &Overlays::default()).err();
        assert_eq!(outcome.unwrap_or(Outcome::Tcp), Outcome::Tcp);
    }
}
