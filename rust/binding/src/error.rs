//! One error type for everything that can fail, and the Python exceptions that it becomes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

pyo3::import_exception!(podwire.capture.errors, CaptureError);
pyo3::import_exception!(podwire.capture.errors, CoreFailedError);

/// Why a call failed, in one sentence.
#[derive(Debug)]
pub(crate) enum Error {
    /// Something outside is not as it must be.
    Capture(String),
    /// The core has failed inside: its tables can no longer be trusted, and only a new process helps.
    Failed(String),
    /// The caller passed something that makes no sense.
    Value(String),
    /// A Python exception that was raised meanwhile, such as KeyboardInterrupt.
    Python(PyErr),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl From<source::Error> for Error {
    fn from(error: source::Error) -> Self {
        Self::Capture(format!("{error}."))
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Capture(sentence) => CaptureError::new_err(sentence),
            Error::Failed(sentence) => CoreFailedError::new_err(sentence),
            Error::Value(sentence) => PyValueError::new_err(sentence),
            Error::Python(error) => error,
        }
    }
}

/// Runs `work`; a panic in it becomes an error, so that none crosses into Python.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::Failed(failed(&*panic))))
}

/// The sentence for a panic.
pub(crate) fn failed(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("The packet core failed ({text}): restart podwire and report this.")
}
