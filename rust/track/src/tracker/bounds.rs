//! How connections leave: after their end, after silence, for a successor, or for want of memory.
use crate::connection::{Connection, End, State};
use crate::entry::{IN, OUT, status};
use crate::lane::{Key, Path};
use crate::view;
use crate::wheel::Class;

use super::Tracker;

/// Connections that one call of `expire` looks at.
const EXPIRE_STEP: usize = 4096;

/// Connections that are tried, and put back for having been used since, before one is pushed out all the same.
const EVICT_TRIES: usize = 256;

/// Connections that are pushed out for one new one, at most. More than one is needed only where IPv6 addresses are
/// what lacks room.
const EVICT_LIMIT: usize = 64;

/// Whom to push out.
enum Candidate {
    Slot(u32),
    /// Nobody of this class.
    None,
    /// It takes more tries to tell.
    Unknown,
}

impl Tracker {
    /// Lets go what has been silent for too long, and reports what has ended, as of `now_ns`.
    ///
    /// To be called between batches, also while nothing arrives: with the clock's time, or with that of the latest
    /// packet where files are read. Does a bounded amount of work; returns whether more is due already.
    pub fn expire(&mut self, now_ns: u64) -> bool {
        let is_sweeping = self.names.sweep(&mut self.table);
        let is_shrinking = self.shrink();
        for _ in 0..EXPIRE_STEP {
            let Some(slot) = self.table.wheel.due(now_ns) else {
                return is_sweeping | is_shrinking;
            };
            self.table.prefetch_after(slot);
            self.look_at(slot, now_ns);
        }
        true
    }

    /// Pushes out some connections where there are more than the bound on memory allows. Returns whether there still
    /// are.
    fn shrink(&mut self) -> bool {
        for _ in 0..EXPIRE_STEP {
            if !self.table.slab.is_over_full() || !self.evict() {
                return false;
            }
        }
        self.table.slab.is_over_full()
    }

    fn look_at(&mut self, slot: u32, now_ns: u64) {
        let (class, deadline_ns) = self.deadline(slot, now_ns);
        if deadline_ns > now_ns {
            self.table.reschedule(slot, class, deadline_ns, now_ns);
            return;
        }
        let hot = &self.table.slab.hot[slot as usize];
        if hot.has(status::FROZEN) && self.limits.keeps_ended {
            self.table.reschedule(slot, class, now_ns.saturating_add(self.limits.ended_linger_ns), now_ns);
        } else if hot.has(status::FROZEN) {
            self.table.remove(slot);
        } else if hot.has(status::ENDED) {
            self.freeze(slot);
            let (class, deadline_ns) = self.deadline(slot, now_ns);
            self.table.reschedule(slot, class, deadline_ns, now_ns);
        } else {
            match class {
                _ if hot.state() == State::Active => self.counters.timeout_datagram += 1,
                Class::Open => self.counters.timeout_idle += 1,
                _ => self.counters.timeout_half_open += 1,
            }
            self.give_up(slot, End::Timeout, now_ns);
        }
    }

    /// What a connection is worth at a time, and when it is to be looked at.
    fn deadline(&self, slot: u32, now_ns: u64) -> (Class, u64) {
        let hot = &self.table.slab.hot[slot as usize];
        let limits = &self.limits;
        let (class, after_ns) = match hot.state() {
            _ if hot.has(status::FROZEN) => (Class::Ended, limits.ended_linger_ns),
            _ if hot.has(status::ENDED) => (Class::Ended, limits.ended_settle_ns),
            State::Active if self.is_answered(slot) => (Class::Open, limits.datagram_idle_ns),
            State::Active => (Class::HalfOpen, limits.datagram_idle_ns),
            State::Syn => (Class::HalfOpen, limits.half_open_ns),
            State::SynAck if limits.control_only => self.unproven(slot, now_ns),
            State::SynAck => (Class::HalfOpen, limits.half_open_ns),
            // Whoever closed one side will rarely be silent on the other for long.
            State::Fin => (Class::HalfOpen, limits.ended_linger_ns.max(limits.half_open_ns)),
            // A single stray packet is no connection yet.
            _ if self.is_single_packet(slot) => (Class::HalfOpen, limits.half_open_ns),
            _ => (Class::Open, limits.idle_ns),
        };
        (class, hot.last_ns.saturating_add(after_ns))
    }

    /// In control mode, whether a SYN-ACK was answered is not seen: who outlasts an attempt is taken for open. Until then a
    /// flood of attempts, answered or not, may push out others of that age, but none that is older.
    fn unproven(&self, slot: u32, now_ns: u64) -> (Class, u64) {
        let (hot, limits) = (&self.table.slab.hot[slot as usize], &self.limits);
        if hot.last_ns.saturating_add(limits.half_open_ns) <= now_ns {
            return (Class::Open, limits.idle_ns);
        }
        (if hot.packets[OUT] == 0 { Class::HalfOpen } else { Class::Unproven }, limits.half_open_ns)
    }

    fn is_answered(&self, slot: u32) -> bool {
        let packets = self.table.slab.hot[slot as usize].packets;
        packets[OUT] != 0 && packets[IN] != 0
    }

    fn is_single_packet(&self, slot: u32) -> bool {
        let packets = self.table.slab.hot[slot as usize].packets;
        view::is_joined(&self.table.slab.cold[slot as usize]) && packets[OUT].saturating_add(packets[IN]) == 1
    }

    /// Gives a new connection its first deadline.
    pub(super) fn schedule(&mut self, slot: u32, now_ns: u64) {
        let (class, deadline_ns) = self.deadline(slot, now_ns);
        self.table.schedule(slot, class, deadline_ns, now_ns);
    }

    pub(super) fn note_end(&mut self, slot: u32, end: End) {
        match end {
            End::Rst => self.counters.ended_rst += 1,
            _ => self.counters.ended_fin += 1,
        }
        let (class, deadline_ns) = self.deadline(slot, self.last_packet_ns);
        self.table.reschedule(slot, class, deadline_ns, deadline_ns);
    }

    /// Makes room in the index for a connection between the same ports. One whose end was seen stays visible.
    pub(super) fn replace(&mut self, slot: u32, now_ns: u64) {
        if self.table.slab.hot[slot as usize].has(status::ENDED) {
            self.table.unindex(slot);
        } else {
            self.counters.replaced += 1;
            self.give_up(slot, End::Replaced, now_ns);
        }
    }

    /// Enters a connection, for which others may have to go. None where nothing helps.
    pub(super) fn create(&mut self, path: &Path, key: &Key, direction: usize) -> Option<u32> {
        for _ in 0..EVICT_LIMIT {
            if let Ok(slot) = self.table.create(path, key, direction) {
                return Some(slot);
            }
            if !self.evict() {
                return None;
            }
        }
        None
    }

    /// Pushes out one connection: an ended one, else a half-open one, else the idlest that a few tries find.
    fn evict(&mut self) -> bool {
        for class in [Class::Ended, Class::HalfOpen, Class::Unproven, Class::Open] {
            match self.least_valuable(class) {
                Candidate::Slot(slot) => {
                    match class {
                        Class::Ended => self.counters.evicted_ended += 1,
                        Class::HalfOpen | Class::Unproven => self.counters.evicted_half_open += 1,
                        Class::Open => self.counters.evicted_idle += 1,
                    }
                    let source = self.table.slab.cold[slot as usize].source;
                    self.source(source).evicted += 1;
                    self.take_out(slot, End::Evicted);
                    return true;
                }
                Candidate::Unknown => return false,
                Candidate::None => {}
            }
        }
        false
    }

    /// Whoever has become more valuable meanwhile is moved on the way: once for each change, so that this is cheap on
    /// the whole. While there may be less valuable ones behind many of those, nothing better is pushed out.
    fn least_valuable(&mut self, class: Class) -> Candidate {
        let mut last_tried = Candidate::Unknown;
        for _ in 0..EVICT_TRIES {
            let Some(slot) = self.table.wheel.earliest(class) else { return Candidate::None };
            let (actual, deadline_ns) = self.deadline(slot, self.last_packet_ns);
            let cold = &mut self.table.slab.cold;
            let has_moved = self.table.wheel.bring_up_to_date(cold, slot, actual, deadline_ns);
            if !has_moved {
                return Candidate::Slot(slot);
            }
            if actual == class {
                last_tried = Candidate::Slot(slot);
            }
        }
        last_tried
    }

    /// Follows a connection no longer: it stays visible where all do.
    fn give_up(&mut self, slot: u32, end: End, now_ns: u64) {
        if !self.limits.keeps_ended {
            return self.take_out(slot, end);
        }
        self.table.unindex(slot);
        self.table.slab.hot[slot as usize].set(if end == End::Timeout { status::TIMEOUT } else { status::REPLACED });
        self.freeze(slot);
        self.table.reschedule(slot, Class::Ended, now_ns.saturating_add(self.limits.ended_linger_ns), now_ns);
    }

    /// Takes a connection out of the table, and reports it unless that was done.
    fn take_out(&mut self, slot: u32, end: End) {
        if !self.table.slab.hot[slot as usize].has(status::FROZEN) {
            self.report(slot, Some(end));
        }
        self.table.remove(slot);
    }

    fn freeze(&mut self, slot: u32) {
        self.report(slot, None);
        self.table.retire(slot);
    }

    fn report(&mut self, slot: u32, end: Option<End>) {
        if self.limits.ended_queue == 0 {
            return;
        }
        if self.ended.len() >= self.limits.ended_queue {
            self.ended.pop_front();
            self.counters.ended_queue_overflow += 1;
        }
        self.ended.push_back(view::connection(&self.table, slot, end, self.rules.control_only));
    }

    /// Reports the connections that have ended and still wait for their last packets: before a tracker is given up.
    pub fn flush(&mut self) {
        for slot in 0..self.table.slab.hot.len() as u32 {
            let hot = &self.table.slab.hot[slot as usize];
            if !hot.is_free() && hot.has(status::ENDED) && !hot.has(status::FROZEN) {
                self.freeze(slot);
            }
        }
    }

    /// From now on, connections whose cluster is away wait for it, as many as the queue of ended ones may be; or they
    /// do no more, and all that waited can be taken.
    pub fn set_holding(&mut self, is_holding: bool) {
        self.held.set_holding(is_holding);
    }

    /// The connections that came to wait since the last call, at most `max`. They are taken later all the same.
    pub fn held_news(&mut self, max: usize) -> Vec<Connection> {
        self.held.news(max)
    }

    /// The connections that ended or were let go since the last call, oldest first, at most `max`.
    pub fn take_ended(&mut self, max: usize) -> Vec<Connection> {
        let mut rows = Vec::with_capacity(max.min(self.ended.len() + self.held.len()));
        while rows.len() < max {
            let Some(mut row) = self.held.release().or_else(|| self.ended.pop_front()) else { break };
            self.names.judge(&mut row);
            rows.extend(self.held.hold(row, self.limits.ended_queue));
        }
        rows
    }
}
