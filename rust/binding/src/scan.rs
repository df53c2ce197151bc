//! All connections that pass, in no order and without a copy of each: for questions that are about all of them.
//!
//! Texts are codes into the different ones (Arrow dictionaries), since what adds connections up compares them.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int32Builder, Int64Builder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::{Field, Schema};
use track::Connection;

use crate::columns::{Column, Kind};
use crate::condition::{Condition, Filter};
use crate::core::Core;
use crate::error::{Error, Result};
use crate::snapshot::{passes, read_columns};

/// Slots that are looked at under one hold of the lock, in which the rows are judged too: well below a millisecond.
const CHUNK: u32 = 2048;

/// The connections that pass all filters.
pub(crate) fn take(core: &Core, filters: Vec<Filter>, columns: &[String]) -> Result<RecordBatch> {
    let names = core.source_names();
    let columns = read_columns(columns)?;
    let conditions: Vec<Condition> =
        filters.into_iter().map(|filter| Condition::read(filter, &names)).collect::<Result<_>>()?;
    let is_judged = columns.iter().any(|column| column.is_judged);
    let mut gathered: Vec<Gathered> = columns.iter().map(|column| Gathered::new(column.kind)).collect();
    let (mut count, mut rows) = (0, Vec::with_capacity(CHUNK as usize));
    let mut next = Some((0, 0));
    while let Some((shard, from)) = next {
        let tracker = core.tracker(shard)?;
        let then = tracker.for_each(from, CHUNK, &mut |connection| {
            if passes(&tracker, &conditions, connection) {
                let mut row = connection.clone();
                if is_judged {
                    tracker.judge(&mut row);
                }
                rows.push(row);
            }
            true
        });
        drop(tracker);
        gathered.iter_mut().for_each(|column| column.add(&rows));
        count += rows.len();
        rows.clear();
        next = match then {
            Some(from) => Some((shard, from)),
            None => (shard + 1 < core.shards()).then_some((shard + 1, 0)),
        };
    }
    finish(&columns, gathered, &names, count)
}

fn finish(columns: &[&Column], gathered: Vec<Gathered>, sources: &[String], count: usize) -> Result<RecordBatch> {
    let wrong = |error: arrow_schema::ArrowError| Error::Capture(error.to_string());
    let arrays = gathered.into_iter().map(|column| column.finish(sources)).collect::<std::result::Result<Vec<_>, _>>();
    let arrays = arrays.map_err(wrong)?;
    let named = columns.iter().zip(&arrays);
    let fields: Vec<Field> =
        named.map(|(column, array)| Field::new(column.name, array.data_type().clone(), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(wrong)
}

/// One column as far as it is read.
enum Gathered {
    Numbers(fn(&Connection) -> Option<u64>, Int64Builder),
    Flags(fn(&Connection) -> bool, BooleanBuilder),
    Addresses(fn(&Connection) -> Option<IpAddr>, Codes<IpAddr>),
    Words(fn(&Connection) -> Option<&'static str>, Codes<&'static str>),
    Sources(Codes<u16>),
}

impl Gathered {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number(read) => Self::Numbers(read, Int64Builder::new()),
            Kind::Flag(read) => Self::Flags(read, BooleanBuilder::new()),
            Kind::Address(read) => Self::Addresses(read, Codes::default()),
            Kind::Word(read) => Self::Words(read, Codes::default()),
            Kind::Source => Self::Sources(Codes::default()),
        }
    }

    fn add(&mut self, rows: &[Connection]) {
        match self {
            // Times reach 63 bits in the year 2262.
            Self::Numbers(read, out) => {
                out.extend(rows.iter().map(|row| read(row).map(|value| i64::try_from(value).unwrap_or(i64::MAX))))
            }
            Self::Flags(read, out) => out.extend(rows.iter().map(|row| Some(read(row)))),
            Self::Addresses(read, codes) => rows.iter().for_each(|row| codes.add(read(row))),
            Self::Words(read, codes) => rows.iter().for_each(|row| codes.add(read(row))),
            Self::Sources(codes) => rows.iter().for_each(|row| codes.add(Some(row.source))),
        }
    }

    fn finish(self, sources: &[String]) -> std::result::Result<ArrayRef, arrow_schema::ArrowError> {
        Ok(match self {
            Self::Numbers(_, mut out) => Arc::new(out.finish()),
            Self::Flags(_, mut out) => Arc::new(out.finish()),
            Self::Addresses(_, codes) => codes.finish(|address| Some(address.to_string()))?,
            Self::Words(_, codes) => codes.finish(|word| Some(word.to_string()))?,
            Self::Sources(codes) => codes.finish(|number| sources.get(usize::from(number)).cloned())?,
        })
    }
}

/// Values as numbers, in the order in which they first came.
struct Codes<T> {
    codes: Int32Builder,
    known: HashMap<T, i32>,
    values: Vec<T>,
    last: Option<(T, i32)>,
}

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self { codes: Int32Builder::new(), known: HashMap::new(), values: Vec::new(), last: None }
    }
}

impl<T: Copy + Eq + Hash> Codes<T> {
    fn add(&mut self, value: Option<T>) {
        let Some(value) = value else { return self.codes.append_null() };
        // Neighbours are often alike.
        let code = match self.last {
            Some((last, code)) if last == value => code,
            _ => self.code(value),
        };
        self.last = Some((value, code));
        self.codes.append_value(code);
    }

    fn code(&mut self, value: T) -> i32 {
        let next = self.values.len();
        *self.known.entry(value).or_insert_with(|| {
            self.values.push(value);
            // A table of two thousand million connections does not fit into memory.
            i32::try_from(next).unwrap_or(i32::MAX)
        })
    }

    fn finish(mut self, text: impl Fn(T) -> Option<String>) -> std::result::Result<ArrayRef, arrow_schema::ArrowError> {
        let texts: StringArray = self.values.into_iter().map(text).collect();
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(self.codes.finish(), Arc::new(texts))?))
    }
}
