//! Counters by name, as Python sees them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use pyo3::IntoPyObject;
use track::{EncryptedPair, Guess, Outcome, Sample, SourceCounters};

use crate::core::{Core, Source};
use crate::error::Result;

/// What a counter is called.
pub(crate) type Name = Cow<'static, str>;

/// A counter, or a word.
#[derive(IntoPyObject)]
pub(crate) enum Value {
    Count(u64),
    Text(String),
}

/// The counters of one source by name. Sound frames without TCP are told by `unsupported-` and their protocol.
pub(crate) fn of_source(counters: &SourceCounters) -> impl Iterator<Item = (Name, u64)> + '_ {
    let totals = counters.totals().map(|(name, count)| (Cow::Borrowed(name), count));
    let outcomes = Outcome::ALL.iter().map(|outcome| (name_of(*outcome), counters.outcomes[outcome.index()]));
    totals.into_iter().chain(outcomes)
}

/// Every source with its counters, in the order in which they were opened.
pub(crate) fn of_all(core: &Core) -> Result<Vec<HashMap<Name, Value>>> {
    let numbers = 0..core.sources().len() as u16;
    let mut counted: Vec<SourceCounters> = numbers.clone().map(|_| SourceCounters::default()).collect();
    core.each(|tracker| {
        for (number, counters) in numbers.clone().zip(&mut counted) {
            counters.add(tracker.source_counters(number));
        }
    })?;
    let sources = core.sources();
    let rows = sources.iter().zip(&counted).enumerate();
    Ok(rows.map(|(number, (source, counters))| row(number, source, counters)).collect())
}

fn row(number: usize, source: &Source, counters: &SourceCounters) -> HashMap<Name, Value> {
    let state = match &source.reader {
        None => source.state.to_owned(),
        Some(reader) => reader.fault().unwrap_or_else(|| reader.monitor.state().name().to_owned()),
    };
    let (freezes, outages) = source.monitor.as_ref().map_or((0, 0), |monitor| (monitor.freezes(), monitor.outages()));
    let mut row: HashMap<_, _> = of_source(counters).map(|(name, count)| (name, Value::Count(count))).collect();
    let own = [
        ("source", Value::Count(number as u64)),
        ("interface", Value::Text(source.name.clone())),
        ("state", Value::Text(state)),
        ("kernel-drops", Value::Count(source.drops())),
        ("ring-full", Value::Count(freezes)),
        ("outages", Value::Count(outages)),
        ("filtered", Value::Count(source.filtered.load(Ordering::Relaxed))),
    ];
    row.extend(own.map(|(name, value)| (Cow::Borrowed(name), value)));
    row
}

/// Encrypted traffic between nodes, a row for each pair of them.
pub(crate) fn of_encrypted(core: &Core) -> Result<Vec<HashMap<Name, Value>>> {
    let row = |pair: &EncryptedPair| {
        let texts = [("kind", pair.kind.name().to_owned()), ("node", pair.nodes[0].to_string())];
        let texts = texts.into_iter().chain([("peer", pair.nodes[1].to_string())]);
        let counts = [
            ("node-packets", pair.packets[0]),
            ("peer-packets", pair.packets[1]),
            ("node-bytes", pair.wire_bytes[0]),
            ("peer-bytes", pair.wire_bytes[1]),
            ("started-time", pair.started_ns),
            ("last-time", pair.last_ns),
        ];
        let texts = texts.map(|(name, text)| (Cow::Borrowed(name), Value::Text(text)));
        texts.chain(counts.map(|(name, count)| (Cow::Borrowed(name), Value::Count(count)))).collect()
    };
    let mut rows = Vec::new();
    core.each(|tracker| rows.extend(tracker.encrypted().map(row)))?;
    Ok(rows)
}

/// What UDP between nodes could be, a row for each kind, port and identifier. A sample is the four addresses, outer
/// sender first, with blanks between; samples are set apart by commas.
pub(crate) fn of_guesses(core: &Core) -> Result<Vec<HashMap<Name, Value>>> {
    let row = |guess: &Guess| {
        let samples: Vec<_> = guess.samples.iter().map(sample_text).collect();
        let texts = [("kind", guess.kind.name().to_owned()), ("samples", samples.join(","))];
        let counts = [
            ("port", u64::from(guess.port)),
            ("vni", u64::from(guess.vni)),
            ("packets", guess.packets),
            ("last-time", guess.last_ns),
        ];
        let texts = texts.into_iter().map(|(name, text)| (Cow::Borrowed(name), Value::Text(text)));
        texts.chain(counts.map(|(name, count)| (Cow::Borrowed(name), Value::Count(count)))).collect()
    };
    let mut rows = Vec::new();
    core.each(|tracker| rows.extend(tracker.guesses().map(row)))?;
    Ok(rows)
}

fn sample_text(sample: &Sample) -> String {
    let (outer, inner) = (sample.outer, sample.inner);
    format!("{} {} {} {}", outer.src(), outer.dst(), inner.src(), inner.dst())
}

fn name_of(outcome: Outcome) -> Name {
    match outcome {
        Outcome::Unsupported(_) => Cow::Owned(format!("unsupported-{}", outcome.name())),
        other => Cow::Borrowed(other.name()),
    }
}
