//! Where frames come from: capture files merged by time, packet rings of network interfaces, and the kernel filters in
//! front of them. What the bytes mean is for `wire`, what the packets tell is for `track`.
//!
//! Every source lends its frames in batches, from where they were read to. `sys` alone holds unsafe code.

mod ahead;
pub mod error;
pub mod filter;
pub mod frames;
pub mod input;
pub mod interface;
pub mod merge;
pub mod monitor;
pub mod pcap;
pub mod pcapng;
mod port;
mod rotated;
mod stored;
mod sys;
#[cfg(test)]
mod testing;
mod unpack;
mod window;

pub use error::{Error, Result};
pub use filter::{Interest, Mode, Ports};
pub use frames::{BATCH_FRAMES, Frames, open};
pub use input::{Progress, stored_bytes};
pub use interface::{Interface, Options};
pub use merge::{Merged, PIECE_FRAMES};
pub use monitor::{Monitor, State};
pub use rotated::open_many;
pub use sys::LargePages;
