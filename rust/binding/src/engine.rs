//! The one class that Python works with. Each method translates its arguments and leaves the interpreter's lock alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use source::Mode;
use track::{Encap, OverlaySpec, Place, ProtoPort, Span, Tracker};

use crate::batch::RecordBatch;
use crate::condition::Filter;
use crate::core::{Core, ScopeByName};
use crate::counters::{self, Name, Value};
use crate::error::{Error, Result, guarded};
use crate::files::{self, ReadSummary};
use crate::{live, scan, snapshot};

/// (kind, UDP port, VNI, VNI is identity, cluster).
type Overlay = (String, u16, Option<u32>, bool, u16);
/// (cluster, address, IP protocol, port, spans); protocol and port are 0 for the whole address.
type ClaimTuple = (u16, String, u8, u16, Vec<SpanTuple>);
/// (endpoint, from, until).
type SpanTuple = (u32, u64, Option<u64>);

/// Claims that are taken in under one hold of the lock.
const CLAIMS_AT_ONCE: usize = 1024;

/// Reads packets from files and interfaces into one connection table.
#[pyclass(frozen, module = "podwire.capture._core")]
pub(crate) struct Engine {
    core: Arc<Core>,
}

impl Engine {
    /// Works without the interpreter's lock; no panic comes through.
    fn free<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Arc<Core>) -> Result<T> + Send) -> PyResult<T> {
        let core = &self.core;
        let done = py.detach(|| {
            let done = guarded(|| {
                core.check_open()?;
                work(core)
            });
            if let Err(Error::Failed(sentence)) = &done {
                core.fail(sentence.clone());
            }
            done
        });
        Ok(done?)
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, mode="full", max_memory_bytes=1 << 30, keeps_ended=false, threads=1))]
    fn new(mode: &str, max_memory_bytes: usize, keeps_ended: bool, threads: usize) -> PyResult<Self> {
        let mode = match mode {
            "full" => Mode::Full,
            "control" => Mode::Control,
            other => return Err(Error::Value(format!("Mode '{other}' is neither full nor control.")).into()),
        };
        Ok(Self { core: guarded(|| Ok(Arc::new(Core::new(mode, max_memory_bytes, keeps_ended, threads))))? })
    }

    #[pyo3(signature = (name, ring_bytes=64 << 20, snap_bytes=256))]
    fn open_interface(&self, py: Python<'_>, name: &str, ring_bytes: usize, snap_bytes: u32) -> PyResult<u16> {
        self.free(py, |core| live::open(core, name, ring_bytes, snap_bytes))
    }

    fn close_source(&self, py: Python<'_>, source: usize) -> PyResult<()> {
        self.free(py, |core| {
            core.close_source(source);
            Ok(())
        })
    }

    fn read_files(&self, py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<ReadSummary> {
        self.free(py, |core| files::read(core, paths))
    }

    fn progress(&self) -> (u64, Option<u64>, u64) {
        self.core.reading().state()
    }

    fn set_collecting(&self, py: Python<'_>, collecting: bool) -> PyResult<()> {
        self.free(py, |core| core.each(|tracker| tracker.set_collecting(collecting)))
    }

    fn set_max_memory(&self, py: Python<'_>, max_bytes: usize) -> PyResult<()> {
        self.free(py, |core| core.set_max_memory(max_bytes))
    }

    fn set_overlays(&self, py: Python<'_>, overlays: Vec<Overlay>) -> PyResult<Vec<usize>> {
        self.free(py, |core| {
            let overlays = overlays.into_iter().map(read_overlay).collect::<Result<Vec<_>>>()?;
            core.set_overlays(&overlays)
        })
    }

    fn set_nodes(&self, py: Python<'_>, nodes: Vec<(String, u16)>) -> PyResult<()> {
        self.free(py, |core| {
            let read = |(address, cluster): (String, u16)| Ok((read_address(&address)?, cluster));
            let nodes = nodes.into_iter().map(read).collect::<Result<Vec<_>>>()?;
            core.each(|tracker| tracker.set_nodes(&nodes))
        })
    }

    fn set_claims(&self, py: Python<'_>, claims: Vec<ClaimTuple>) -> PyResult<()> {
        self.free(py, |core| {
            let claims = claims.into_iter().map(read_claim).collect::<Result<Vec<_>>>()?;
            for some in claims.chunks(CLAIMS_AT_ONCE) {
                core.each(|tracker| some.iter().for_each(|(place, spans)| tracker.set_claims(place, spans)))?;
            }
            Ok(())
        })
    }

    fn set_holding(&self, py: Python<'_>, is_holding: bool) -> PyResult<()> {
        self.free(py, |core| core.each(|tracker| tracker.set_holding(is_holding)))
    }

    fn set_away(&self, py: Python<'_>, away: Vec<(u16, u64)>) -> PyResult<()> {
        self.free(py, |core| core.each(|tracker| tracker.set_away(&away)))
    }

    fn set_scopes(&self, py: Python<'_>, scopes: Vec<ScopeByName>) -> PyResult<()> {
        self.free(py, |core| core.set_scopes(scopes))
    }

    fn snapshot(
        &self,
        py: Python<'_>,
        filters: Vec<Filter>,
        columns: Vec<String>,
        limit: usize,
    ) -> PyResult<RecordBatch> {
        self.free(py, |core| snapshot::take(core, filters, &columns, limit).map(RecordBatch))
    }

    fn scan(&self, py: Python<'_>, filters: Vec<Filter>, columns: Vec<String>) -> PyResult<RecordBatch> {
        self.free(py, |core| scan::take(core, filters, &columns).map(RecordBatch))
    }

    fn poll(&self, py: Python<'_>, limit: usize) -> PyResult<RecordBatch> {
        self.free(py, |core| snapshot::take_ended(core, limit).map(RecordBatch))
    }

    fn poll_held(&self, py: Python<'_>, limit: usize) -> PyResult<RecordBatch> {
        self.free(py, |core| snapshot::take_held_news(core, limit).map(RecordBatch))
    }

    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.free(py, |core| core.each(Tracker::flush))
    }

    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        self.free(py, |core| core.each(Tracker::clear))
    }

    fn counters(&self, py: Python<'_>) -> PyResult<HashMap<Name, u64>> {
        self.free(py, |core| core.counters())
    }

    fn source_counters(&self, py: Python<'_>) -> PyResult<Vec<HashMap<Name, Value>>> {
        self.free(py, |core| counters::of_all(core))
    }

    fn encrypted(&self, py: Python<'_>) -> PyResult<Vec<HashMap<Name, Value>>> {
        self.free(py, |core| counters::of_encrypted(core))
    }

    fn guesses(&self, py: Python<'_>) -> PyResult<Vec<HashMap<Name, Value>>> {
        self.free(py, |core| counters::of_guesses(core))
    }

    fn last_packet_ns(&self, py: Python<'_>) -> PyResult<u64> {
        self.free(py, |core| {
            let mut latest_ns = 0;
            core.each(|tracker| latest_ns = tracker.last_packet_ns().max(latest_ns))?;
            Ok(latest_ns)
        })
    }

    /// Panics in the middle of a change, as a fault of the core would: what follows is tried in tests.
    fn fail(&self, py: Python<'_>) -> PyResult<()> {
        self.free(py, |core| core.each(|_| panic!("as asked")))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let core = &self.core;
        Ok(py.detach(|| {
            guarded(|| {
                core.close();
                Ok(())
            })
        })?)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.core.close();
    }
}

fn read_address(text: &str) -> Result<IpAddr> {
    text.parse().map_err(|_| Error::Value(format!("'{text}' is not an IP address.")))
}

fn read_overlay((kind, port, vni, vni_is_identity, cluster): Overlay) -> Result<OverlaySpec> {
    let Some(kind) = Encap::from_name(&kind) else {
        return Err(Error::Value(format!("Tunnels of kind '{kind}' cannot be looked into.")));
    };
    Ok(OverlaySpec { kind, port, vni, vni_is_identity, cluster })
}

fn read_claim((cluster, address, proto, port, spans): ClaimTuple) -> Result<(Place, Vec<Span>)> {
    if cluster == 0 {
        return Err(Error::Value(format!("A claim on {address} names no cluster.")));
    }
    let port = (port != 0).then_some(ProtoPort { proto, port });
    let read = |(endpoint, from_ns, until_ns): SpanTuple| Span { endpoint, from_ns, until_ns };
    Ok((Place { cluster, addr: read_address(&address)?, port }, spans.into_iter().map(read).collect()))
}
