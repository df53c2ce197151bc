//! A file as a slice of bytes.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{Advice, Mmap};

/// A regular file, mapped read-only.
pub(crate) struct FileMap {
    file: File,
    map: Mmap,
    usable: usize,
}

impl FileMap {
    /// Maps the file at `path` at its present size. Pipes, devices and folders are refused.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        // SAFETY: the mapping is private to this struct and read-only. Another process may write to the file: readers
        // load each length once, check it and only then use it, so that changed bytes cannot lead them astray. A file
        // that is cut below what is being read would raise SIGBUS; `refresh` looks at its size before each window.
        let map = unsafe { Mmap::map(&file)? };
        let _ = map.advise(Advice::Sequential);
        let usable = map.len();
        Ok(Self { file, map, usable })
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map[..self.usable]
    }

    /// Has the kernel map a range at once, which costs far less than a fault for every few pages.
    pub(crate) fn prepare(&self, from: usize, to: usize) {
        // Only speed is lost where the kernel is older than 5.14 or refuses.
        let _ = self.map.advise_range(Advice::PopulateRead, from, to.min(self.usable).saturating_sub(from));
    }

    /// Looks at the file's size again; true when it became shorter than what was mapped.
    pub(crate) fn refresh(&mut self) -> bool {
        let size = self.file.metadata().map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(usize::MAX));
        if size < self.usable {
            self.usable = size;
            return true;
        }
        false
    }
}
