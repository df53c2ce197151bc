//! The only unsafe code of this crate: packet sockets, and the rings they share with the kernel.
//!
//! Everything public here is safe to call in any order; what the kernel writes is checked before use.
#![allow(unsafe_code)]

mod pages;
mod poll;
mod ring;
mod socket;

pub use pages::LargePages;
#[cfg(test)]
pub(crate) use poll::make_fifo;
pub(crate) use poll::wait_readable;
pub(crate) use ring::{Ring, Shape};
pub(crate) use socket::{Socket, Wake, interface_flags, interface_hardware, interface_index};
