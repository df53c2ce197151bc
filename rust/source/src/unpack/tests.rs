//! Packed captures: whole, in several members, cut, falsified, and far larger than they look.

use std::io::Write;

use crate::testing::{noise, pcap, read_bytes, refusal};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Packer = fn(&[u8]) -> Vec<u8>;
const PACKERS: [(&str, Packer); 2] = [("gzip", gzip), ("Zstandard", zstd)];

/// A capture that does not pack well.
fn story() -> Vec<u8> {
    let data: Vec<u8> = noise(3).take(1000).collect();
    pcap(&(0..2000).collect::<Vec<_>>(), &data)
}

#[test]
fn packed_captures_read_like_plain_ones() {
    let plain = read_bytes(&story());
    for (_, pack) in PACKERS {
        assert_eq!(read_bytes(&pack(&story())), plain);
    }
}

#[test]
fn several_members_are_one_capture() {
    let story = story();
    let (one, other) = story.split_at(story.len() / 3);
    for (_, pack) in PACKERS {
        let seen = read_bytes(&[pack(one), pack(other)].concat());
        assert!(seen.frames.len() == 2000 && seen.errors.is_empty());
    }
    let skippable = [&b"\x50\x2a\x4d\x18\x04\0\0\0skip"[..], &zstd(&story)].concat();
    assert_eq!(read_bytes(&skippable).frames.len(), 2000);
}

#[test]
fn an_early_end_is_told_behind_what_came_before_it() {
    for (name, pack) in PACKERS {
        let packed = pack(&story());
        for cut in [1, 4, packed.len() / 2] {
            let seen = read_bytes(&packed[..packed.len() - cut]);
            assert!(seen.errors[0].contains("of what it unpacks to"), "{:?}", seen.errors);
            assert!(seen.errors[0].contains(&format!("the {name} stream ends early")), "{:?}", seen.errors);
            assert!(seen.frames.len() >= if cut < 5 { 1900 } else { 500 }, "{name} {cut}: {}", seen.frames.len());
        }
    }
}

#[test]
fn a_wrong_checksum_is_told() {
    for (name, pack) in PACKERS {
        let mut packed = pack(&story());
        let at = packed.len() - if name == "gzip" { 8 } else { 1 };
        packed[at] ^= 1;
        let seen = read_bytes(&packed);
        assert!(seen.errors[0].contains(&format!("the {name} checksum is wrong")), "{:?}", seen.errors);
        assert!(seen.frames.len() >= 1700);
    }
}

#[test]
fn damage_in_the_middle_is_told() {
    for (_, pack) in PACKERS {
        let mut packed = pack(&story());
        let half = packed.len() / 2;
        packed[half..half + 64].fill(0xff);
        let seen = read_bytes(&packed);
        assert!(seen.errors.len() == 1 && seen.frames.len() < 2000, "{:?}", seen.errors);
    }
}

#[test]
fn a_bomb_is_read_through_one_window() {
    let data = vec![0; 60_000];
    let bomb = pcap(&(0..500).collect::<Vec<_>>(), &data);
    for (_, pack) in PACKERS {
        let packed = pack(&bomb);
        assert!(packed.len() * 100 < bomb.len());
        let mut reader = crate::testing::Scratch::new(&packed).open().unwrap();
        let mut bytes = 0;
        while reader.fill() {
            let mut frames = Vec::with_capacity(16);
            let end = reader.run(reader.start(), u64::MAX, &mut frames);
            bytes += frames.iter().map(|frame| frame.data.len()).sum::<usize>();
            drop(frames);
            reader.consume(end);
        }
        assert_eq!(bytes, 500 * 60_000);
        assert!(reader.errors().is_empty());
    }
}

#[test]
fn what_is_packed_is_looked_at_too() {
    for (name, pack) in PACKERS {
        assert!(refusal(&pack(b"")).contains("unpacks to nothing"));
        assert!(refusal(&pack(b"hello world")).contains("neither pcap nor pcapng"));
        assert!(refusal(&pack(&pack(&story()))).contains("packed twice"));
        assert!(refusal(&pack(&story())[..9]).contains(&format!("the {name} stream ends early")));
    }
}

#[test]
fn a_window_beyond_bounds_is_refused_with_advice() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(30).unwrap();
    encoder.write_all(&story()).unwrap();
    assert!(refusal(&encoder.finish().unwrap()).contains("unzstd --long=31"));
}
