//! Files made here, byte by byte: sound ones in every form, and broken ones.

use crate::testing::{Scratch, noise, pcap, read_all, read_bytes, read_in_pieces, refusal};

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

#[test]
fn both_byte_orders_and_both_fractions() {
    for big_endian in [false, true] {
        for (magic, time) in [(super::MICROSECONDS, 7_000_005_000), (super::NANOSECONDS, 7_000_000_005)] {
            let shape = Shape { big_endian, magic, link: 1 };
            let seen = read_bytes(&[shape.header(), shape.record(7, 5, 1500, b"abc")].concat());
            assert_eq!((seen.frames, seen.errors), (vec![(time, 1500, b"abc".to_vec(), 0)], vec![]));
        }
    }
}

#[test]
fn a_file_without_records_is_sound() {
    let seen = read_bytes(&PLAIN.header());
    assert!(seen.frames.is_empty() && seen.errors.is_empty());
}

#[test]
fn many_records_come_in_order_over_batches_and_windows() {
    let mut bytes = PLAIN.header();
    let data = vec![7; 9000];
    for n in 0..1200 {
        bytes.extend(PLAIN.record(n, 0, 9000, &data));
    }
    let seen = read_bytes(&bytes);
    assert!(seen.errors.is_empty());
    let seen = seen.frames;
    assert!(seen.iter().enumerate().all(|(n, frame)| frame.0 == n as u64 * 1_000_000_000 && frame.2 == data));
    assert_eq!(seen.len(), 1200);
}

#[test]
fn files_are_merged_by_time() {
    let files = [&[1, 4, 4, 9][..], &[2, 3, 8], &[], &[5, 4, 6]].map(|times| Scratch::new(&pcap(times, b"x")));
    let seen = read_all(files.iter().map(|file| file.open().unwrap()).collect());
    let order: Vec<_> = seen.frames.iter().map(|frame| (frame.0 / 1_000_000_000, frame.3)).collect();
    let expected = [(1, 0), (2, 1), (3, 1), (4, 0), (4, 0), (5, 3), (4, 3), (6, 3), (8, 1), (9, 0)];
    assert_eq!(order, expected);
    assert!(seen == read_in_pieces(files.iter().map(|file| file.open().unwrap()).collect()));
}

#[test]
fn more_than_a_piece_takes_is_handed_over_in_several() {
    let count = crate::merge::PIECE_FRAMES + 1000;
    let seen = read_bytes(&pcap(&vec![1; count], b""));
    assert_eq!(seen.frames.len(), count);
}

#[test]
fn a_torn_file_gives_what_is_whole_and_says_where_it_breaks() {
    let whole = [PLAIN.header(), PLAIN.record(1, 0, 4, b"abcd"), PLAIN.record(2, 0, 4, b"efgh")].concat();
    for cut in 1..20 {
        let seen = read_bytes(&whole[..whole.len() - cut]);
        assert_eq!(seen.frames.len(), 1);
        assert!(seen.errors.len() == 1 && seen.errors[0].contains("breaks at byte 44"), "{:?}", seen.errors);
    }
}

#[test]
fn a_packet_longer_than_the_window_is_whole() {
    let long = vec![3; super::MOST_CAPTURED];
    let short = PLAIN.record(1, 0, 4, b"abcd");
    let seen = read_bytes(&[PLAIN.header(), short.clone(), PLAIN.record(2, 0, 0, &long), short].concat());
    assert_eq!(seen.frames.iter().map(|frame| frame.2.len()).collect::<Vec<_>>(), [4, long.len(), 4]);
    assert!(seen.frames[1].2 == long && seen.errors.is_empty());
}

#[test]
fn a_break_beyond_the_first_window_is_told_at_its_byte() {
    let record = PLAIN.record(1, 0, 0, &[7; 1000]);
    let mut bytes = [PLAIN.header(), record.repeat(1000)].concat();
    bytes.truncate(24 + 900 * 1016 + 8);
    let seen = read_bytes(&bytes);
    assert_eq!(seen.frames.len(), 900);
    assert!(seen.errors[0].contains("breaks at byte 914424: a record header is cut short"), "{:?}", seen.errors);
}

#[test]
fn a_length_beyond_belief_breaks_the_file() {
    let mut bytes = [PLAIN.header(), PLAIN.record(1, 0, 4, b"abcd")].concat();
    for value in [0u32, 0, u32::MAX, 4] {
        bytes.extend(value.to_le_bytes());
    }
    let seen = read_bytes(&bytes);
    assert_eq!(seen.frames.len(), 1);
    assert!(seen.errors[0].contains("4294967295 bytes"), "{:?}", seen.errors);
}

#[test]
fn other_files_are_refused_with_a_hint() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "is empty"),
        (b"ab", "only 2 bytes"),
        (b"hello world", "neither pcap nor pcapng"),
        (b"\xfd7zXZ\0", "unxz"),
        (b"PK\x03\x04....", "unzip"),
        (b"\x34\xcd\xb2\xa1", "editcap -F pcap"),
        (b"\0\0\0\0\0", "neither pcap nor pcapng"),
        (&PLAIN.header()[..23], "breaks at byte 23"),
        (&Shape { link: 147, ..PLAIN }.header(), "link type 147"),
    ];
    for (bytes, hint) in cases {
        let why = refusal(bytes);
        assert!(why.contains(hint), "{why}");
    }
}

#[test]
fn a_frame_is_never_shorter_on_the_wire_than_in_the_file() {
    let seen = read_bytes(&[PLAIN.header(), PLAIN.record(1, 0, 0, b"abcd")].concat());
    assert_eq!(seen.frames[0].1, 4);
}

#[test]
fn any_bytes_behind_a_header_are_survived() {
    for seed in 0..300 {
        let seen = read_bytes(&PLAIN.header().into_iter().chain(noise(seed).take(200)).collect::<Vec<_>>());
        assert!(seen.frames.len() <= 13 && seen.errors.len() <= 1);
    }
}
