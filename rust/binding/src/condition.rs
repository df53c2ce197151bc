//! Filters as Python hands them over, made ready to be asked of every connection.

use std::collections::HashSet;
use std::net::IpAddr;

use pyo3::FromPyObject;
use track::Connection;

use crate::columns::{Kind, find};
use crate::error::{Error, Result};

/// One value of a filter.
#[derive(FromPyObject)]
pub(crate) enum Value {
    Flag(bool),
    Number(i128),
    Text(String),
}

/// (column, operator, values, negated), as in the stub.
pub(crate) type Filter = (String, String, Vec<Value>, bool);

enum Test {
    Numbers(fn(&Connection) -> Option<u64>, HashSet<i128>),
    Range(fn(&Connection) -> Option<u64>, i128, i128),
    Flags(fn(&Connection) -> bool, HashSet<bool>),
    Addresses(fn(&Connection) -> Option<IpAddr>, HashSet<IpAddr>),
    Networks(fn(&Connection) -> Option<IpAddr>, Vec<Network>),
    Words(fn(&Connection) -> Option<&'static str>, HashSet<String>),
    /// By source number.
    Sources(Vec<bool>),
}

/// A filter with its column looked up and its values in the column's type.
pub(crate) struct Condition {
    test: Test,
    negated: bool,
    /// It asks who the sides are: the connection is to be judged before.
    pub(crate) is_judged: bool,
}

impl Condition {
    /// Reads a filter. What it does not understand is an error that names the column.
    pub(crate) fn read((column, operator, values, negated): Filter, sources: &[String]) -> Result<Self> {
        let Some(found) = find(&column) else {
            return Err(Error::Value(format!("There is no column '{column}'.")));
        };
        let wrong = || Error::Value(format!("Column '{column}' takes no filter '{operator}' with such values."));
        let test = match (found.kind, operator.as_str()) {
            (Kind::Number(read), "in") => Test::Numbers(read, all(values, number).ok_or_else(wrong)?),
            (Kind::Number(read), "range") => match values[..] {
                [Value::Number(low), Value::Number(high)] => Test::Range(read, low, high),
                _ => return Err(wrong()),
            },
            (Kind::Flag(read), "in") => Test::Flags(read, all(values, flag).ok_or_else(wrong)?),
            (Kind::Address(read), "in") => {
                Test::Addresses(read, all(values, |value| text(value)?.parse().ok()).ok_or_else(wrong)?)
            }
            (Kind::Address(read), "prefix") => {
                Test::Networks(read, all(values, |value| Network::read(&text(value)?)).ok_or_else(wrong)?)
            }
            (Kind::Word(read), "in") => Test::Words(read, all(values, text).ok_or_else(wrong)?),
            (Kind::Source, "in") => {
                let names: HashSet<String> = all(values, text).ok_or_else(wrong)?;
                Test::Sources(sources.iter().map(|name| names.contains(name)).collect())
            }
            _ => return Err(wrong()),
        };
        Ok(Self { test, negated, is_judged: found.is_judged })
    }

    /// Whether the connection passes. An unknown value matches nothing, and so passes a negated filter.
    pub(crate) fn accepts(&self, connection: &Connection) -> bool {
        let matches = match &self.test {
            Test::Numbers(read, values) => read(connection).is_some_and(|value| values.contains(&value.into())),
            Test::Range(read, low, high) => {
                read(connection).is_some_and(|value| (*low..=*high).contains(&i128::from(value)))
            }
            Test::Flags(read, values) => values.contains(&read(connection)),
            Test::Addresses(read, values) => read(connection).is_some_and(|value| values.contains(&value)),
            Test::Networks(read, values) => {
                read(connection).is_some_and(|value| values.iter().any(|network| network.holds(value)))
            }
            Test::Words(read, values) => read(connection).is_some_and(|value| values.contains(value)),
            Test::Sources(wanted) => wanted.get(usize::from(connection.source)).copied().unwrap_or(false),
        };
        matches != self.negated
    }
}

/// An address range by prefix length.
struct Network {
    first: u128,
    host_bits: u32,
    is_v4: bool,
}

impl Network {
    /// Reads `address/length`; an address alone is a network of one.
    fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let (first, width, is_v4) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32, true),
            IpAddr::V6(address) => (address.to_bits(), 128, false),
        };
        let length = length.map_or(Some(width), |length| length.parse().ok())?;
        let host_bits = u32::checked_sub(width, length)?;
        Some(Self { first: first.checked_shr(host_bits).unwrap_or(0), host_bits, is_v4 })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        address.is_ipv4() == self.is_v4 && bits.checked_shr(self.host_bits).unwrap_or(0) == self.first
    }
}

fn all<T, C: FromIterator<T>>(values: Vec<Value>, read: impl Fn(Value) -> Option<T>) -> Option<C> {
    values.into_iter().map(read).collect()
}

fn number(value: Value) -> Option<i128> {
    if let Value::Number(number) = value { Some(number) } else { None }
}

fn flag(value: Value) -> Option<bool> {
    if let Value::Flag(flag) = value { Some(flag) } else { None }
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}
