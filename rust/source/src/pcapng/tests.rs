//! Files made here, block by block: sound ones in every form, and broken ones.

use super::kind;
use crate::testing::{Scratch, noise, read_all, read_bytes, refusal};

/// Writes blocks in one byte order.
#[derive(Clone, Copy)]
struct Writer {
    is_big: bool,
}

const LITTLE: Writer = Writer { is_big: false };
const BIG: Writer = Writer { is_big: true };

impl Writer {
    fn word(self, value: u32) -> [u8; 4] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn half(self, value: u16) -> [u8; 2] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.word(12 + padded as u32);
        [&self.word(kind), &length[..], body, &vec![0; padded - body.len()], &length].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.word(0x1a2b_3c4d)[..], &self.half(1), &self.half(0), &[0xff; 8]].concat();
        self.block(kind::SECTION, &body)
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        [&self.half(code)[..], &self.half(value.len() as u16), value, &padding].concat()
    }

    fn interface(self, link: u16, snap: u32, options: &[Vec<u8>]) -> Vec<u8> {
        let fields = [&self.half(link)[..], &[0, 0], &self.word(snap)].concat();
        self.block(kind::INTERFACE, &[fields, options.concat(), self.option(0, b"")].concat())
    }

    fn fields(self, ticks: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
        [(ticks >> 32) as u32, ticks as u32, data.len() as u32, wire_len].map(|value| self.word(value)).concat()
    }

    fn enhanced(self, port: u32, ticks: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
        let body = [&self.word(port)[..], &self.fields(ticks, wire_len, data), data].concat();
        self.block(kind::ENHANCED_PACKET, &body)
    }

    fn obsolete(self, port: u16, ticks: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
        let body = [&self.half(port)[..], &self.half(3), &self.fields(ticks, wire_len, data), data].concat();
        self.block(kind::PACKET, &body)
    }

    fn simple(self, wire_len: u32, data: &[u8]) -> Vec<u8> {
        self.block(kind::SIMPLE_PACKET, &[&self.word(wire_len), data].concat())
    }
}

#[test]
fn both_byte_orders_and_every_kind_of_packet() {
    for writer in [LITTLE, BIG] {
        let seen = read_bytes(
            &[
                writer.section(),
                writer.interface(1, 0, &[]),
                writer.enhanced(0, 5, 1500, b"abc"),
                writer.obsolete(0, 6, 0, b"defgh"),
                writer.simple(3, b"xyz"),
            ]
            .concat(),
        );
        let times: Vec<_> = seen.frames.iter().map(|(time, length, data, _)| (*time, *length, &data[..])).collect();
        assert_eq!(times, [(5000, 1500, &b"abc"[..]), (6000, 5, b"defgh"), (6000, 3, b"xyz")]);
        assert!(seen.errors.is_empty());
        assert_eq!(seen.notes.len(), 1, "the simple packet has no time");
    }
}

#[test]
fn each_interface_has_its_clock_and_each_section_its_interfaces() {
    let nanoseconds = |writer: Writer| writer.option(9, &[9]);
    let offset = [LITTLE.option(9, &[0x80 | 10]), LITTLE.option(14, &100i64.to_le_bytes())];
    let behind = [BIG.option(2, b"eth0"), nanoseconds(BIG), BIG.option(14, &(-1i64).to_be_bytes())];
    let seen = read_bytes(
        &[
            LITTLE.section(),
            LITTLE.interface(1, 0, &[nanoseconds(LITTLE)]),
            LITTLE.interface(1, 0, &offset),
            LITTLE.enhanced(0, 7, 1, b"a"),
            LITTLE.enhanced(1, 512, 1, b"b"),
            BIG.section(),
            BIG.interface(1, 0, &behind),
            BIG.enhanced(0, 200_000_000_000, 1, b"c"),
        ]
        .concat(),
    );
    assert_eq!(seen.frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), [7, 100_500_000_000, 199_000_000_000]);
    assert!(seen.errors.is_empty() && seen.notes.is_empty());
}

#[test]
fn unknown_blocks_are_passed_over_whatever_their_size() {
    let huge = LITTLE.block(0x0bad, &vec![7; 3 << 20]);
    let packet = LITTLE.enhanced(0, 1, 4, b"abcd");
    let blocks = [
        LITTLE.section(),
        LITTLE.block(4, b"names"),
        LITTLE.interface(1, 0, &[]),
        huge,
        packet.clone(),
        LITTLE.block(0x8000_0001, b""),
        packet.clone(),
        LITTLE.block(5, &[0; 20]),
    ];
    let seen = read_bytes(&blocks.concat());
    assert_eq!(seen.frames.len(), 2);
    assert!(seen.errors.is_empty(), "{:?}", seen.errors);
}

#[test]
fn what_was_captured_of_a_simple_packet_is_told_by_its_snap_length() {
    let seen = read_bytes(&[LITTLE.section(), LITTLE.interface(1, 2, &[]), LITTLE.simple(9, b"abcd")].concat());
    assert_eq!(seen.frames, [(0, 9, b"ab".to_vec(), 0)]);
}

#[test]
fn packets_of_links_that_nobody_reads_are_counted_and_told() {
    let blocks = [
        LITTLE.section(),
        LITTLE.interface(189, 0, &[]),
        LITTLE.interface(1, 0, &[]),
        LITTLE.enhanced(0, 1, 1, b"u"),
        LITTLE.enhanced(1, 2, 1, b"e"),
        LITTLE.enhanced(0, 3, 1, b"u"),
    ];
    let seen = read_bytes(&blocks.concat());
    assert_eq!(seen.frames.iter().map(|frame| &frame.2[..]).collect::<Vec<_>>(), [b"e"]);
    assert!(seen.errors[0].contains("2 packets of link type 189 (USB)"), "{:?}", seen.errors);
}

#[test]
fn a_file_without_packets_is_sound() {
    for blocks in [vec![LITTLE.section()], vec![BIG.section(), BIG.interface(1, 0, &[])]] {
        let seen = read_bytes(&blocks.concat());
        assert!(seen.frames.is_empty() && seen.errors.is_empty());
    }
}

#[test]
fn every_cut_gives_what_is_whole_and_says_where_it_breaks() {
    let head = [LITTLE.section(), LITTLE.interface(1, 0, &[])].concat();
    let packet = LITTLE.enhanced(0, 1, 4, b"abcd");
    let whole = [head.clone(), packet.clone(), packet.clone()].concat();
    for length in 28..=whole.len() {
        let seen = read_bytes(&whole[..length]);
        assert_eq!(seen.frames.len(), length.saturating_sub(head.len()) / packet.len());
        let is_between = length == 28 || (length >= head.len() && (length - head.len()).is_multiple_of(packet.len()));
        assert_eq!(seen.errors.len(), usize::from(!is_between), "{length}: {:?}", seen.errors);
    }
    let seen = read_bytes(&whole[..whole.len() - 1]);
    let at = head.len() + packet.len();
    assert!(seen.errors[0].contains(&format!("breaks at byte {at}: ")), "{:?}", seen.errors);
    assert!(refusal(&whole[..27]).contains("breaks at byte 27"));
}

#[test]
fn contradictions_break_the_file_with_a_reason() {
    let head = [LITTLE.section(), LITTLE.interface(1, 0, &[])].concat();
    let mut two_lengths = LITTLE.enhanced(0, 1, 4, b"abcd");
    *two_lengths.last_mut().unwrap() = 1;
    let mut too_long = LITTLE.enhanced(0, 1, 4, b"abcd");
    too_long[20] = 5;
    let endless = [LITTLE.word(6), LITTLE.word(u32::MAX), LITTLE.word(0)].concat();
    let unknown_endless = [LITTLE.word(99), LITTLE.word(u32::MAX), LITTLE.word(0)].concat();
    let mut strange_order = LITTLE.section();
    strange_order[8] = 0;
    let mut new_version = LITTLE.section();
    new_version[12] = 2;
    let cases = [
        (two_lengths, "two lengths"),
        (too_long, "longer than its block"),
        (endless, "more than any packet"),
        (unknown_endless, "fewer are left"),
        (vec![0; 12], "0 bytes long"),
        (LITTLE.enhanced(1, 1, 1, b"a"), "not described"),
        (LITTLE.block(kind::ENHANCED_PACKET, &[0; 16]), "cut short"),
        (LITTLE.block(kind::INTERFACE, &[0; 4]), "cut short"),
        (strange_order, "byte order"),
        (new_version, "version 2"),
    ];
    for (block, reason) in cases {
        let seen = read_bytes(&[head.clone(), LITTLE.enhanced(0, 1, 1, b"a"), block].concat());
        assert_eq!(seen.frames.len(), 1);
        assert!(seen.errors[0].contains(reason), "{reason}: {:?}", seen.errors);
        assert!(seen.errors[0].contains(&format!("byte {}", head.len() + 36)), "{:?}", seen.errors);
    }
}

#[test]
fn packets_longer_than_the_window_are_whole() {
    let long = vec![3; super::MOST_CAPTURED];
    let blocks = [
        LITTLE.section(),
        LITTLE.interface(1, 0, &[]),
        LITTLE.enhanced(0, 1, 4, b"abcd"),
        LITTLE.enhanced(0, 2, 0, &long),
        LITTLE.enhanced(0, 3, 4, b"abcd"),
    ];
    let seen = read_bytes(&blocks.concat());
    assert_eq!(seen.frames.iter().map(|frame| frame.2.len()).collect::<Vec<_>>(), [4, long.len(), 4]);
}

#[test]
fn many_packets_come_in_order_over_batches_and_windows() {
    let mut bytes = [LITTLE.section(), LITTLE.interface(1, 0, &[])].concat();
    for number in 0..20_000 {
        bytes.extend(LITTLE.enhanced(0, number, 60, &[number as u8; 57]));
        if number % 1000 == 0 {
            bytes.extend(LITTLE.block(5, &[0; 30]));
        }
    }
    let seen = read_bytes(&bytes);
    assert_eq!(seen.frames.len(), 20_000);
    assert!(seen.frames.iter().enumerate().all(|(n, frame)| frame.0 == n as u64 * 1000 && frame.2 == [n as u8; 57]));
}

#[test]
fn sections_of_several_files_are_merged_by_time() {
    let file = |writer: Writer, ticks: &[u64]| {
        let packets = ticks.iter().flat_map(|&ticks| writer.enhanced(0, ticks, 1, b"x"));
        Scratch::new(
            &[writer.section(), writer.interface(1, 0, &[])].concat().into_iter().chain(packets).collect::<Vec<_>>(),
        )
    };
    let files = [file(LITTLE, &[1, 4]), file(BIG, &[2, 3])];
    let seen = read_all(files.iter().map(|file| file.open().unwrap()).collect());
    assert_eq!(seen.frames.iter().map(|frame| frame.3).collect::<Vec<_>>(), [0, 1, 1, 0]);
}

#[test]
fn any_bytes_are_survived() {
    let head = [LITTLE.section(), LITTLE.interface(1, 0, &[])].concat();
    let whole = [head.clone(), LITTLE.enhanced(0, 1, 4, b"abcd"), LITTLE.block(4, b"names")].concat();
    for seed in 0..300 {
        read_bytes(&head.iter().copied().chain(noise(seed).take(200)).collect::<Vec<_>>());
        let mut bytes = whole.clone();
        for (place, value) in noise(seed).take(6).zip(noise(seed + 1000)) {
            let length = bytes.len() - 12;
            bytes[12 + usize::from(place) % length] ^= value;
        }
        read_bytes(&bytes);
    }
}
