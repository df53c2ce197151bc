//! Reading captures to their end: in a thread of their own, while the caller's looks for signals.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use source::input::STANDARD_INPUT;
use source::{Frames, Merged, Progress, open_many, stored_bytes};
use track::Frame;

use crate::core::Core;
use crate::error::{Error, Result, failed, guarded};
use crate::files::gate::Gate;
use crate::files::unopened::Unopened;

mod chunk;
mod crew;
mod gate;
mod unopened;

/// How often a signal such as Ctrl-C is looked for.
const SIGNALS: Duration = Duration::from_millis(50);

/// What reading captures came to.
#[pyclass(frozen, get_all, module = "podwire.capture._core")]
pub(crate) struct ReadSummary {
    packets: u64,
    seconds: f64,
    errors: Vec<String>,
    notes: Vec<String>,
    tunnel_ports: Vec<u16>,
}

/// How far the captures have been read.
#[derive(Default)]
pub(crate) struct Reading {
    progress: Arc<Progress>,
    packets: AtomicU64,
    /// Bytes in all the captures; None where one of them has no size.
    total: Option<u64>,
}

impl Reading {
    /// (bytes read, bytes in all, packets).
    pub(crate) fn state(&self) -> (u64, Option<u64>, u64) {
        (self.progress.bytes(), self.total, self.packets.load(Ordering::Relaxed))
    }
}

/// Reads the captures, merged by time. Nothing is read where one of them cannot be opened; what is no capture is left
/// out, unless all are.
pub(crate) fn read(core: &Core, paths: Vec<PathBuf>) -> Result<ReadSummary> {
    let total = paths.iter().map(|path| stored_bytes(path)).sum();
    let reading = core.begin_reading(Reading { total, ..Reading::default() });
    scope(|scope| {
        let (ended, end) = channel::<()>();
        let work = || {
            // Its sender goes when the thread ends, however it ends.
            let _ended = ended;
            guarded(|| work(core, &paths, &reading))
        };
        let worker = Builder::new().name("pw-files".to_owned()).spawn_scoped(scope, work);
        let worker = worker.map_err(|reason| Error::Capture(format!("No thread to read with: {reason}.")))?;
        let mut interrupted = Ok(());
        while end.recv_timeout(SIGNALS) == Err(RecvTimeoutError::Timeout) {
            if interrupted.is_ok() {
                interrupted = Python::attach(|py| py.check_signals()).map_err(Error::Python);
                if interrupted.is_err() {
                    reading.progress.stop();
                }
            }
        }
        let outcome = worker.join().unwrap_or_else(|panic| Err(Error::Failed(failed(&*panic))));
        interrupted.and(outcome)
    })
}

fn work(core: &Core, paths: &[PathBuf], reading: &Reading) -> Result<ReadSummary> {
    let (readers, mut errors) = open_all(core, paths, reading)?;
    let mut input = Input { merged: Merged::new(readers), unopened: Unopened::new(core), last_ns: 0 };
    let started = Instant::now();
    if core.shards() == 1 {
        alone(core, &mut input, reading)?
    } else {
        input = crew::read(core, input, reading)?
    }
    let Input { merged, unopened, .. } = input;
    errors.extend(merged.errors());
    let sentences = |all: Vec<String>| all.into_iter().map(|sentence| format!("{sentence}.")).collect();
    Ok(ReadSummary {
        packets: reading.packets.load(Ordering::Relaxed),
        seconds: started.elapsed().as_secs_f64(),
        errors: sentences(errors),
        notes: sentences(merged.notes()),
        tunnel_ports: unopened.seen(),
    })
}

/// The captures that can be read, numbered, and what is wrong with the others.
type Opened = (Vec<Box<dyn Frames>>, Vec<String>);

fn open_all(core: &Core, paths: &[PathBuf], reading: &Reading) -> Result<Opened> {
    let mut readers = Vec::with_capacity(paths.len());
    let mut errors = Vec::new();
    for (path, opened) in paths.iter().zip(open_many(paths, &reading.progress)) {
        match opened {
            Ok(reader) => readers.push((path, reader)),
            Err(error @ source::Error::Foreign(..)) => errors.push(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    if readers.is_empty() && !errors.is_empty() {
        return Err(Error::Capture(format!("{}.", errors.join(". "))));
    }
    let number = |(path, mut reader): (&PathBuf, Box<dyn Frames>)| -> Result<Box<dyn Frames>> {
        let is_standard = path == Path::new(STANDARD_INPUT);
        let name = if is_standard { "standard input".into() } else { path.to_string_lossy() };
        reader.set_source(core.number_for(&name, "read")?);
        Ok(reader)
    };
    Ok((readers.into_iter().map(number).collect::<Result<_>>()?, errors))
}

/// The frames of all captures, in order.
struct Input {
    merged: Merged,
    unopened: Unopened,
    /// The time of the latest frame.
    last_ns: u64,
}

impl Input {
    /// Hands over the next frames; false when there are none.
    fn next_batch(&mut self, reading: &Reading, sink: &mut dyn FnMut(&[Frame<'_>], u64)) -> bool {
        let Self { merged, unopened, last_ns } = self;
        merged.next_batch(&mut |frames| sink(frames, note(frames, reading, unopened, last_ns)))
    }

    /// The same for all frames that are in memory, which is exchanged for `memory`; false, with nothing done, where
    /// frames have to be merged or there are none.
    fn next_piece(&mut self, reading: &Reading, memory: &mut Vec<u8>, sink: &mut dyn FnMut(&[Frame<'_>], u64)) -> bool {
        let Self { merged, unopened, last_ns } = self;
        merged.next_piece(memory, &mut |frames| sink(frames, note(frames, reading, unopened, last_ns)))
    }
}

/// Notes frames that were read. Returns the time of the latest one so far.
fn note(frames: &[Frame<'_>], reading: &Reading, unopened: &mut Unopened, last_ns: &mut u64) -> u64 {
    reading.packets.fetch_add(frames.len() as u64, Ordering::Relaxed);
    unopened.look(frames);
    *last_ns = frames.iter().map(|frame| frame.ts_ns).fold(*last_ns, u64::max);
    *last_ns
}

/// Reads all in this thread.
fn alone(core: &Core, input: &mut Input, reading: &Reading) -> Result<()> {
    let mut gate = Gate::new(core);
    let mut outcome = Ok(());
    while outcome.is_ok() && !reading.progress.is_stopped() {
        let more = input.next_batch(reading, &mut |frames, now_ns| {
            outcome = match &mut gate {
                None => feed(core, frames, now_ns),
                Some(gate) => feed(core, &gate.pass(frames), now_ns),
            };
        });
        if !more {
            break;
        }
    }
    outcome
}

fn feed(core: &Core, frames: &[Frame<'_>], now_ns: u64) -> Result<()> {
    let mut tracker = core.tracker(0)?;
    tracker.batch(frames);
    tracker.expire(now_ns);
    Ok(())
}
