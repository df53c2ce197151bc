//! Walking the table in chunks, so that packets are never kept waiting for long.

use std::cmp::Reverse;

use arrow_array::RecordBatch;
use track::Connection;

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
    rows.sort_unstable_by_key(|row| Reverse(row.id));
    batch::build(&columns, &rows, &names)
}

/// The connections that ended since the last call, oldest first, at most `limit` of them, with every column.
pub(crate) fn take_ended(core: &Core, limit: usize) -> Result<RecordBatch> {
    let rows = core.tracker()?.take_ended(limit);
    batch::build(&COLUMNS.iter().collect::<Vec<_>>(), &rows, &core.source_names())
}

fn read_columns(names: &[String]) -> Result<Vec<&'static Column>> {
    let read = |name: &String| find(name).ok_or_else(|| Error::Value(format!("There is no column '{name}'.")));
    names.iter().map(read).collect()
}

fn walk(core: &Core, conditions: &[Condition], limit: usize) -> Result<Vec<Connection>> {
    let mut rows: Vec<Connection> = Vec::new();
    let mut next = Some(0);
    while let Some(from) = next {
        next = core.tracker()?.for_each(from, CHUNK, &mut |connection| {
            if conditions.iter().all(|condition| condition.accepts(connection)) {
                rows.push(connection.clone());
            }
            true
        });
        if limit > 0 && rows.len() > limit.saturating_add(CHUNK as usize) {
            keep_newest(&mut rows, limit);
        }
    }
    if limit > 0 {
        keep_newest(&mut rows, limit);
    }
    Ok(rows)
}

fn keep_newest(rows: &mut Vec<Connection>, limit: usize) {
    if rows.len() > limit {
        rows.select_nth_unstable_by_key(limit, |row| Reverse(row.id));
        rows.truncate(limit);
    }
}
