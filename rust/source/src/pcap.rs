//! Classic pcap files: both byte orders, micro- and nanoseconds.
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

use crate::frames::Frames;
use crate::stored::{MOST_CAPTURED, Stored};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug)]
struct Format {
    big_endian: bool,
    fraction_ns: u64,
    link: LinkType,
}

/// One record, found in place.
struct Record<'a> {
    ts_ns: u64,
    wire_len: u32,
    data: &'a [u8],
}

/// A pcap file that is read through a window.
pub struct PcapFile {
    stored: Stored,
    format: Format,
}

impl PcapFile {
    /// Whether an input that begins with these bytes is for this reader.
    pub(crate) fn claims(head: &[u8]) -> bool {
        Format::of_magic(head).is_some()
    }

    /// Reads the file header. Says in words why it cannot: it is short, foreign, or of a link type that nobody here
    /// reads.
    pub(crate) fn new(mut stored: Stored) -> Result<Self, String> {
        let format = Format::read(stored.bytes())?;
        stored.start = FILE_HEADER;
        Ok(Self { stored, format })
    }

    /// Brings the record at `start` into the window. Says in words why it cannot.
    fn bring(&mut self) -> Result<bool, String> {
        let left = self.stored.bring(RECORD_HEADER);
        let length = match self.format.captured_length(self.stored.bytes(), self.stored.start) {
            None if left == 0 && self.stored.failure().is_none() => return Ok(false),
            None => return Err("a record header is cut short".to_owned()),
            Some(length) if length > MOST_CAPTURED => {
                return Err(format!("a record claims {length} bytes, more than any packet"));
            }
            Some(length) => length,
        };
        match self.stored.bring(RECORD_HEADER + length) - RECORD_HEADER {
            left if left < length => Err(format!("a record claims {length} bytes and {left} are left")),
            _ => Ok(true),
        }
    }
}

impl Frames for PcapFile {
    fn fill(&mut self) -> bool {
        if self.stored.broken().is_some() {
            return false;
        }
        if self.format.record(self.stored.bytes(), self.stored.start).is_some() {
            return true;
        }
        self.bring().unwrap_or_else(|what| {
            self.stored.break_off(&what);
            false
        })
    }

    fn start(&self) -> usize {
        self.stored.start
    }

    fn time_at(&self, position: usize) -> Option<u64> {
        self.format.record(self.stored.bytes(), position).map(|record| record.ts_ns)
    }

    fn run<'a>(&'a self, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize {
        // The byte order as a constant: nothing asks for it again at each number.
        if self.format.big_endian {
            self.run_as(Format { big_endian: true, ..self.format }, position, until_ns, out)
        } else {
            self.run_as(Format { big_endian: false, ..self.format }, position, until_ns, out)
        }
    }

    fn consume(&mut self, position: usize) {
        self.stored.start = position;
    }

    fn exchange(&mut self, memory: &mut Vec<u8>) {
        self.stored.exchange(memory);
    }

    fn set_source(&mut self, source: u16) {
        self.stored.source = source;
    }

    fn errors(&self) -> Vec<String> {
        self.stored.broken().map(str::to_owned).into_iter().collect()
    }
}

impl PcapFile {
    #[inline(always)]
    fn run_as<'a>(&'a self, format: Format, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize {
        let bytes = self.stored.bytes();
        let mut position = position;
        let mut left = out.capacity() - out.len();
        while left > 0 {
            left -= 1;
            let Some(record) = format.record(bytes, position) else { break };
            if record.ts_ns > until_ns {
                break;
            }
            position += RECORD_HEADER + record.data.len();
            out.push(Frame {
                ts_ns: record.ts_ns,
                wire_len: record.wire_len,
                data: record.data,
                source: self.stored.source,
                link: format.link,
                vlan: None,
            });
        }
        position
    }
}

impl Format {
    /// What the first bytes of a file tell.
    fn of_magic(head: &[u8]) -> Option<Self> {
        let magic = *head.first_chunk::<4>()?;
        let (big_endian, fraction_ns) = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (MICROSECONDS, _) => (false, 1000),
            (NANOSECONDS, _) => (false, 1),
            (_, MICROSECONDS) => (true, 1000),
            (_, NANOSECONDS) => (true, 1),
            _ => return None,
        };
        Some(Self { big_endian, fraction_ns, link: LinkType::Ethernet })
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut format = Self::of_magic(bytes).ok_or("does not begin like pcap")?;
        let Some(header) = bytes.first_chunk::<FILE_HEADER>() else {
            return Err(format!("breaks at byte {}, within its file header", bytes.len()));
        };
        // The upper half holds the length of a frame check sequence, not the type (draft-ietf-opsawg-pcap §4).
        let link = format.number(header, 20) & 0xffff;
        let cannot =
            || format!("has frames of link type {}, which cannot be read: capture on Ethernet", LinkType::told(link));
        format.link = LinkType::from_pcap(link).ok_or_else(cannot)?;
        Ok(format)
    }

    /// Reads a number of a header at this offset.
    #[inline]
    fn number<const N: usize>(self, header: &[u8; N], at: usize) -> u32 {
        let number = u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if self.big_endian { number.swap_bytes() } else { number }
    }

    fn captured_length(self, bytes: &[u8], at: usize) -> Option<usize> {
        let (header, _) = bytes.get(at..)?.split_first_chunk::<RECORD_HEADER>()?;
        Some(self.number(header, 8) as usize)
    }

    /// The record at `at`; None where no whole and believable one is there.
    #[inline]
    fn record(self, bytes: &[u8], at: usize) -> Option<Record<'_>> {
        let (header, rest) = bytes.get(at..)?.split_first_chunk::<RECORD_HEADER>()?;
        let captured = self.number(header, 8) as usize;
        if captured > MOST_CAPTURED {
            return None;
        }
        let seconds = u64::from(self.number(header, 0));
        let fraction = u64::from(self.number(header, 4));
        Some(Record {
            ts_ns: seconds * 1_000_000_000 + fraction * self.fraction_ns,
            // Some writers leave the original length at 0: a packet was never shorter than what is captured of it.
            wire_len: self.number(header, 12).max(captured as u32),
            data: rest.get(..captured)?,
        })
    }
}

#[cfg(test)]
mod tests;
