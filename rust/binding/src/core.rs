//! What the engine's threads share: the tracker behind its lock, and the list of sources.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use source::{Mode, Monitor, Ports};
use track::{Counters, Encap, Limits, OverlaySpec, Preview, Scope, Tracker};

use crate::counters::Name;
use crate::error::{Error, Result};
use crate::files::Reading;
use crate::learned::Learned;
use crate::live::Reader;

/// The most trackers that there may be.
pub(crate) const MOST_SHARDS: usize = 64;

/// Where frames with one number came from.
pub(crate) struct Source {
    pub(crate) name: String,
    /// The thread that reads it; None for a file, and after it was closed.
    pub(crate) reader: Option<Reader>,
    /// What its interface counts; stays after it was closed.
    pub(crate) monitor: Option<Arc<Monitor>>,
    /// What the kernel dropped before it was opened again.
    pub(crate) drops_before: u64,
    /// What is shown for a source without a reader.
    pub(crate) state: &'static str,
    /// Frames that control mode let go before they were looked at; the kernel's are not counted.
    pub(crate) filtered: Arc<AtomicU64>,
}

impl Source {
    /// Frames that the kernel had to drop, since it was first opened.
    pub(crate) fn drops(&self) -> u64 {
        self.drops_before + self.monitor.as_ref().map_or(0, |monitor| monitor.drops())
    }

    /// Takes a reader that was started for it.
    pub(crate) fn attach(&mut self, reader: Reader) {
        self.drops_before = self.drops();
        self.monitor = Some(Arc::clone(&reader.monitor));
        self.reader = Some(reader);
    }
}

/// The UDP destination ports of tunnels, for the kernel filters.
fn ports_of(overlays: &[OverlaySpec]) -> Ports {
    let mut ports = Ports::default();
    for overlay in overlays.iter().filter(|overlay| overlay.port != 0) {
        let list = match overlay.kind {
            Encap::Vxlan => &mut ports.vxlan,
            Encap::Geneve => &mut ports.geneve,
            Encap::Fou | Encap::Udp => &mut ports.bare_ip,
            // Encrypted: nothing inside can be read, so that there is no use in looking further.
            Encap::Wireguard | Encap::Esp => continue,
            _ => &mut ports.other,
        };
        if !list.contains(&overlay.port) {
            list.push(overlay.port);
        }
    }
    ports
}

/// (cluster, name of the source, VLAN): where a cluster is seen; None for any.
pub(crate) type ScopeByName = (u16, Option<String>, Option<u16>);

/// The number of no source: a cluster that is bound to one that is not open yet is seen nowhere.
const NO_SOURCE: u16 = u16::MAX;

/// One engine's shared state.
pub(crate) struct Core {
    pub(crate) mode: Mode,
    /// Each with its share of the connections, told by [`Core::preview`].
    trackers: Vec<Mutex<Tracker>>,
    /// Ports that servers answer from, as all trackers know.
    pub(crate) learned: Learned,
    sources: Mutex<Vec<Source>>,
    ports: Mutex<Ports>,
    scopes: Mutex<Vec<ScopeByName>>,
    reading: Mutex<Arc<Reading>>,
    closed: AtomicBool,
    /// Why nothing of this core can be trusted any more, in one sentence.
    failure: OnceLock<String>,
}

impl Core {
    pub(crate) fn new(mode: Mode, max_memory_bytes: usize, keeps_ended: bool, shards: usize) -> Self {
        let control_only = mode == Mode::Control;
        let shards = shards.clamp(1, MOST_SHARDS);
        let ended_queue = Limits::default().ended_queue / shards;
        let max_memory_bytes = max_memory_bytes / shards;
        let limits = Limits { max_memory_bytes, control_only, keeps_ended, ended_queue, ..Limits::default() };
        let mut trackers: Vec<Tracker> = (0..shards).map(|_| Tracker::new(limits.clone())).collect();
        if let Some((first, others)) = trackers.split_first_mut() {
            others.iter_mut().for_each(|other| other.share_secret_of(first));
        }
        for (number, tracker) in (1..).zip(&mut trackers) {
            tracker.number_by(number, shards as u64);
        }
        Self {
            mode,
            trackers: trackers.into_iter().map(Mutex::new).collect(),
            learned: Learned::default(),
            sources: Mutex::new(Vec::new()),
            ports: Mutex::new(Ports::default()),
            scopes: Mutex::default(),
            reading: Mutex::default(),
            closed: AtomicBool::new(false),
            failure: OnceLock::new(),
        }
    }

    /// How many trackers there are.
    pub(crate) fn shards(&self) -> usize {
        self.trackers.len()
    }

    /// A tracker, for one batch or one chunk. Fails once a thread has panicked while it held it: its table can then
    /// not be trusted.
    pub(crate) fn tracker(&self, shard: usize) -> Result<MutexGuard<'_, Tracker>> {
        self.trackers[shard].lock().map_err(|_| match self.failure.get() {
            Some(sentence) => Error::Failed(sentence.clone()),
            // The thread that panicked is about to say why.
            None => Error::Failed("The packet core failed: restart podwire and report this.".to_owned()),
        })
    }

    /// Takes note that a thread has panicked: from now on every call fails with the first such sentence.
    pub(crate) fn fail(&self, sentence: String) {
        let _ = self.failure.set(sentence);
    }

    /// Does the same with one tracker after the other.
    pub(crate) fn each(&self, mut work: impl FnMut(&mut Tracker)) -> Result<()> {
        (0..self.shards()).try_for_each(|shard| {
            work(&mut *self.tracker(shard)?);
            Ok(())
        })
    }

    /// Changes the memory that all trackers together may take, bytes.
    pub(crate) fn set_max_memory(&self, bytes: usize) -> Result<()> {
        self.each(|tracker| tracker.set_max_memory(bytes / self.shards()))
    }

    /// What reading ahead of the trackers depends on.
    pub(crate) fn preview(&self) -> Result<Preview> {
        Ok(self.tracker(0)?.preview(self.shards()))
    }

    pub(crate) fn sources(&self) -> MutexGuard<'_, Vec<Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ports(&self) -> Ports {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of captures that are going to be read.
    pub(crate) fn begin_reading(&self, reading: Reading) -> Arc<Reading> {
        let reading = Arc::new(reading);
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&reading);
        reading
    }

    /// How far the captures have been read that were begun last.
    pub(crate) fn reading(&self) -> Arc<Reading> {
        Arc::clone(&self.reading.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number for a source of this name: the one that it had before, else a new one. From the last number that the
    /// tracker counts apart, sources share it.
    pub(crate) fn number_for(&self, name: &str, state: &'static str) -> Result<u16> {
        let number = self.enter_source(name, state);
        self.apply_scopes()?;
        Ok(number)
    }

    fn enter_source(&self, name: &str, state: &'static str) -> u16 {
        let mut sources = self.sources();
        let known = sources.iter().position(|source| source.name == name && source.reader.is_none());
        let number = known.unwrap_or(sources.len());
        if number == Tracker::MAX_SOURCES {
            let last = number - 1;
            "further sources".clone_into(&mut sources[last].name);
            return last as u16;
        }
        match sources.get_mut(number) {
            Some(source) => source.state = state,
            None => sources.push(Source {
                name: name.to_owned(),
                reader: None,
                monitor: None,
                drops_before: 0,
                state,
                filtered: Arc::new(AtomicU64::new(0)),
            }),
        }
        number as u16
    }

    /// The names of all sources, by number.
    pub(crate) fn source_names(&self) -> Vec<String> {
        self.sources().iter().map(|source| source.name.clone()).collect()
    }

    /// Looks into these tunnels from now on, here and in the kernel filters. Returns the positions of those left off.
    pub(crate) fn set_overlays(&self, overlays: &[OverlaySpec]) -> Result<Vec<usize>> {
        let ports = ports_of(overlays);
        self.ports.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&ports);
        // The filters open before the tracker looks in, so that it misses nothing that it is told of.
        for source in self.sources().iter() {
            if let Some(reader) = &source.reader {
                reader.monitor.set_ports(ports.clone())?;
            }
        }
        let mut left = Vec::new();
        self.each(|tracker| left = tracker.set_overlays(overlays))?;
        Ok(left)
    }

    /// Tells clusters apart by where they are seen, from now on also at sources that open later.
    pub(crate) fn set_scopes(&self, scopes: Vec<ScopeByName>) -> Result<()> {
        *self.scopes.lock().unwrap_or_else(PoisonError::into_inner) = scopes;
        self.apply_scopes()
    }

    fn apply_scopes(&self) -> Result<()> {
        let wanted = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.source_names();
        let number = |name: &String| names.iter().position(|each| each == name).map_or(NO_SOURCE, |at| at as u16);
        let by_number = |(cluster, name, vlan): &ScopeByName| Scope {
            cluster: *cluster,
            source: name.as_ref().map(number),
            vlan: *vlan,
        };
        let scopes: Vec<Scope> = wanted.iter().map(by_number).collect();
        self.each(|tracker| tracker.set_scopes(&scopes))
    }

    /// Stops the thread of one source; its connections and counters stay.
    pub(crate) fn close_source(&self, number: usize) {
        let reader = self.sources().get_mut(number).and_then(|source| {
            source.state = "closed";
            source.reader.take()
        });
        drop(reader);
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let readers: Vec<_> = self.sources().iter_mut().filter_map(|source| source.reader.take()).collect();
        for reader in &readers {
            reader.stop();
        }
        drop(readers);
    }

    /// Fails after `close`, and once a thread has panicked.
    pub(crate) fn check_open(&self) -> Result<()> {
        if let Some(sentence) = self.failure.get() {
            return Err(Error::Failed(sentence.clone()));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Capture("The packet core was closed.".to_owned()));
        }
        Ok(())
    }

    /// Every counter of the engine with its name.
    pub(crate) fn counters(&self) -> Result<HashMap<Name, u64>> {
        let mut counters = Counters::default();
        self.each(|tracker| counters.add(&tracker.counters()))?;
        let mut named: HashMap<_, _> = crate::counters::of_source(&counters.sources).collect();
        let own = counters.iter().skip(counters.sources.iter().count());
        named.extend(own.map(|(name, count)| (Name::Borrowed(name), count)));
        let (mut drops, mut filtered) = (0, 0);
        for source in self.sources().iter() {
            drops += source.drops();
            filtered += source.filtered.load(Ordering::Relaxed);
        }
        named.extend([(Name::Borrowed("kernel-drops"), drops), (Name::Borrowed("filtered"), filtered)]);
        Ok(named)
    }
}
