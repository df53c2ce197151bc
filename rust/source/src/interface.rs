//! A network interface as a source: its ring, its kernel filter, and what becomes of it when it goes down or away.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wire::{Frame, LinkType};

use crate::error::Result;
use crate::filter::{Interest, Mode, Ports};
use crate::frames::BATCH_FRAMES;
use crate::monitor::{Monitor, State};
use crate::port::Port;
use crate::sys::{Shape, Socket, Wake, interface_flags, interface_index};

/// How long an interface that is down or gone is left alone before it is looked for again.
const RETRY: Duration = Duration::from_millis(500);
/// How late a lone packet is seen. Control mode is there to cost little, and most of what it costs with few packets is to
/// be woken for them.
fn patience(mode: Mode) -> Duration {
    Duration::from_millis(match mode {
        Mode::Full => 20,
        Mode::Control => 60,
    })
}

// Hardware types (linux/if_arp.h).
const ETHERNET: u16 = 1;
pub(crate) const LOOPBACK: u16 = 772;
/// PPP, IP-in-IP both ways, SIT, GRE over IPv4, and links without a header (TUN, WireGuard).
const BARE_IP: [u16; 6] = [512, 768, 769, 776, 778, 0xfffe];

/// How an interface is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Size of the ring in bytes; brought into 256 KiB to 2 GiB.
    pub ring_bytes: usize,
    /// The most bytes kept of one frame.
    pub snap_bytes: u32,
    /// Which packets the kernel lets through.
    pub mode: Mode,
    /// The tunnels to look into.
    pub ports: Ports,
}

impl Drop for Interface {
    fn drop(&mut self) {
        if self.number > 0 {
            return;
        }
        // The monitor may outlive this: it must not keep the sockets, and with them the interface promiscuous.
        self.monitor.count_drops();
        self.monitor.wanted().sockets.clear();
    }
}

/// Where a new port waits for the thread that is going to read it.
type Slot = Arc<Mutex<Option<Port>>>;

/// An open interface, or the part of one whose packets several threads share. It is read by one thread; `monitor` gives
/// what others may use.
pub struct Interface {
    monitor: Arc<Monitor>,
    shape: Shape,
    source: u16,
    /// Which part it is. The first one watches over the interface, and opens it anew for all.
    number: usize,
    slots: Arc<[Slot]>,
    port: Port,
    retry_at: Instant,
    /// Room for a batch, empty between two.
    batch: Vec<Frame<'static>>,
}

impl Interface {
    /// Opens the interface for reading and makes it promiscuous for as long as it is open.
    ///
    /// # Errors
    /// Where there is no such interface, its link type is unknown, or the process may not read it. An interface that
    /// is down is no error: its frames come in once it is up.
    pub fn open(name: &str, options: &Options) -> Result<Self> {
        Ok(Self::open_parts(name, options, 1)?.swap_remove(0))
    }

    /// The same in `count` parts that share its packets, for as many threads: all packets of a connection, inside of
    /// tunnels or not, come to one part, and packets between the same addresses on another interface to the part with
    /// the same number. The ring's size is that of all together.
    ///
    /// # Errors
    /// As for [`Interface::open`].
    pub fn open_parts(name: &str, options: &Options, count: usize) -> Result<Vec<Self>> {
        let interest = Interest {
            mode: options.mode,
            snap_bytes: options.snap_bytes.max(1),
            link: LinkType::Ethernet,
            ports: options.ports.clone(),
        };
        let monitor = Arc::new(Monitor::new(name, interest));
        let count = count.max(1);
        let shape = Shape::of(options.ring_bytes / count, patience(options.mode));
        let slots: Arc<[Slot]> = (0..count).map(|_| Slot::default()).collect();
        let ports = Port::open_all(&monitor, shape, count)?;
        let part = |(number, port)| Self {
            monitor: Arc::clone(&monitor),
            shape,
            source: 0,
            number,
            slots: Arc::clone(&slots),
            port,
            retry_at: Instant::now(),
            batch: Vec::with_capacity(BATCH_FRAMES),
        };
        Ok(ports.into_iter().enumerate().map(part).collect())
    }

    /// The part that other threads may use.
    #[must_use]
    pub fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }

    /// Sets the number that its frames carry; 0 before.
    pub fn set_source(&mut self, source: u16) {
        self.source = source;
    }

    /// Hands the frames that have come in to `sink` in batches, after waiting at most `wait` for the first of them.
    ///
    /// An interface that is down or gone is looked for again every half second; the sentence in an error is for the
    /// log, and reading may go on after it.
    pub fn read(&mut self, wait: Duration, sink: &mut dyn FnMut(&[Frame<'_>])) -> Result<()> {
        let mut outcome = Ok(());
        if !self.port.ring.is_ready() {
            let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
            if let Wake::Failed(reason) = self.port.socket.wait(milliseconds)
                && self.number == 0
            {
                outcome = self.note_failure(reason);
            }
        }
        self.drain(sink);
        if self.number > 0 {
            // What ails the interface, the first part sees and tells.
            if let Some(port) = lock(&self.slots[self.number]).take() {
                self.port = port;
            }
            return Ok(());
        }
        if Instant::now() >= self.retry_at {
            self.retry_at = Instant::now() + RETRY;
            outcome = outcome.and(self.look_again());
        }
        outcome
    }

    /// Empties the ring, at most once around so that one busy interface cannot keep its thread from anything else.
    fn drain(&mut self, sink: &mut dyn FnMut(&[Frame<'_>])) {
        let link = self.port.link;
        for _ in 0..self.shape.blocks() {
            let Some(block) = self.port.ring.next_block() else { break };
            let mut batch = emptied(std::mem::take(&mut self.batch));
            for frame in block.frames() {
                if batch.len() == BATCH_FRAMES {
                    sink(&batch);
                    batch.clear();
                }
                batch.push(Frame {
                    ts_ns: frame.ts_ns,
                    wire_len: frame.wire_len,
                    data: frame.data,
                    source: self.source,
                    link,
                    vlan: frame.vlan,
                });
            }
            if !batch.is_empty() {
                sink(&batch);
            }
            self.batch = emptied(batch);
        }
    }

    fn note_failure(&mut self, reason: io::Error) -> Result<()> {
        if self.monitor.state() == State::Up {
            self.monitor.count_outage();
            self.retry_at = Instant::now() + RETRY;
        }
        let exists = interface_index(self.monitor.name()).is_some();
        self.monitor.set_state(if exists { State::Down } else { State::Gone });
        // ENETDOWN is how a packet socket says that its interface went down or away: packet(7).
        if reason.raw_os_error() == Some(libc::ENETDOWN) {
            return Ok(());
        }
        Err(self.monitor.failed("read it", reason))
    }

    /// Takes up an interface that came back, under the same index or another one, and lets go of one that has another
    /// name now, of which no socket is told.
    fn look_again(&mut self) -> Result<()> {
        let index = interface_index(self.monitor.name());
        if index.is_none() || self.port.socket.bound_to() != index {
            if self.monitor.state() == State::Up {
                self.monitor.count_outage();
            }
            self.leave()?;
        } else if self.monitor.state() == State::Up {
            return Ok(());
        }
        if index.is_none() {
            self.monitor.set_state(State::Gone);
            return Ok(());
        }
        if !is_up(&self.port.socket, self.monitor.name()) {
            self.monitor.set_state(State::Down);
            return Ok(());
        }
        if !self.port.is_whole {
            self.monitor.count_drops();
            let mut ports = Port::open_all(&self.monitor, self.shape, self.slots.len())?.into_iter();
            if let Some(first) = ports.next() {
                self.port = first;
            }
            for (slot, port) in self.slots.iter().skip(1).zip(ports) {
                *lock(slot) = Some(port);
            }
        }
        self.monitor.set_state(State::Up);
        Ok(())
    }

    /// Lets nothing more in from what is not the interface any more.
    fn leave(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.port.is_whole) {
            return Ok(());
        }
        self.monitor.count_drops();
        self.monitor.leave().map_err(|reason| self.monitor.failed("leave it", reason))
    }
}

/// The same room for frames of other bytes: the memory is kept, since frames of all lifetimes are laid out alike.
fn emptied<'a>(mut batch: Vec<Frame<'_>>) -> Vec<Frame<'a>> {
    batch.clear();
    batch.into_iter().map_while(|_| None).collect()
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Port>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn is_up(socket: &Socket, name: &str) -> bool {
    interface_flags(socket, name).is_some_and(|flags| flags & libc::IFF_UP != 0)
}

pub(crate) fn link_of(hardware: u16) -> Option<LinkType> {
    match hardware {
        ETHERNET | LOOPBACK => Some(LinkType::Ethernet),
        other if BARE_IP.contains(&other) => Some(LinkType::RawIp),
        _ => None,
    }
}
