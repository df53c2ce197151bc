//! Classic pcap files, read in place: both byte orders, micro- and nanoseconds.
//!
//! Layout: draft-ietf-opsawg-pcap. A file header of 24 bytes, then records with 16 bytes of header each:
//!
//! ```text
//!  0       4       8       12      16
//! +-------+-------+-------+-------+----------------
//! |seconds|fract. |capt.  |orig.  | captured bytes…
//! |       |       |length |length |
//! +-------+-------+-------+-------+----------------
//! ```

use wire::{Frame, LinkType};

use crate::error::{Error, Result};
use crate::frames::Frames;
use crate::sys::FileMap;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// The longest capture of one packet that any tool writes (libpcap's MAXIMUM_SNAPLEN).
const MOST_CAPTURED: usize = 262_144;
/// How far one window reaches; after it the file's size is looked at again.
const WINDOW: usize = 4 << 20;

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug)]
struct Format {
    big_endian: bool,
    fraction_ns: u64,
    link: LinkType,
}

/// One record, found in place.
struct Record {
    ts_ns: u64,
    wire_len: u32,
    data: (usize, usize),
}

/// A pcap file, mapped into memory.
pub struct PcapFile {
    name: String,
    map: FileMap,
    format: Format,
    source: u16,
    start: usize,
    window_end: usize,
    broken: Option<String>,
}

impl PcapFile {
    /// Reads the file header. Fails where it is short, foreign, or of a link type that nobody here reads.
    pub(crate) fn new(name: String, map: FileMap) -> Result<Self> {
        match Format::read(map.bytes()) {
            Ok(format) => {
                Ok(Self { name, map, format, source: 0, start: FILE_HEADER, window_end: FILE_HEADER, broken: None })
            }
            Err(why) => Err(Error::Foreign(name, why)),
        }
    }

    /// Why no whole record begins at `self.start`, though bytes are left there.
    fn describe_break(&self, bytes: &[u8]) -> String {
        let left = bytes.len().saturating_sub(self.start + RECORD_HEADER);
        let what = match self.format.captured_length(bytes, self.start) {
            None => "a record header is cut short".to_owned(),
            Some(length) if length > MOST_CAPTURED => format!("a record claims {length} bytes, more than any packet"),
            Some(length) => format!("a record claims {length} bytes and {left} are left"),
        };
        format!("{} breaks at byte {}: {what}; it was read up to there", self.name, self.start)
    }
}

impl Frames for PcapFile {
    fn fill(&mut self) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let shrank = self.map.refresh();
        let bytes = self.map.bytes();
        if shrank {
            self.broken =
                Some(format!("{} became shorter while it was read: it was read up to byte {}", self.name, self.start));
            return false;
        }
        if self.start >= bytes.len() {
            return false;
        }
        self.window_end = bytes.len().min(self.start + WINDOW);
        self.map.prepare(self.start, self.window_end);
        if self.format.record(bytes, self.start).is_none() {
            self.broken = Some(self.describe_break(bytes));
            return false;
        }
        true
    }

    fn start(&self) -> usize {
        self.start
    }

    fn time_at(&self, position: usize) -> Option<u64> {
        if position >= self.window_end {
            return None;
        }
        self.format.record(self.map.bytes(), position).map(|record| record.ts_ns)
    }

    fn run<'a>(&'a self, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize {
        let bytes = self.map.bytes();
        let mut position = position;
        while out.len() < out.capacity() && position < self.window_end {
            let Some(record) = self.format.record(bytes, position) else { break };
            if record.ts_ns > until_ns {
                break;
            }
            let (from, to) = record.data;
            out.push(Frame {
                ts_ns: record.ts_ns,
                wire_len: record.wire_len,
                data: &bytes[from..to],
                source: self.source,
                link: self.format.link,
                vlan: None,
            });
            position = to;
        }
        position
    }

    fn consume(&mut self, position: usize) {
        self.start = position;
    }

    fn set_source(&mut self, source: u16) {
        self.source = source;
    }

    fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}

impl Format {
    fn read(bytes: &[u8]) -> std::result::Result<Self, String> {
        let Some(magic) = bytes.get(..4) else {
            return Err(format!("is no capture file: it has only {} bytes", bytes.len()));
        };
        let magic = [magic[0], magic[1], magic[2], magic[3]];
        let (big_endian, fraction_ns) = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (MICROSECONDS, _) => (false, 1000),
            (NANOSECONDS, _) => (false, 1),
            (_, MICROSECONDS) => (true, 1000),
            (_, NANOSECONDS) => (true, 1),
            _ => return Err("is no capture file: it does not begin like pcap".to_owned()),
        };
        let mut format = Self { big_endian, fraction_ns, link: LinkType::Ethernet };
        let Some(link) = format.number(bytes, 20) else {
            return Err(format!("breaks at byte {}, within its file header", bytes.len()));
        };
        // The upper half holds the length of a frame check sequence, not the type (draft-ietf-opsawg-pcap §4).
        let link = link & 0xffff;
        format.link = LinkType::from_pcap(link)
            .ok_or_else(|| format!("has frames of link type {link}, which cannot be read: capture on Ethernet"))?;
        Ok(format)
    }

    #[inline]
    fn number(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = bytes.get(at..at.checked_add(4)?)?;
        let field = [field[0], field[1], field[2], field[3]];
        Some(if self.big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) })
    }

    fn captured_length(self, bytes: &[u8], at: usize) -> Option<usize> {
        bytes.get(at..at.checked_add(RECORD_HEADER)?)?;
        self.number(bytes, at + 8).map(|length| length as usize)
    }

    /// The record at `at`; None where no whole and believable one is there.
    #[inline]
    fn record(self, bytes: &[u8], at: usize) -> Option<Record> {
        let from = at.checked_add(RECORD_HEADER)?;
        let header = bytes.get(at..from)?;
        let captured = self.number(header, 8)? as usize;
        if captured > MOST_CAPTURED || captured > bytes.len() - from {
            return None;
        }
        let seconds = u64::from(self.number(header, 0)?);
        let fraction = u64::from(self.number(header, 4)?);
        Some(Record {
            ts_ns: seconds * 1_000_000_000 + fraction * self.fraction_ns,
            // Some writers leave the original length at 0: a packet was never shorter than what is captured of it.
            wire_len: self.number(header, 12)?.max(captured as u32),
            data: (from, from + captured),
        })
    }
}

#[cfg(test)]
mod tests;
