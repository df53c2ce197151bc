//! What others may see and change of an interface while its thread reads it.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::filter::{Interest, Ports, assemble, nothing, spread};
use crate::sys::Socket;

/// What an interface is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Frames can come in.
    Up = 0,
    /// It exists and is switched off.
    Down = 1,
    /// There is no interface with this name at present.
    Gone = 2,
}

impl State {
    /// The word for it in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Gone => "gone",
        }
    }
}

/// What others may see and change of an interface while its thread reads it.
pub struct Monitor {
    name: String,
    wanted: Mutex<Wanted>,
    state: AtomicU8,
    drops: AtomicU64,
    freezes: AtomicU64,
    outages: AtomicU64,
}

pub(crate) struct Wanted {
    pub(crate) interest: Interest,
    /// One, or several that share its packets; none while it is closed.
    pub(crate) sockets: Vec<Arc<Socket>>,
}

impl Wanted {
    /// Puts the filters for what is wanted in place, and tells the sockets apart where there are several.
    pub(crate) fn apply(&self) -> io::Result<()> {
        if let [first, _, ..] = &self.sockets[..] {
            first.spread(&spread(&self.interest.ports, self.interest.link))?;
        }
        let filter = assemble(&self.interest);
        self.sockets.iter().try_for_each(|socket| socket.attach(&filter))
    }
}

impl Monitor {
    /// A monitor of an interface that is being opened.
    pub(crate) fn new(name: &str, interest: Interest) -> Self {
        Self {
            name: name.to_owned(),
            wanted: Mutex::new(Wanted { interest, sockets: Vec::new() }),
            state: AtomicU8::new(State::Up as u8),
            drops: AtomicU64::new(0),
            freezes: AtomicU64::new(0),
            outages: AtomicU64::new(0),
        }
    }

    /// Notes that the interface went down or away.
    pub(crate) fn count_outage(&self) {
        self.outages.fetch_add(1, Ordering::Relaxed);
    }

    /// The name of the interface.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is up, down or gone.
    #[must_use]
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Relaxed) {
            0 => State::Up,
            1 => State::Down,
            _ => State::Gone,
        }
    }

    /// Frames that the kernel had to drop for want of room in the ring, since the interface was opened.
    #[must_use]
    pub fn drops(&self) -> u64 {
        self.count_drops();
        self.drops.load(Ordering::Relaxed)
    }

    /// How often the ring was full.
    #[must_use]
    pub fn freezes(&self) -> u64 {
        self.freezes.load(Ordering::Relaxed)
    }

    /// How often the interface went down or away.
    #[must_use]
    pub fn outages(&self) -> u64 {
        self.outages.load(Ordering::Relaxed)
    }

    /// Changes the tunnels that the kernel filter knows, at once and without a gap.
    pub fn set_ports(&self, ports: Ports) -> Result<()> {
        let mut wanted = self.wanted();
        wanted.interest.ports = ports;
        wanted.apply().map_err(|reason| self.failed("change its filter", reason))
    }

    /// Adds what the kernel has counted since the last time.
    pub(crate) fn count_drops(&self) {
        for taken in self.wanted().sockets.iter().filter_map(|socket| socket.take_statistics().ok()) {
            self.drops.fetch_add(u64::from(taken.drops), Ordering::Relaxed);
            self.freezes.fetch_add(u64::from(taken.freezes), Ordering::Relaxed);
        }
    }

    /// Lets nothing more in, and takes back the wish for promiscuity.
    pub(crate) fn leave(&self) -> io::Result<()> {
        let sockets = std::mem::take(&mut self.wanted().sockets);
        sockets.iter().try_for_each(|socket| socket.attach(&nothing()))?;
        sockets.first().map_or(Ok(()), |socket| socket.be_discreet())
    }

    /// Says what the interface is doing.
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// What is wanted of the interface, under its lock.
    pub(crate) fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error for a system call that failed.
    pub(crate) fn failed(&self, tried: &'static str, reason: io::Error) -> Error {
        Error::Interface(self.name.clone(), tried, reason)
    }
}
