//! pcapng files: sections in either byte order, interfaces with clocks and link types of their own.
//!
//! Layout: draft-ietf-opsawg-pcapng. Every block says how long it is, at its beginning and again at its end, so that
//! the kinds that nobody here reads (names, statistics, secrets) are passed over.
//!
//! ```text
//!  0       4       8               length-4  length
//! +-------+-------+---------------+---------+
//! | kind  |length | body, padded  | length  |
//! +-------+-------+---------------+---------+
//! ```

use std::cell::Cell;

use wire::{Frame, LinkType};

use crate::frames::Frames;
use crate::pcapng::block::{Block, LEAST, Order, kind};
use crate::pcapng::port::Port;
use crate::stored::{MOST_CAPTURED, Stored};

mod block;
mod clock;
mod port;

/// A section header up to its section length, the least that a file holds.
const SECTION_HEADER: usize = 28;
/// A packet block's fields before its data; its kinds differ only in what they say of the interface.
const PACKET_FIELDS: usize = 20;
/// The longest block that is kept in memory: a packet of the greatest length with 64 KiB of options.
const MOST_BLOCK: usize = MOST_CAPTURED + (64 << 10);
/// The most interfaces that one section may describe.
const MOST_PORTS: usize = 65_536;

/// One packet, found in place.
struct Packet<'a> {
    ts_ns: u64,
    wire_len: u32,
    data: &'a [u8],
    port: &'a Port,
    end: usize,
}

/// A pcapng file that is read through a window.
pub struct PcapngFile {
    stored: Stored,
    order: Order,
    ports: Vec<Port>,
    /// The time of the packet before, which those without a time of their own get.
    last_ns: Cell<u64>,
    is_timeless: Cell<bool>,
    /// Packets that were left out, and the link type that the last of them came from.
    unreadable: u64,
    unreadable_link: u16,
}

impl PcapngFile {
    /// Whether an input that begins with these bytes is for this reader.
    pub(crate) fn claims(head: &[u8]) -> bool {
        head.starts_with(&kind::SECTION.to_le_bytes())
    }

    /// Looks at the first section header. Says in words why it cannot.
    pub(crate) fn new(stored: Stored) -> Result<Self, String> {
        if stored.bytes().len() < SECTION_HEADER {
            return Err(format!("breaks at byte {}, within its first block", stored.bytes().len()));
        }
        let order = Order::of_section(stored.bytes()).ok_or("is no capture file: its byte order is not told")?;
        Ok(Self {
            stored,
            order,
            ports: Vec::new(),
            last_ns: Cell::new(0),
            is_timeless: Cell::new(false),
            unreadable: 0,
            unreadable_link: 0,
        })
    }

    /// Works through blocks until a packet that can be read is first in the window. Returns false at the end, and says
    /// in words why it cannot go on.
    fn bring(&mut self) -> Result<bool, String> {
        loop {
            if self.packet(self.stored.start).is_some() {
                return Ok(true);
            }
            let left = self.stored.bring(SECTION_HEADER);
            if left == 0 && self.stored.failure().is_none() {
                return Ok(false);
            }
            if left < LEAST {
                return Err("a block is cut short".to_owned());
            }
            self.work_through()?;
        }
    }

    /// Takes in the block at `start`, or leaves it for `packet` once it is whole in the window.
    fn work_through(&mut self) -> Result<(), String> {
        let head = &self.stored.bytes()[self.stored.start..];
        if head.starts_with(&kind::SECTION.to_le_bytes()) {
            self.order = Order::of_section(head).ok_or("a section does not tell its byte order")?;
        }
        let (block, length) = self.order.head(head).ok_or("a block is cut short")?;
        let length = length as usize;
        if length < LEAST {
            return Err(format!("a block claims to be {length} bytes long"));
        }
        let is_read = matches!(
            block,
            kind::SECTION | kind::INTERFACE | kind::PACKET | kind::SIMPLE_PACKET | kind::ENHANCED_PACKET
        );
        if !is_read {
            let is_there = self.stored.pass_over(length as u64);
            return if is_there { Ok(()) } else { Err(format!("a block claims {length} bytes and fewer are left")) };
        }
        if length > MOST_BLOCK {
            return Err(format!("a block claims {length} bytes, more than any packet"));
        }
        let left = self.stored.bring(length);
        if left < length {
            return Err(format!("a block claims {length} bytes and {left} are left"));
        }
        self.take_in()
    }

    fn take_in(&mut self) -> Result<(), String> {
        let block = Block::at(self.stored.bytes(), self.stored.start, self.order).ok_or("a block has two lengths")?;
        let end = block.end;
        match block.kind {
            kind::SECTION => {
                self.order.check_version(block.body)?;
                self.ports.clear();
            }
            kind::INTERFACE if self.ports.len() == MOST_PORTS => {
                return Err(format!("a section describes more than {MOST_PORTS} interfaces"));
            }
            kind::INTERFACE => {
                let port = Port::read(block.body, self.order)?;
                self.ports.push(port);
            }
            _ => {
                let Some((number, _)) = self.port_of(&block) else {
                    return Err("a packet block is cut short".to_owned());
                };
                let port = self.ports.get(number).ok_or("a packet came from an interface that is not described")?;
                if port.link.is_some() {
                    // It can be read now, unless its lengths contradict each other.
                    return if self.packet(self.stored.start).is_some() {
                        Ok(())
                    } else {
                        Err("a packet is longer than its block".to_owned())
                    };
                }
                self.unreadable += 1;
                self.unreadable_link = port.link_number;
            }
        }
        self.stored.start = end;
        Ok(())
    }

    /// The number of a packet block's interface, and the block's fields where it has them all.
    #[inline]
    fn port_of<'a>(&self, block: &Block<'a>) -> Option<(usize, Option<&'a [u8; PACKET_FIELDS]>)> {
        if block.kind == kind::SIMPLE_PACKET {
            return Some((0, None));
        }
        let fields = block.body.first_chunk::<PACKET_FIELDS>()?;
        let number = match block.kind {
            kind::PACKET => usize::from(self.order.half(fields, 0)),
            _ => self.order.word(fields, 0) as usize,
        };
        Some((number, Some(fields)))
    }

    /// The first packet from `at` on that is whole in the window; None where something else has to be done first.
    #[inline]
    fn packet(&self, at: usize) -> Option<Packet<'_>> {
        let bytes = self.stored.bytes();
        let mut at = at;
        loop {
            let block = Block::at(bytes, at, self.order)?;
            match block.kind {
                kind::ENHANCED_PACKET | kind::PACKET | kind::SIMPLE_PACKET => return self.read(&block),
                kind::SECTION | kind::INTERFACE => return None,
                _ => at = block.end,
            }
        }
    }

    #[inline]
    fn read<'a>(&'a self, block: &Block<'a>) -> Option<Packet<'a>> {
        let (number, fields) = self.port_of(block)?;
        let port = self.ports.get(number).filter(|port| port.link.is_some())?;
        let Some(fields) = fields else { return self.read_simple(block, port) };
        let ticks = u64::from(self.order.word(fields, 4)) << 32 | u64::from(self.order.word(fields, 8));
        let captured = self.order.word(fields, 12);
        if captured as usize > MOST_CAPTURED {
            return None;
        }
        Some(Packet {
            ts_ns: port.clock.nanoseconds(ticks),
            wire_len: self.order.word(fields, 16).max(captured),
            data: block.body[PACKET_FIELDS..].get(..captured as usize)?,
            port,
            end: block.end,
        })
    }

    /// A packet of the first interface, without a time; what was captured of it is told by its block's length.
    #[cold]
    fn read_simple<'a>(&'a self, block: &Block<'a>, port: &'a Port) -> Option<Packet<'a>> {
        let (length, data) = block.body.split_first_chunk::<4>()?;
        let wire_len = self.order.word(length, 0);
        let captured = data.len().min(wire_len as usize).min(port.snap_bytes);
        self.is_timeless.set(true);
        Some(Packet { ts_ns: self.last_ns.get(), wire_len, data: &data[..captured], port, end: block.end })
    }
}

impl Frames for PcapngFile {
    fn fill(&mut self) -> bool {
        if self.stored.broken().is_some() {
            return false;
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
        self.packet(position).map(|packet| packet.ts_ns)
    }

    fn run<'a>(&'a self, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize {
        let mut position = position;
        while out.len() < out.capacity() {
            let Some(packet) = self.packet(position) else { break };
            if packet.ts_ns > until_ns {
                break;
            }
            position = packet.end;
            self.last_ns.set(packet.ts_ns);
            out.push(Frame {
                ts_ns: packet.ts_ns,
                wire_len: packet.wire_len,
                data: packet.data,
                source: self.stored.source,
                link: packet.port.link.unwrap_or_default(),
                vlan: None,
            });
        }
        position
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
        let left_out = (self.unreadable > 0).then(|| {
            let (name, count, link) = (&self.stored.name, self.unreadable, LinkType::told(self.unreadable_link.into()));
            format!(
                "{name} holds {count} packets of link type {link}, which cannot be read: they were left out; capture \
                 on Ethernet"
            )
        });
        self.stored.broken().map(str::to_owned).into_iter().chain(left_out).collect()
    }

    fn notes(&self) -> Vec<String> {
        let note =
            || format!("{} holds packets without times: their latencies and ages mean nothing", self.stored.name);
        self.is_timeless.get().then(note).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
