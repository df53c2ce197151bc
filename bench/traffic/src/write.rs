//! Writes a capture: many connections at a time, their packets in the order of time.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, BufWriter, Write};

use crate::connection::{Connection, Packet};
use crate::ends::Ends;
use crate::frame::Frame;
use crate::options::Options;
use crate::plan::Plan;
use crate::random::Random;

/// 2026-01-01 00:00 UTC.
const BEGIN_NS: u64 = 1_767_225_600_000_000_000;
const NANOSECOND_MAGIC: u32 = 0xa1b2_3c4d;
const ETHERNET_LINK: u32 = 1;
const ZEROS: [u8; 2048] = [0; 2048];

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Connections.
    pub connections: u64,
    /// Packets that repeat what the capture has shown before.
    pub repeated: u64,
    /// From the first packet to the last.
    pub span_ns: u64,
}

/// One connection under way.
struct Active {
    connection: Connection,
    ends: Ends,
}

/// What makes packets: the plan, and what is under way.
struct Source<'a> {
    options: &'a Options,
    plan: Plan,
    random: Random,
    next: u32,
    active: Vec<Active>,
    times: BinaryHeap<Reverse<(u64, u32)>>,
}

/// Writes the capture that `options` ask for.
///
/// # Errors
/// Where it cannot be written, or the options contradict each other.
pub fn write(options: &Options, output: impl Write) -> io::Result<Sums> {
    let mut source = Source::new(options).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    let mut output = BufWriter::with_capacity(1 << 20, output);
    file_header(&mut output, options.snap)?;
    let mut frame = Frame::default();
    let mut sums = Sums { connections: u64::from(options.connections), ..Sums::default() };
    let mut first_ns = None;
    while let Some((time_ns, packet, ends)) = source.packet() {
        frame.write(&packet, &ends, (time_ns / 1_000_000) as u32, sums.packets as u16);
        record(&mut output, time_ns, &frame, options.snap)?;
        sums.packets += 1;
        sums.bytes += frame.wire as u64;
        sums.repeated += u64::from(packet.is_again);
        sums.span_ns = time_ns - *first_ns.get_or_insert(time_ns);
    }
    output.flush()?;
    Ok(sums)
}

impl<'a> Source<'a> {
    fn new(options: &'a Options) -> Result<Self, String> {
        let mut random = Random::new(options.seed);
        let plan = Plan::draw(options, &mut random)?;
        let at_a_time = options.at_a_time.min(options.connections);
        let mut source = Self {
            options,
            plan,
            random,
            next: 0,
            active: Vec::new(),
            times: BinaryHeap::with_capacity(at_a_time as usize),
        };
        source.active.reserve_exact(at_a_time as usize);
        for slot in 0..at_a_time {
            let Some(active) = source.begin() else { break };
            source.active.push(active);
            let begin_ns = BEGIN_NS + source.plan.first_begin_ns(&mut source.random);
            source.times.push(Reverse((begin_ns, slot)));
        }
        Ok(source)
    }

    fn begin(&mut self) -> Option<Active> {
        if self.next == self.options.connections {
            return None;
        }
        let number = self.next;
        self.next += 1;
        let course = self.plan.course(number, &mut self.random);
        let ends = Ends::of(number, course.fate, self.options, &mut self.random);
        Some(Active { connection: Connection::new(course, &mut self.random), ends })
    }

    /// The next packet of all. A connection that is over makes room for one that begins.
    fn packet(&mut self) -> Option<(u64, Packet, Ends)> {
        loop {
            let Reverse((time_ns, slot)) = *self.times.peek()?;
            let active = &mut self.active[slot as usize];
            if let Some((packet, pause_ns)) = active.connection.next(self.options, &mut self.random) {
                let ends = active.ends;
                if let Some(mut top) = self.times.peek_mut() {
                    top.0.0 = time_ns + pause_ns;
                }
                return Some((time_ns, packet, ends));
            }
            match self.begin() {
                Some(next) => self.active[slot as usize] = next,
                None => {
                    self.times.peek_mut().map(PeekMut::pop);
                }
            }
        }
    }
}

fn file_header(output: &mut impl Write, snap: u32) -> io::Result<()> {
    output.write_all(&NANOSECOND_MAGIC.to_le_bytes())?;
    output.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    output.write_all(&snap.to_le_bytes())?;
    output.write_all(&ETHERNET_LINK.to_le_bytes())
}

fn record(output: &mut impl Write, time_ns: u64, frame: &Frame, snap: u32) -> io::Result<()> {
    let kept = frame.wire.min(snap as usize);
    let numbers = [(time_ns / 1_000_000_000) as u32, (time_ns % 1_000_000_000) as u32, kept as u32, frame.wire as u32];
    let mut header = [0; 16];
    for (bytes, number) in header.chunks_exact_mut(4).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    output.write_all(&header)?;
    let headers = frame.headers();
    output.write_all(&headers[..kept.min(headers.len())])?;
    output.write_all(&ZEROS[..kept.saturating_sub(headers.len())])
}
