//! What every reader of stored frames looks like, and which reader a file gets.

use std::fs::File;
use std::io;
use std::path::Path;

use wire::Frame;

use crate::error::{Error, Result};
use crate::pcap::PcapFile;
use crate::window::Window;

/// The most frames that one batch carries: enough to hide memory latency, small enough to stay in the first cache.
pub const BATCH_FRAMES: usize = 256;

/// A source of stored frames that can be merged with others by time.
///
/// A reader holds a window of whole records. `fill` moves the window on; between two fills any number of frames can be
/// borrowed from it at once. Positions are opaque but for `start`.
pub trait Frames: Send {
    /// Makes at least one record available; false at the end, or where the source breaks (see `broken`).
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

    /// Sets the number that the frames carry.
    fn set_source(&mut self, source: u16);

    /// Where and how the source broke, in one sentence; None while it is whole.
    fn broken(&self) -> Option<&str>;
}

/// Opens a capture file. What kind of file it is, its first bytes tell. Its frames carry the number 0 until another
/// one is set.
pub fn open(path: &Path) -> Result<Box<dyn Frames>> {
    let name = path.display().to_string();
    let file = File::open(path).and_then(regular).map_err(|reason| Error::File(name.clone(), reason))?;
    let mut window = Window::new(Box::new(file));
    window.slide(0, 0).map_err(|reason| Error::File(name.clone(), reason))?;
    let start = window.bytes();
    if start.is_empty() {
        return Err(Error::Foreign(name, "is empty, so it is no capture file".to_owned()));
    }
    if let Some(why) = foreign_kind(start) {
        return Err(Error::Foreign(name, why.to_owned()));
    }
    Ok(Box::new(PcapFile::new(name, window)?))
}

/// Refuses pipes, devices and folders.
fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"))
}

/// Says what to do with a file that is known but not read.
fn foreign_kind(start: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 6] = [
        (b"\x0a\x0d\x0d\x0a", "is pcapng: convert it with `editcap -F pcap`"),
        (b"\x1f\x8b", "is compressed: unpack it with `gunzip` first"),
        (b"\x28\xb5\x2f\xfd", "is compressed: unpack it with `unzstd` first"),
        (b"\xfd7zXZ", "is compressed: unpack it with `unxz` first"),
        (b"\x34\xcd\xb2\xa1", "is modified pcap: convert it with `editcap -F pcap`"),
        (b"\xa1\xb2\xcd\x34", "is modified pcap: convert it with `editcap -F pcap`"),
    ];
    KINDS.iter().find(|(magic, _)| start.starts_with(magic)).map(|&(_, why)| why)
}
