//! What every reader of stored frames looks like, and which reader a file gets.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use wire::Frame;

use crate::error::{Error, Result};
use crate::input::{Input, Progress};
use crate::pcap::PcapFile;
use crate::pcapng::PcapngFile;
use crate::stored::Stored;
use crate::unpack::{Unpacked, unpack};
use crate::window::Window;

/// The most frames that one batch carries: enough to hide memory latency, small enough to stay in the first cache.
pub const BATCH_FRAMES: usize = 256;

/// A source of stored frames that can be merged with others by time.
///
/// A reader holds a window of whole records. `fill` moves the window on; between two fills any number of frames can be
/// borrowed from it at once. Positions are opaque but for `start`.
pub trait Frames: Send {
    /// Makes at least one record available; false at the end, or where the source breaks (see `errors`).
    fn fill(&mut self) -> bool;

    /// The position of the first record that was not consumed.
    fn start(&self) -> usize;

    /// The time of the record at `position` in nanoseconds since the epoch; None past the window.
    fn time_at(&self, position: usize) -> Option<u64>;

    /// Appends records from `position` on while their time is at most `until_ns` and `out` has room within its
    /// capacity. Returns the position after the last one.
    fn run<'a>(&'a self, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize;

    /// Lets go of all records before `position`.
    fn consume(&mut self, position: usize);

    /// Gives the memory that holds what was consumed since the last `fill` in exchange for `memory`, in which it goes on.
    fn exchange(&mut self, memory: &mut Vec<u8>);

    /// Sets the number that the frames carry.
    fn set_source(&mut self, source: u16);

    /// Whether its next record is known by its time alone; `fill` then opens what holds it.
    fn is_asleep(&self) -> bool {
        false
    }

    /// One sentence for each thing that kept it from being read to its end; empty while it is whole.
    fn errors(&self) -> Vec<String>;

    /// What is to be known about its frames, in sentences.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Opens a capture: a file, a named pipe, or standard input. What kind of capture it is, its first bytes tell. Its
/// frames carry the number 0 until another one is set.
///
/// # Errors
/// Where it cannot be opened, or is no capture that can be read.
pub fn open(path: &Path, progress: &Arc<Progress>) -> Result<Box<dyn Frames>> {
    let failed = |reason| Error::File(path.display().to_string(), reason);
    let Input { name, bytes } = Input::open(path, progress).map_err(failed)?;
    open_bytes(&name, bytes)
}

/// The same for bytes that come from elsewhere; `name` is what sentences call them.
///
/// # Errors
/// Where they cannot be read, or are no capture that can be read.
pub fn open_bytes(name: &str, bytes: Box<dyn Read + Send>) -> Result<Box<dyn Frames>> {
    let failed = |reason| Error::File(name.to_owned(), reason);
    let Unpacked { bytes, was_packed } = unpack(bytes).map_err(failed)?;
    let stored = Stored::new(name.to_owned(), Window::new(bytes), was_packed);
    let foreign = |why: String| Error::Foreign(name.to_owned(), why);
    let head = stored.bytes();
    if let Some(why) = stored.failure().filter(|_| head.is_empty()) {
        return Err(foreign(format!("breaks at its first byte: {why}")));
    }
    if PcapFile::claims(head) {
        return Ok(Box::new(PcapFile::new(stored).map_err(foreign)?));
    }
    if PcapngFile::claims(head) {
        return Ok(Box::new(PcapngFile::new(stored).map_err(foreign)?));
    }
    Err(foreign(what_it_is(head, was_packed)))
}

/// Says what an input is that no reader claims, and what to do with it.
fn what_it_is(head: &[u8], was_packed: bool) -> String {
    const KINDS: [(&[u8], &str); 9] = [
        (b"\x1f\x8b", "is packed twice: unpack it once"),
        (b"\x28\xb5\x2f\xfd", "is packed twice: unpack it once"),
        (b"\xfd7zXZ", "is compressed: unpack it with `unxz` first"),
        (b"BZh", "is compressed: unpack it with `bunzip2` first"),
        (b"\x04\x22\x4d\x18", "is compressed: unpack it with `unlz4` first"),
        (b"PK\x03\x04", "is a zip archive: unpack it with `unzip` first"),
        (b"\x34\xcd\xb2\xa1", "is modified pcap: convert it with `editcap -F pcap`"),
        (b"\xa1\xb2\xcd\x34", "is modified pcap: convert it with `editcap -F pcap`"),
        (b"snoop\0", "is a snoop file: convert it with `editcap -F pcap`"),
    ];
    if let Some((_, what)) = KINDS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*what).to_owned();
    }
    match (head.len(), was_packed) {
        (0, false) => "is empty, so it is no capture file".to_owned(),
        (0, true) => "unpacks to nothing, so it is no capture file".to_owned(),
        (few @ 1..4, _) => format!("is no capture file: it has only {few} bytes"),
        _ => "is no capture file: it begins like neither pcap nor pcapng".to_owned(),
    }
}
