//! The packet core as a Python module: a table of contents.
//!
//! The only crate that knows Python. No packet and no connection becomes a Python object here: connections leave as
//! Arrow record batches, counters as dictionaries. The interpreter's lock is never held while packets are read.

mod batch;
mod columns;
mod condition;
mod core;
mod counters;
mod engine;
mod error;
mod files;
mod learned;
mod live;
mod scan;
mod snapshot;

use pyo3::prelude::*;
use source::LargePages;

#[global_allocator]
static ALLOCATOR: LargePages = LargePages;

#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::batch::RecordBatch;
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::files::ReadSummary;
}
