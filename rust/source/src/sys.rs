//! The only unsafe code of this crate: mapped files, packet sockets, and the rings they share with the kernel.
//!
//! Everything public here is safe to call in any order; what the kernel or another process writes is checked before use.
#![allow(unsafe_code)]

mod file;
mod ring;
mod socket;

pub(crate) use file::FileMap;
pub(crate) use ring::{Ring, Shape};
pub(crate) use socket::{Socket, Wake, interface_flags, interface_hardware, interface_index};
