//! A transmit ring that the kernel shares with us: frames are written into slots, and one call sends many (packet(7),
//! packet_mmap.rst, version 2 of its headers).
#![allow(unsafe_code)]
use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::send::sys::{Socket, checked};

/// Where a frame begins in its slot, behind the kernel's header.
const DATA: usize = size_of::<libc::tpacket2_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);
/// What stands before each frame there: a `virtio_net_hdr`, all zero but for the bytes that are headers. All of a frame
/// counts as such, so that the kernel copies it at once: what stays in the ring's pages, a veth pair copies later, at
/// more cost.
const VIRTUAL: usize = 10;
const HEADER_LENGTH: usize = 2;
const STATUS: usize = offset_of!(libc::tpacket2_hdr, tp_status);
const LENGTH: usize = offset_of!(libc::tpacket2_hdr, tp_len);
const PAGE: usize = 4096;
/// Of linux/if_packet.h.
const PACKET_VNET_HDR: libc::c_int = 15;
/// A frame and its header are smaller than a block.
pub const LONGEST: usize = (64 << 10) - DATA - VIRTUAL;

/// The mapped ring, and the slot that the next frame goes into.
pub struct Ring<'a> {
    socket: &'a Socket,
    memory: *mut u8,
    bytes: usize,
    /// Bytes of a slot.
    slot: usize,
    slots: usize,
    next: usize,
}

impl<'a> Ring<'a> {
    /// Makes a ring of `slots` or more for frames of at most `longest` bytes.
    pub fn make(socket: &'a Socket, longest: usize, slots: usize) -> io::Result<Self> {
        let slot = (DATA + VIRTUAL + longest.min(LONGEST)).next_power_of_two().max(2 * DATA);
        let block = slot.max(PAGE);
        let blocks = (slots * slot).div_ceil(block);
        let bytes = block * blocks;
        let shape = libc::tpacket_req {
            tp_block_size: block as libc::c_uint,
            tp_block_nr: blocks as libc::c_uint,
            tp_frame_size: slot as libc::c_uint,
            tp_frame_nr: (bytes / slot) as libc::c_uint,
        };
        socket.set(PACKET_VNET_HDR, &(1 as libc::c_int))?;
        socket.set(libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as libc::c_int))?;
        socket.set(libc::PACKET_TX_RING, &shape)?;
        let (reach, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
        // SAFETY: a new mapping of the ring's size wherever the kernel likes.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, reach, kind, socket.descriptor().as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { socket, memory: memory.cast(), bytes, slot, slots: bytes / slot, next: 0 })
    }

    /// Writes a frame into the next slot; false where the kernel has not sent what is in it.
    pub fn put(&mut self, frame: &[u8]) -> bool {
        if !self.is_free(self.next) {
            return false;
        }
        let length = frame.len().min(self.slot - DATA - VIRTUAL);
        let at = self.next * self.slot;
        // SAFETY: the slot lies within the mapping and is ours while its status says so; all that is
        // written fits into it, and both lengths lie at multiples of their size.
        unsafe {
            std::ptr::copy_nonoverlapping(frame.as_ptr(), self.memory.add(at + DATA + VIRTUAL), length);
            self.memory.add(at + DATA + HEADER_LENGTH).cast::<u16>().write(length as u16);
            self.memory.add(at + LENGTH).cast::<u32>().write((VIRTUAL + length) as u32);
        }
        self.status(self.next).store(libc::TP_STATUS_SEND_REQUEST, Ordering::Release);
        self.next = (self.next + 1) % self.slots;
        true
    }

    /// Has the kernel send what was put in, without waiting for all of it to be done.
    pub fn send(&self) -> io::Result<()> {
        // SAFETY: no memory is passed.
        let sent = unsafe { libc::send(self.socket.descriptor().as_raw_fd(), std::ptr::null(), 0, libc::MSG_DONTWAIT) };
        match checked(sent as libc::c_int) {
            Ok(_) => Ok(()),
            // No room on its way: the slots stay as they are, and the next call takes them up.
            Err(reason) if matches!(reason.raw_os_error(), Some(libc::ENOBUFS | libc::EAGAIN)) => Ok(()),
            Err(reason) => Err(reason),
        }
    }

    /// Whether the kernel has sent all that was put in.
    pub fn is_empty(&self) -> bool {
        (0..self.slots).all(|slot| self.is_free(slot))
    }

    fn is_free(&self, slot: usize) -> bool {
        self.status(slot).load(Ordering::Acquire) == libc::TP_STATUS_AVAILABLE
    }

    fn status(&self, slot: usize) -> &AtomicU32 {
        assert!(slot < self.slots);
        // SAFETY: the field lies within the mapping, since there is such a slot; it is aligned, and only ever touched as
        // an atomic.
        unsafe { &*self.memory.add(slot * self.slot + STATUS).cast::<AtomicU32>() }
    }
}

impl Drop for Ring<'_> {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing borrows from it any more.
        unsafe { libc::munmap(self.memory.cast(), self.bytes) };
    }
}
