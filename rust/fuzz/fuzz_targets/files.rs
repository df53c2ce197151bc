//! Any bytes as a capture: pcap, pcapng, packed or not. Each frame lies within what is left, and reading ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use source::Merged;
use source::frames::open_bytes;

fuzz_target!(|data: &[u8]| {
    let Ok(reader) = open_bytes("input", Box::new(std::io::Cursor::new(data.to_vec()))) else { return };
    let mut merged = Merged::new(vec![reader]);
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
});
