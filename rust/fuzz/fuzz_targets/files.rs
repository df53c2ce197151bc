//! Any bytes as a capture: pcap, pcapng, packed or not. Each frame lies within what is left, and reading ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use source::Merged;
use source::frames::open_bytes;

fuzz_target!(|data: &[u8]| {
    let Ok(reader) = open_bytes("input", Box::new(std::io::Cursor::new(data.to_vec()))) else { return };
    let mut merged = Merged::new(vec![reader]);
    let in_pieces = count_in_pieces(data);
    let mut most = 1i64 << 20;
    while merged.next_batch(&mut |frames| {
        for frame in frames {
            assert!(frame.data.len() <= frame.wire_len as usize && frame.data.len() <= 1 << 18);
            most -= 1;
        }
    }) && most > 0
    {}
    for sentence in merged.errors() {
        assert!(sentence.starts_with("input "));
    }
    assert!(most <= 0 || in_pieces == (1 << 20) - most);
});

/// The frames of a capture that is read with its memory handed over; each lies within it.
fn count_in_pieces(data: &[u8]) -> i64 {
    let Ok(reader) = open_bytes("input", Box::new(std::io::Cursor::new(data.to_vec()))) else { return 0 };
    let mut merged = Merged::new(vec![reader]);
    let (mut memory, mut count) = (Vec::new(), 0);
    loop {
        let mut ends = Vec::new();
        if !merged.next_piece(&mut memory, &mut |frames| {
            ends.extend(frames.iter().map(|frame| frame.data.as_ptr_range()));
        }) {
            return count;
        }
        let all = memory.as_ptr_range();
        assert!(ends.iter().all(|frame| all.start <= frame.start && frame.end <= all.end));
        count += ends.len() as i64;
        if count > 1 << 20 {
            return count;
        }
    }
}
