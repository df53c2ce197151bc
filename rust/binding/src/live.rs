//! The thread that reads one interface.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use source::{Interface, Monitor, Options, State};

use crate::core::Core;
use crate::error::{Error, Result, failed};

/// How long a quiet interface is waited for before silent connections are looked at; also how late a stop is heard.
const QUIET: Duration = Duration::from_millis(100);

/// A thread that reads an interface until it is told to stop, or dropped.
pub(crate) struct Reader {
    pub(crate) monitor: Arc<Monitor>,
    stopping: Arc<AtomicBool>,
    fault: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Tells the thread to end, without waiting for it.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// What stands against reading, in one sentence; None while all is well.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // The thread turns its own panics into a fault, so there is nothing to learn from its result.
            let _ = thread.join();
        }
    }
}

/// Opens the interface and starts its thread. Returns its source number.
pub(crate) fn open(core: &Arc<Core>, name: &str, ring_bytes: usize, snap_bytes: u32) -> Result<u16> {
    let is_open = core.sources().iter().any(|source| source.name == name && source.reader.is_some());
    if is_open {
        return Err(Error::Capture(format!("The interface '{name}' is being read already.")));
    }
    let options = Options { ring_bytes, snap_bytes, mode: core.mode, ports: core.ports() };
    let mut interface = Interface::open(name, &options)?;
    let number = core.number_for(name, "closed")?;
    interface.set_source(number);
    let reader = start(core, interface)?;
    core.sources()[usize::from(number)].attach(reader);
    Ok(number)
}

fn start(core: &Arc<Core>, mut interface: Interface) -> Result<Reader> {
    let monitor = interface.monitor();
    let stopping = Arc::new(AtomicBool::new(false));
    let fault = Arc::new(Mutex::new(None));
    let (stop, report, weak) = (Arc::clone(&stopping), Arc::clone(&fault), Arc::downgrade(core));
    let run = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            while !stop.load(Ordering::Acquire) {
                let done = round(&weak, &mut interface);
                let mut shown = report.lock().unwrap_or_else(PoisonError::into_inner);
                match done {
                    Round::Over => break,
                    Round::Failed(sentence) => *shown = Some(sentence),
                    // A fault is shown until the interface is up again, not only until the next look.
                    Round::Read if interface.monitor().state() == State::Up => *shown = None,
                    Round::Read => {}
                }
            }
        }));
        if let Err(panic) = ended
            && let Error::Capture(sentence) = failed(&*panic)
        {
            *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence);
        }
    };
    // Linux shows the first 15 bytes of a thread's name.
    let thread = Builder::new().name(format!("pw-{}", monitor.name())).spawn(run);
    let thread = thread.map_err(|reason| Error::Capture(format!("No thread for '{}': {reason}.", monitor.name())))?;
    Ok(Reader { monitor, stopping, fault, thread: Some(thread) })
}

enum Round {
    Read,
    Failed(String),
    Over,
}

/// Reads what has come in, then lets the tracker look at what has gone silent.
fn round(core: &Weak<Core>, interface: &mut Interface) -> Round {
    let Some(core) = core.upgrade() else { return Round::Over };
    let mut lost = false;
    let read = interface.read(QUIET, &mut |frames| match core.tracker() {
        Ok(mut tracker) => tracker.batch(frames),
        Err(_) => lost = true,
    });
    match core.tracker() {
        Ok(mut tracker) => {
            tracker.expire(now_ns());
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

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
