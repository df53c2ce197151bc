//! Files made here, byte by byte: sound ones in every form, and broken ones.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Error;
use crate::frames::open;
use crate::merge::Merged;

/// A file that is removed again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bytes: &[u8]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("podwire-source-{}-{number}.pcap", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Clone, Copy)]
struct Shape {
    big_endian: bool,
    magic: u32,
    link: u32,
}

const PLAIN: Shape = Shape { big_endian: false, magic: super::MICROSECONDS, link: 1 };

impl Shape {
    fn number(self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn header(self) -> Vec<u8> {
        let mut out = self.number(self.magic).to_vec();
        out.extend([0; 12]);
        out.extend(self.number(65_535));
        out.extend(self.number(self.link));
        out
    }

    fn record(self, seconds: u32, fraction: u32, wire_len: u32, data: &[u8]) -> Vec<u8> {
        let captured = u32::try_from(data.len()).unwrap();
        let mut out = Vec::new();
        for value in [seconds, fraction, captured, wire_len] {
            out.extend(self.number(value));
        }
        out.extend(data);
        out
    }
}

/// (time, wire length, bytes, source) of every frame, and the sentences about breaks.
type Seen = (Vec<(u64, u32, Vec<u8>, u16)>, Vec<String>);

fn read(files: &[&Scratch]) -> Seen {
    let mut readers: Vec<_> = files.iter().map(|file| open(&file.0).unwrap()).collect();
    for (number, reader) in readers.iter_mut().enumerate() {
        reader.set_source(number as u16);
    }
    let mut merged = Merged::new(readers);
    let mut seen = Vec::new();
    while merged.next_batch(&mut |frames| {
        assert!(!frames.is_empty());
        seen.extend(frames.iter().map(|f| (f.ts_ns, f.wire_len, f.data.to_vec(), f.source)));
    }) {}
    (seen, merged.broken().map(str::to_owned).collect())
}

#[test]
fn both_byte_orders_and_both_fractions() {
    for big_endian in [false, true] {
        for (magic, time) in [(super::MICROSECONDS, 7_000_005_000), (super::NANOSECONDS, 7_000_000_005)] {
            let shape = Shape { big_endian, magic, link: 1 };
            let file = Scratch::new(&[shape.header(), shape.record(7, 5, 1500, b"abc")].concat());
            assert_eq!(read(&[&file]), (vec![(time, 1500, b"abc".to_vec(), 0)], vec![]));
        }
    }
}

#[test]
fn a_file_without_records_is_sound() {
    let file = Scratch::new(&PLAIN.header());
    assert_eq!(read(&[&file]), (vec![], vec![]));
}

#[test]
fn many_records_come_in_order_over_batches_and_windows() {
    let mut bytes = PLAIN.header();
    let data = vec![7; 9000];
    for n in 0..1200 {
        bytes.extend(PLAIN.record(n, 0, 9000, &data));
    }
    let (seen, broken) = read(&[&Scratch::new(&bytes)]);
    assert!(broken.is_empty());
    assert!(seen.iter().enumerate().all(|(n, frame)| frame.0 == n as u64 * 1_000_000_000 && frame.2 == data));
    assert_eq!(seen.len(), 1200);
}

#[test]
fn files_are_merged_by_time() {
    let file = |times: &[u32]| {
        let records = times.iter().flat_map(|&time| PLAIN.record(time, 0, 60, b"x"));
        Scratch::new(&PLAIN.header().into_iter().chain(records).collect::<Vec<_>>())
    };
    let files = [file(&[1, 4, 4, 9]), file(&[2, 3, 8]), file(&[]), file(&[5, 4, 6])];
    let (seen, _) = read(&files.iter().collect::<Vec<_>>());
    let order: Vec<_> = seen.iter().map(|frame| (frame.0 / 1_000_000_000, frame.3)).collect();
    let expected = [(1, 0), (2, 1), (3, 1), (4, 0), (4, 0), (5, 3), (4, 3), (6, 3), (8, 1), (9, 0)];
    assert_eq!(order, expected);
}

#[test]
fn a_torn_file_gives_what_is_whole_and_says_where_it_breaks() {
    let whole = [PLAIN.header(), PLAIN.record(1, 0, 4, b"abcd"), PLAIN.record(2, 0, 4, b"efgh")].concat();
    for cut in 1..20 {
        let (seen, broken) = read(&[&Scratch::new(&whole[..whole.len() - cut])]);
        assert_eq!(seen.len(), 1);
        assert_eq!(broken.len(), usize::from(cut < 20));
        assert!(broken[0].contains("breaks at byte 44"), "{broken:?}");
    }
}

#[test]
fn a_packet_longer_than_the_window_is_whole() {
    let long = vec![3; super::MOST_CAPTURED];
    let short = PLAIN.record(1, 0, 4, b"abcd");
    let file = Scratch::new(&[PLAIN.header(), short.clone(), PLAIN.record(2, 0, 0, &long), short].concat());
    let (seen, broken) = read(&[&file]);
    assert_eq!(seen.iter().map(|frame| frame.2.len()).collect::<Vec<_>>(), [4, long.len(), 4]);
    assert!(seen[1].2 == long && broken.is_empty());
}

#[test]
fn a_break_beyond_the_first_window_is_told_at_its_byte() {
    let record = PLAIN.record(1, 0, 0, &[7; 1000]);
    let mut bytes = [PLAIN.header(), record.repeat(1000)].concat();
    bytes.truncate(24 + 900 * 1016 + 8);
    let (seen, broken) = read(&[&Scratch::new(&bytes)]);
    assert_eq!(seen.len(), 900);
    assert!(broken[0].contains("breaks at byte 914424: a record header is cut short"), "{broken:?}");
}

#[test]
fn a_length_beyond_belief_breaks_the_file() {
    let mut bytes = [PLAIN.header(), PLAIN.record(1, 0, 4, b"abcd")].concat();
    for value in [0u32, 0, u32::MAX, 4] {
        bytes.extend(value.to_le_bytes());
    }
    let (seen, broken) = read(&[&Scratch::new(&bytes)]);
    assert_eq!(seen.len(), 1);
    assert!(broken[0].contains("4294967295 bytes"), "{broken:?}");
}

#[test]
fn other_files_are_refused_with_a_hint() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "is empty"),
        (b"ab", "only 2 bytes"),
        (b"hello world", "does not begin like pcap"),
        (b"\x0a\x0d\x0d\x0a....", "editcap -F pcap"),
        (b"\x1f\x8b....", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "unzstd"),
        (&PLAIN.header()[..23], "breaks at byte 23"),
        (&Shape { link: 147, ..PLAIN }.header(), "link type 147"),
    ];
    for (bytes, hint) in cases {
        let file = Scratch::new(bytes);
        match open(&file.0) {
            Err(Error::Foreign(_, why)) => assert!(why.contains(hint), "{why}"),
            other => panic!("{hint}: {:?}", other.map(|_| ())),
        }
    }
    assert!(matches!(open(&std::env::temp_dir()), Err(Error::File(..))));
}

#[test]
fn a_frame_is_never_shorter_on_the_wire_than_in_the_file() {
    let file = Scratch::new(&[PLAIN.header(), PLAIN.record(1, 0, 0, b"abcd")].concat());
    assert_eq!(read(&[&file]).0[0].1, 4);
}

#[test]
fn any_bytes_behind_a_header_are_survived() {
    let mut state = 1u64;
    for _ in 0..300 {
        let mut bytes = PLAIN.header();
        for _ in 0..200 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.push(if state >> 62 == 0 { (state >> 33) as u8 } else { 0 });
        }
        let (seen, broken) = read(&[&Scratch::new(&bytes)]);
        assert!(seen.len() <= 13 && broken.len() <= 1);
    }
}
