//! What files, pipes and standard input have in common: bytes one after another, counted, and let go of on request.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Error, ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::sys::wait_readable;

/// The path that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// How long a silent pipe is waited for before a stop is looked for.
const PATIENCE_MILLISECONDS: i32 = 50;

/// How far reading has come; also what ends it early.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// Bytes read from all inputs so far, as they are stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Lets every input fail from now on.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether reading is to end early.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// An input before anything was read from it.
pub(crate) struct Input {
    /// What to call it in a sentence.
    pub(crate) name: String,
    pub(crate) bytes: Box<dyn Read + Send>,
}

impl Input {
    /// Opens a file, a named pipe, or standard input.
    pub(crate) fn open(path: &Path, progress: &Arc<Progress>) -> io::Result<Self> {
        let is_standard = path == Path::new(STANDARD_INPUT);
        let file = if is_standard { standard_input()? } else { open_file(path)? };
        let is_regular = check_kind(&file.metadata()?)?;
        let name = if is_standard { "standard input".to_owned() } else { path.display().to_string() };
        let bytes = Counted { file, progress: Arc::clone(progress), is_regular };
        Ok(Self { name, bytes: Box::new(bytes) })
    }
}

/// The size of a regular file in bytes; None for what has no size, or is not there.
#[must_use]
pub fn stored_bytes(path: &Path) -> Option<u64> {
    let metadata = (path != Path::new(STANDARD_INPUT)).then(|| path.metadata().ok())??;
    metadata.is_file().then_some(metadata.len())
}

fn open_file(path: &Path) -> io::Result<File> {
    // Without this flag a named pipe that nobody writes to would be waited for here, deaf to any stop.
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

fn standard_input() -> io::Result<File> {
    let input = io::stdin();
    if input.is_terminal() {
        let advice = "it is a terminal: pipe a capture into it, as in `tcpdump -w - | podwire replay -`";
        return Err(Error::new(ErrorKind::InvalidInput, advice));
    }
    Ok(File::from(input.as_fd().try_clone_to_owned()?))
}

/// Whether it is a regular file; fails for what is neither a file nor a pipe.
fn check_kind(metadata: &Metadata) -> io::Result<bool> {
    let kind = metadata.file_type();
    if kind.is_file() || kind.is_fifo() || kind.is_socket() {
        return Ok(kind.is_file());
    }
    let why = if kind.is_dir() { "it is a folder: name the files in it" } else { "it is neither a file nor a pipe" };
    Err(Error::new(ErrorKind::InvalidInput, why))
}

/// Counts what is read, and waits for a pipe in steps so that a stop is heard.
struct Counted {
    file: File,
    progress: Arc<Progress>,
    is_regular: bool,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.progress.is_stopped() {
                return Err(Error::other("reading was stopped"));
            }
            if !self.is_regular && !wait_readable(self.file.as_fd(), PATIENCE_MILLISECONDS)? {
                continue;
            }
            match self.file.read(buffer) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.progress.bytes.fetch_add(count as u64, Ordering::Relaxed);
                    return Ok(count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
