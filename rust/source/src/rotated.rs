//! Many files at once, as a ring buffer of captures leaves them: each is open only while its time is.
//!
//! A file that is opened at the beginning, looked at for the time of its first record, and closed again costs neither a
//! descriptor nor a window of memory until the others have come to that time. Rotated captures hardly overlap.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wire::Frame;

use crate::error::Result;
use crate::frames::{Frames, open};
use crate::input::{Progress, stored_bytes};

/// Up to this many files are simply held open.
const MOST_OPEN: usize = 32;

/// Opens captures, each as [`open`] does; where they are many, files are looked at and closed again.
pub fn open_many(paths: &[PathBuf], progress: &Arc<Progress>) -> Vec<Result<Box<dyn Frames>>> {
    let are_many = paths.len() > MOST_OPEN;
    let one = |path: &PathBuf| match stored_bytes(path) {
        Some(_) if are_many => Ok(Box::new(Rotated::new(path, progress)?) as Box<dyn Frames>),
        _ => open(path, progress),
    };
    paths.iter().map(one).collect()
}

/// A file that is opened when its first record is due, and closed at its end.
struct Rotated {
    path: PathBuf,
    progress: Arc<Progress>,
    source: u16,
    stage: Stage,
    errors: Vec<String>,
    notes: Vec<String>,
}

enum Stage {
    /// Not yet listed; the time of its first record, if it has one.
    New(Option<u64>),
    /// Listed by the time of its first record.
    Asleep(u64),
    Open(Box<dyn Frames>),
    Over,
}

impl Rotated {
    fn new(path: &Path, progress: &Arc<Progress>) -> Result<Self> {
        // What this look reads is read again later: only then does it count.
        let mut reader = open(path, &Arc::default())?;
        let first_ns = if reader.fill() { reader.time_at(reader.start()) } else { None };
        let errors = if first_ns.is_none() { reader.errors() } else { Vec::new() };
        Ok(Self {
            path: path.to_owned(),
            progress: Arc::clone(progress),
            source: 0,
            stage: Stage::New(first_ns),
            errors,
            notes: Vec::new(),
        })
    }

    fn wake(&mut self) -> bool {
        match open(&self.path, &self.progress) {
            Ok(mut reader) => {
                reader.set_source(self.source);
                self.stage = Stage::Open(reader);
                self.go_on()
            }
            Err(error) => {
                self.errors.push(error.to_string());
                self.stage = Stage::Over;
                false
            }
        }
    }

    fn go_on(&mut self) -> bool {
        let Stage::Open(reader) = &mut self.stage else { return false };
        if reader.fill() {
            return true;
        }
        self.errors.extend(reader.errors());
        self.notes.extend(reader.notes());
        self.stage = Stage::Over;
        false
    }
}

impl Frames for Rotated {
    fn fill(&mut self) -> bool {
        match self.stage {
            Stage::New(first_ns) => {
                self.stage = first_ns.map_or(Stage::Over, Stage::Asleep);
                first_ns.is_some()
            }
            Stage::Asleep(_) => self.wake(),
            Stage::Open(_) => self.go_on(),
            Stage::Over => false,
        }
    }

    fn start(&self) -> usize {
        if let Stage::Open(reader) = &self.stage { reader.start() } else { 0 }
    }

    fn time_at(&self, position: usize) -> Option<u64> {
        match &self.stage {
            Stage::Asleep(first_ns) => Some(*first_ns),
            Stage::Open(reader) => reader.time_at(position),
            Stage::New(_) | Stage::Over => None,
        }
    }

    fn run<'a>(&'a self, position: usize, until_ns: u64, out: &mut Vec<Frame<'a>>) -> usize {
        if let Stage::Open(reader) = &self.stage { reader.run(position, until_ns, out) } else { position }
    }

    fn consume(&mut self, position: usize) {
        if let Stage::Open(reader) = &mut self.stage {
            reader.consume(position);
        }
    }

    fn exchange(&mut self, memory: &mut Vec<u8>) {
        if let Stage::Open(reader) = &mut self.stage {
            reader.exchange(memory);
        }
    }

    fn set_source(&mut self, source: u16) {
        self.source = source;
    }

    fn is_asleep(&self) -> bool {
        matches!(self.stage, Stage::Asleep(_))
    }

    fn errors(&self) -> Vec<String> {
        match &self.stage {
            Stage::Open(reader) => self.errors.iter().cloned().chain(reader.errors()).collect(),
            _ => self.errors.clone(),
        }
    }

    fn notes(&self) -> Vec<String> {
        match &self.stage {
            Stage::Open(reader) => reader.notes(),
            _ => self.notes.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
