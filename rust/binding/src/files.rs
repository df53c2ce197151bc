//! Reading capture files to their end, in the caller's thread.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use source::filter::{Instruction, assemble, run};
use source::{Frames, Interest, Merged, Mode};
use track::{Frame, LinkType};

use crate::core::Core;
use crate::error::{Error, Result};

/// How often a signal such as Ctrl-C is looked for.
const SIGNALS: Duration = Duration::from_millis(50);
/// Batches between two looks at the clock.
const STRIDE: u64 = 16;

/// What reading files came to.
#[pyclass(frozen, get_all, module = "podwire.capture._core")]
pub(crate) struct ReadSummary {
    packets: u64,
    seconds: f64,
    errors: Vec<String>,
}

/// Reads the files, merged by time. Nothing is read where one of them cannot be opened.
pub(crate) fn read(core: &Core, paths: &[String]) -> Result<ReadSummary> {
    let mut readers: Vec<Box<dyn Frames>> = Vec::with_capacity(paths.len());
    let mut numbers = Vec::with_capacity(paths.len());
    for path in paths {
        readers.push(source::open(Path::new(path))?);
    }
    for (path, reader) in paths.iter().zip(&mut readers) {
        let number = core.number_for(path, "read");
        reader.set_source(number);
        numbers.push(number);
    }
    let gate = (core.mode == Mode::Control).then(|| Gate::new(core));
    let mut merged = Merged::new(readers);
    let started = Instant::now();
    let mut looked = started;
    let (mut packets, mut batches) = (0u64, 0u64);
    let mut outcome = Ok(());
    while outcome.is_ok() {
        let more = merged.next_batch(&mut |frames| {
            packets += frames.len() as u64;
            outcome = match &gate {
                None => feed(core, frames),
                Some(gate) => feed(core, &gate.pass(frames)),
            };
        });
        batches += 1;
        if batches.is_multiple_of(STRIDE) && looked.elapsed() >= SIGNALS {
            looked = Instant::now();
            outcome = outcome.and_then(|()| Python::attach(|py| py.check_signals()).map_err(Error::Python));
        }
        if !more {
            break;
        }
    }
    outcome?;
    let errors = merged.broken().map(|sentence| format!("{sentence}.")).collect();
    Ok(ReadSummary { packets, seconds: started.elapsed().as_secs_f64(), errors })
}

fn feed(core: &Core, frames: &[Frame<'_>]) -> Result<()> {
    let mut tracker = core.tracker()?;
    tracker.batch(frames);
    let now_ns = tracker.last_packet_ns();
    tracker.expire(now_ns);
    Ok(())
}

/// Does for files in control mode what the kernel filter does for interfaces.
struct Gate {
    programs: [(LinkType, Vec<Instruction>); 4],
    filtered: Vec<Arc<AtomicU64>>,
}

impl Gate {
    fn new(core: &Core) -> Self {
        let ports = core.ports();
        let program = |link| {
            let interest = Interest {
                mode: Mode::Control,
                snap_bytes: u32::MAX,
                link,
                vxlan_ports: ports.vxlan.clone(),
                other_ports: ports.other.clone(),
            };
            (link, assemble(&interest))
        };
        let links = [LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll, LinkType::LinuxSll2];
        let filtered = core.sources().iter().map(|source| Arc::clone(&source.filtered)).collect();
        Self { programs: links.map(program), filtered }
    }

    /// The frames that a control filter lets through; the others are counted.
    fn pass<'a>(&self, frames: &[Frame<'a>]) -> Vec<Frame<'a>> {
        let mut kept = Vec::with_capacity(frames.len());
        for frame in frames {
            let program = self.programs.iter().find(|(link, _)| *link == frame.link);
            if program.is_none_or(|(_, program)| run(program, frame.data) > 0) {
                kept.push(*frame);
            } else if let Some(count) = self.filtered.get(usize::from(frame.source)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        kept
    }
}
