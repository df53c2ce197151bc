//! Walking the table in chunks, so that packets are never kept waiting for long.

use std::cmp::Reverse;

use arrow_array::RecordBatch;
use track::{Connection, Tracker};

use crate::batch;
use crate::columns::{COLUMNS, Column, find};
use crate::condition::{Condition, Filter};
use crate::core::Core;
use crate::error::{Error, Result};

/// Slots that are looked at under one hold of the lock: well below a millisecond.
const CHUNK: u32 = 4096;

/// The connections that pass all filters, newest first, at most `limit` of them (0: all).
pub(crate) fn take(core: &Core, filters: Vec<Filter>, columns: &[String], limit: usize) -> Result<RecordBatch> {
    let names = core.source_names();
    let columns = read_columns(columns)?;
    let conditions: Vec<Condition> =
        filters.into_iter().map(|filter| Condition::read(filter, &names)).collect::<Result<_>>()?;
    let mut rows = walk(core, &conditions, limit)?;
    if columns.iter().any(|column| column.is_judged) {
        judge(core, &mut rows)?;
    }
    rows.sort_unstable_by_key(|row| Reverse(order(row)));
    batch::build(&columns, &rows, &names)
}

/// The connections that ended since the last call, oldest first, at most `limit` of them, with every column.
pub(crate) fn take_ended(core: &Core, limit: usize) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    // Nobody waits longest for ever: each shard gives the same share, and what is left over goes to the first ones.
    for shard in 0..core.shards() {
        let share = (limit - rows.len()).div_ceil(core.shards() - shard);
        rows.append(&mut core.tracker(shard)?.take_ended(share));
    }
    for shard in 0..core.shards() {
        rows.append(&mut core.tracker(shard)?.take_ended(limit - rows.len()));
    }
    if core.shards() > 1 {
        rows.sort_by_key(|row| row.ended_ns.unwrap_or(row.last_ns));
    }
    batch::build(&COLUMNS.iter().collect::<Vec<_>>(), &rows, &core.source_names())
}

/// The connections that came to wait for their cluster since the last call.
pub(crate) fn take_held_news(core: &Core, limit: usize) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for shard in 0..core.shards() {
        rows.append(&mut core.tracker(shard)?.held_news(limit - rows.len()));
    }
    batch::build(&COLUMNS.iter().collect::<Vec<_>>(), &rows, &core.source_names())
}

pub(crate) fn read_columns(names: &[String]) -> Result<Vec<&'static Column>> {
    let read = |name: &String| find(name).ok_or_else(|| Error::Value(format!("There is no column '{name}'.")));
    names.iter().map(read).collect()
}

fn judge(core: &Core, rows: &mut [Connection]) -> Result<()> {
    for some in rows.chunks_mut(CHUNK as usize) {
        // Every tracker is told the same of addresses.
        let tracker = core.tracker(0)?;
        some.iter_mut().for_each(|row| tracker.judge(row));
    }
    Ok(())
}

/// Whether a connection passes all conditions. Those on its sides come last: judging costs more than the others.
pub(crate) fn passes(tracker: &Tracker, conditions: &[Condition], connection: &Connection) -> bool {
    let passes = |connection: &Connection, is_judged: bool| {
        conditions.iter().filter(|each| each.is_judged == is_judged).all(|each| each.accepts(connection))
    };
    if !passes(connection, false) {
        return false;
    }
    if !conditions.iter().any(|each| each.is_judged) {
        return true;
    }
    let mut judged = connection.clone();
    tracker.judge(&mut judged);
    passes(&judged, true)
}

fn walk(core: &Core, conditions: &[Condition], limit: usize) -> Result<Vec<Connection>> {
    let mut rows: Vec<Connection> = Vec::new();
    let mut next = Some((0, 0));
    while let Some((shard, from)) = next {
        let tracker = core.tracker(shard)?;
        let then = tracker.for_each(from, CHUNK, &mut |connection| {
            if passes(&tracker, conditions, connection) {
                rows.push(connection.clone());
            }
            true
        });
        drop(tracker);
        next = match then {
            Some(from) => Some((shard, from)),
            None => (shard + 1 < core.shards()).then_some((shard + 1, 0)),
        };
        if limit > 0 && rows.len() > limit.saturating_add(CHUNK as usize) {
            keep_newest(&mut rows, limit);
        }
    }
    if limit > 0 {
        keep_newest(&mut rows, limit);
    }
    Ok(rows)
}

/// Shards number their connections apart, so that time comes first.
fn order(row: &Connection) -> (u64, u64) {
    (row.started_ns, row.id)
}

fn keep_newest(rows: &mut Vec<Connection>, limit: usize) {
    if rows.len() > limit {
        rows.select_nth_unstable_by_key(limit, |row| Reverse(order(row)));
        rows.truncate(limit);
    }
}
