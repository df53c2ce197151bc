//! Fields → connections. TCP states, latencies, stream bytes, the names of both sides by time, and bounds on memory.
//!
//! Enters: batches of captured frames with their times, tunnels to look into, claims on addresses. Leaves: connections,
//! live and ended, and counters. No I/O, no threads, no locks and no clock: time is an argument, in nanoseconds since
//! the Unix epoch. Nothing is allocated for a packet, and everything that is kept has a bound.

mod ahead;
mod book;
mod connection;
mod copies;
mod counters;
mod encrypted;
mod entry;
mod fragments;
mod frame;
mod gaps;
mod hash;
mod held;
mod index;
mod lane;
mod learn;
mod limits;
mod names;
mod ports;
mod prefetch;
mod scopes;
mod slab;
mod spread;
mod story;
mod table;
mod tracker;
mod view;
mod wheel;

pub use ahead::{Preview, Sheaf};
pub use book::{Place, ProtoPort, Span};
pub use connection::{Connection, End, Reason, State};
pub use counters::{Counters, SourceCounters};
pub use encrypted::EncryptedPair;
pub use frame::Frame;
pub use learn::{Guess, Sample};
pub use limits::Limits;
pub use scopes::Scope;
pub use spread::{Share, Spread, Stragglers};
pub use tracker::Tracker;
pub use wire::{Encap, LinkType, Outcome, OverlaySpec};
