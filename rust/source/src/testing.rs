//! What the tests of readers share: files that are removed again, and everything that a list of files gives.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Result;
use crate::frames::{Frames, open};
use crate::input::Progress;
use crate::merge::Merged;

/// A file that is removed again.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let scratch = Self::path();
        fs::write(&scratch.0, bytes).unwrap();
        scratch
    }

    /// A name where nothing is yet.
    pub(crate) fn path() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("podwire-source-{}-{number}", std::process::id())))
    }

    pub(crate) fn open(&self) -> Result<Box<dyn Frames>> {
        open(&self.0, &Arc::new(Progress::default()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// (time, wire length, bytes, source) of a frame.
pub(crate) type SeenFrame = (u64, u32, Vec<u8>, u16);

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<SeenFrame>,
    pub(crate) errors: Vec<String>,
    pub(crate) notes: Vec<String>,
}

fn numbered(mut readers: Vec<Box<dyn Frames>>) -> Merged {
    for (number, reader) in readers.iter_mut().enumerate() {
        reader.set_source(number as u16);
    }
    Merged::new(readers)
}

/// Reads everything, numbered in the order given.
pub(crate) fn read_all(readers: Vec<Box<dyn Frames>>) -> Seen {
    let mut merged = numbered(readers);
    let mut frames = Vec::new();
    while merged.next_batch(&mut |batch| {
        assert!(!batch.is_empty());
        frames.extend(batch.iter().map(|f| (f.ts_ns, f.wire_len, f.data.to_vec(), f.source)));
    }) {}
    Seen { frames, errors: merged.errors(), notes: merged.notes() }
}

/// The same with the memory of frames handed over, where it is: they are looked at when it has been.
pub(crate) fn read_in_pieces(readers: Vec<Box<dyn Frames>>) -> Seen {
    let mut merged = numbered(readers);
    let mut frames = Vec::new();
    let mut memory = Vec::new();
    loop {
        let mut places = Vec::new();
        if merged.next_piece(&mut memory, &mut |batch| {
            places.extend(batch.iter().map(|f| (f.ts_ns, f.wire_len, f.data.as_ptr().addr(), f.data.len(), f.source)));
        }) {
            let start = memory.as_ptr().addr();
            let bytes = |at: usize, len: usize| memory[at - start..][..len].to_vec();
            frames.extend(places.iter().map(|&(time, wire, at, len, source)| (time, wire, bytes(at, len), source)));
        } else if !merged.next_batch(&mut |batch| {
            frames.extend(batch.iter().map(|f| (f.ts_ns, f.wire_len, f.data.to_vec(), f.source)));
        }) {
            return Seen { frames, errors: merged.errors(), notes: merged.notes() };
        }
    }
}

/// Reads a file made of these bytes, which opens: by batches and in pieces, which come to the same.
pub(crate) fn read_bytes(bytes: &[u8]) -> Seen {
    let file = Scratch::new(bytes);
    let seen = read_all(vec![file.open().unwrap()]);
    let other = read_in_pieces(vec![file.open().unwrap()]);
    // How much is in memory decides whether what broke the input is known, or only what it did to a record.
    assert!(seen.frames == other.frames && seen.notes == other.notes, "in pieces it is something else");
    assert_eq!(seen.errors.len(), other.errors.len());
    seen
}

/// Why a file made of these bytes does not open.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    match Scratch::new(bytes).open() {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it opens"),
    }
}

/// A classic pcap file of Ethernet frames `data`, at these times in seconds.
pub(crate) fn pcap(times: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0".to_vec();
    for time in times {
        for value in [*time, 0, data.len() as u32, data.len() as u32] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(data);
    }
    bytes
}

/// Reproducible noise, three quarters of it zero.
pub(crate) fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 62 == 0 { (state >> 33) as u8 } else { 0 }
    })
}
