//! Ended connections whose names are waited for: their cluster is away, and may tell when it comes back.
use std::collections::VecDeque;

use crate::connection::{Connection, Reason};

#[derive(Debug, Default)]
pub(crate) struct Held {
    rows: VecDeque<Connection>,
    /// So many of the first rows were told already.
    told: usize,
    is_holding: bool,
}

impl Held {
    /// Holds from now on what comes without a name for that reason, or nothing more.
    pub fn set_holding(&mut self, is_holding: bool) {
        self.is_holding = is_holding;
    }

    /// Takes a row that was judged, where it has to wait and there is room; gives it back otherwise.
    pub fn hold(&mut self, row: Connection, most: usize) -> Option<Connection> {
        let is_waiting = self.is_holding && [row.src_reason, row.dst_reason].contains(&Reason::Away);
        if !is_waiting || self.rows.len() >= most {
            return Some(row);
        }
        self.rows.push_back(row);
        None
    }

    /// The row that waited longest, once nothing is held any more.
    pub fn release(&mut self) -> Option<Connection> {
        if self.is_holding {
            return None;
        }
        self.told = self.told.saturating_sub(1);
        self.rows.pop_front()
    }

    /// The rows that came to wait since the last call, at most `max`: so that somebody knows of them meanwhile.
    pub fn news(&mut self, max: usize) -> Vec<Connection> {
        let news: Vec<Connection> = self.rows.iter().skip(self.told).take(max).cloned().collect();
        self.told += news.len();
        news
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.told = 0;
    }
}
