//! The threads that read one interface.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use source::{Interface, Monitor, Options, State};

use crate::core::Core;
use crate::error::{Error, Result, failed};

/// How long a quiet interface is waited for before silent connections are looked at; also how late a stop is heard.
const QUIET: Duration = Duration::from_millis(100);

/// The threads that read an interface until they are told to stop, or dropped: one for each tracker.
pub(crate) struct Reader {
    pub(crate) monitor: Arc<Monitor>,
    stopping: Arc<AtomicBool>,
    fault: Fault,
    threads: Vec<JoinHandle<()>>,
}

/// What stands against reading, in one sentence.
type Fault = Arc<Mutex<Option<String>>>;

impl Reader {
    /// Tells the threads to end, without waiting for them.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// What stands against reading, in one sentence; None while all is well.
    pub(crate) fn fault(&self) -> Option<String> {
        shown(&self.fault).clone()
    }
}

fn shown(fault: &Fault) -> MutexGuard<'_, Option<String>> {
    fault.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // The thread turns its own panics into a fault, so there is nothing to learn from its result.
            let _ = thread.join();
        }
    }
}

/// Opens the interface and starts its threads. Returns its source number.
pub(crate) fn open(core: &Arc<Core>, name: &str, ring_bytes: usize, snap_bytes: u32) -> Result<u16> {
    let is_open = core.sources().iter().any(|source| source.name == name && source.reader.is_some());
    if is_open {
        return Err(Error::Capture(format!("The interface '{name}' is being read already.")));
    }
    let options = Options { ring_bytes, snap_bytes, mode: core.mode, ports: core.ports() };
    let mut parts = Interface::open_parts(name, &options, core.shards())?;
    let number = core.number_for(name, "closed")?;
    parts.iter_mut().for_each(|part| part.set_source(number));
    let reader = start(core, parts)?;
    core.sources()[usize::from(number)].attach(reader);
    Ok(number)
}

fn start(core: &Arc<Core>, parts: Vec<Interface>) -> Result<Reader> {
    let monitor = parts[0].monitor();
    let mut reader = Reader { monitor, stopping: Arc::default(), fault: Arc::default(), threads: Vec::new() };
    for (shard, interface) in parts.into_iter().enumerate() {
        let (stop, fault, weak) = (Arc::clone(&reader.stopping), Arc::clone(&reader.fault), Arc::downgrade(core));
        let run = move || follow(Part { core: weak, shard, interface, learned: 0 }, &stop, &fault);
        // Linux shows the first 15 bytes of a thread's name.
        let name = if shard == 0 {
            format!("pw-{}", reader.monitor.name())
        } else {
            format!("pw{shard}-{}", reader.monitor.name())
        };
        let thread = Builder::new().name(name).spawn(run);
        let thread =
            thread.map_err(|reason| Error::Capture(format!("No thread for '{}': {reason}.", reader.monitor.name())))?;
        reader.threads.push(thread);
    }
    Ok(reader)
}

/// What one thread reads, and the tracker that it counts with.
struct Part {
    core: Weak<Core>,
    shard: usize,
    interface: Interface,
    /// How many ports its tracker has learned from others.
    learned: u64,
}

fn follow(mut part: Part, stop: &AtomicBool, fault: &Fault) {
    let ended = catch_unwind(AssertUnwindSafe(|| {
        while !stop.load(Ordering::Acquire) {
            match part.round() {
                Round::Over => break,
                Round::Failed(sentence) => *shown(fault) = Some(sentence),
                // A fault is shown until the interface is up again, not only until the next look.
                Round::Read if part.shard == 0 && part.interface.monitor().state() == State::Up => {
                    *shown(fault) = None;
                }
                Round::Read => {}
            }
        }
    }));
    if let Err(panic) = ended
        && let Some(core) = part.core.upgrade()
    {
        core.fail(failed(&*panic));
    }
}

enum Round {
    Read,
    Failed(String),
    Over,
}

impl Part {
    /// Reads what has come in, then lets the tracker look at what has gone silent.
    fn round(&mut self) -> Round {
        let Some(core) = self.core.upgrade() else { return Round::Over };
        let shard = self.shard;
        let mut lost = false;
        let read = self.interface.read(QUIET, &mut |frames| match core.tracker(shard) {
            Ok(mut tracker) => tracker.batch(frames),
            Err(_) => lost = true,
        });
        match core.tracker(shard) {
            Ok(mut tracker) => {
                tracker.expire(now_ns());
                if core.shards() > 1 {
                    core.learned.exchange(&mut tracker, &mut self.learned);
                }
            }
            Err(_) => lost = true,
        }
        if lost {
            return Round::Over;
        }
        match read {
            Ok(()) => Round::Read,
            Err(error) => Round::Failed(error.to_string()),
        }
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
