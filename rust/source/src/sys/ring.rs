//! The receive ring that the kernel shares with us: blocks of frames, handed over and given back (packet_mmap.rst).

use std::ffi::c_uint;
use std::io;
use std::mem::{offset_of, size_of};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libc::{TP_STATUS_KERNEL, TP_STATUS_USER, TP_STATUS_VLAN_VALID, tpacket_hdr_v1, tpacket3_hdr};
use memmap2::{MmapOptions, MmapRaw};

use crate::sys::socket::Socket;

const FRAME_BYTES: usize = 2048;
/// Where the block's own header begins behind `version` and `offset_to_priv`.
const HEADER: usize = 2 * size_of::<u32>();
const STATUS: usize = HEADER + offset_of!(tpacket_hdr_v1, block_status);
const COUNT: usize = HEADER + offset_of!(tpacket_hdr_v1, num_pkts);
const FIRST: usize = HEADER + offset_of!(tpacket_hdr_v1, offset_to_first_pkt);

/// Bytes of a cache line, and how far ahead of the walk through a block its lines are asked for.
const LINE: usize = 64;
const AHEAD: usize = 1024;

/// How a ring is cut into blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    block_bytes: usize,
    blocks: usize,
    /// Milliseconds after which the kernel hands over a block that is not full: how late a lone packet is seen.
    patience: c_uint,
}

impl Shape {
    /// A ring of about `bytes`, at least 256 KiB and at most 2 GiB, in blocks of 64 KiB to 1 MiB that are handed over
    /// after `patience` at the latest.
    pub(crate) fn of(bytes: usize, patience: Duration) -> Self {
        let bytes = bytes.clamp(256 << 10, 2 << 30);
        let block_bytes = (bytes / 64).clamp(64 << 10, 1 << 20);
        let block_bytes = 1 << block_bytes.ilog2();
        let patience = patience.as_millis() as c_uint;
        Self { block_bytes, blocks: bytes / block_bytes, patience }
    }

    pub(crate) fn blocks(self) -> usize {
        self.blocks
    }

    pub(crate) fn request(self) -> libc::tpacket_req3 {
        libc::tpacket_req3 {
            tp_block_size: self.block_bytes as c_uint,
            tp_block_nr: self.blocks as c_uint,
            tp_frame_size: FRAME_BYTES as c_uint,
            tp_frame_nr: (self.block_bytes / FRAME_BYTES * self.blocks) as c_uint,
            tp_retire_blk_tov: self.patience,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        }
    }
}

/// The mapped ring. Its memory lives on until it is dropped, also when the socket is closed before.
pub(crate) struct Ring {
    map: MmapRaw,
    shape: Shape,
    next: usize,
}

/// One frame in a block, checked to lie within it.
pub(crate) struct RingFrame<'a> {
    pub(crate) ts_ns: u64,
    pub(crate) wire_len: u32,
    pub(crate) data: &'a [u8],
    pub(crate) vlan: Option<u16>,
}

/// A block that is ours until it is dropped.
pub(crate) struct Block<'a> {
    ring: &'a Ring,
    at: usize,
}

impl Ring {
    /// Maps the ring that was made on `socket` with this shape.
    pub(crate) fn map(socket: &Socket, shape: Shape) -> io::Result<Self> {
        let map = MmapOptions::new().len(shape.block_bytes * shape.blocks).map_raw(socket.descriptor())?;
        Ok(Self { map, shape, next: 0 })
    }

    /// Whether the kernel has handed over the next block.
    pub(crate) fn is_ready(&self) -> bool {
        self.status().load(Ordering::Acquire) & TP_STATUS_USER != 0
    }

    /// The next block, if the kernel has handed it over.
    pub(crate) fn next_block(&mut self) -> Option<Block<'_>> {
        if !self.is_ready() {
            return None;
        }
        let at = self.next;
        self.next = (at + 1) % self.shape.blocks;
        Some(Block { ring: self, at })
    }

    fn status_of(&self, block: usize) -> &AtomicU32 {
        // SAFETY: `base` is the begin of a block, a page boundary, and a block is larger than its header: the field
        // lies within the mapping and is aligned. It is only ever touched as an atomic while the kernel may write it.
        unsafe { &*self.base(block).add(STATUS).cast::<AtomicU32>() }
    }

    fn status(&self) -> &AtomicU32 {
        self.status_of(self.next)
    }

    fn base(&self, block: usize) -> *mut u8 {
        debug_assert!(block < self.shape.blocks);
        // SAFETY: `block` is below the number of blocks, so that the block lies within the mapping.
        unsafe { self.map.as_mut_ptr().add(block * self.shape.block_bytes) }
    }
}

impl Block<'_> {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the block lies within the mapping, which outlives `self`; the kernel does not write to a block that
        // it has handed over until `drop` gives it back.
        unsafe { std::slice::from_raw_parts(self.ring.base(self.at), self.ring.shape.block_bytes) }
    }

    /// The frames of the block in the order of their arrival.
    pub(crate) fn frames(&self) -> impl Iterator<Item = RingFrame<'_>> {
        let bytes = self.bytes();
        let mut left = number(bytes, COUNT).unwrap_or(0);
        let mut at = number(bytes, FIRST).unwrap_or(0) as usize;
        let mut asked = at;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            // Another processor has just written this: it is asked for well before it is read.
            while asked < at + AHEAD {
                prefetch(bytes, asked);
                asked += LINE;
            }
            let (frame, next) = frame_at(bytes, at)?;
            at = at.checked_add(next)?;
            Some(frame)
        })
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.ring.status_of(self.at).store(TP_STATUS_KERNEL, Ordering::Release);
    }
}

/// Starts loading the cache line of `bytes[at]`; does nothing where there is no such byte.
#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch(bytes: &[u8], at: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    if let Some(byte) = bytes.get(at) {
        // SAFETY: the pointer comes from a reference; a prefetch reads nothing that the program could observe. SSE is
        // part of every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast()) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn prefetch(_bytes: &[u8], _at: usize) {}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes([field[0], field[1], field[2], field[3]]))
}

/// The frame whose header is at `at`, and how far the next one is.
fn frame_at(bytes: &[u8], at: usize) -> Option<(RingFrame<'_>, usize)> {
    let header = bytes.get(at..at.checked_add(size_of::<tpacket3_hdr>())?)?;
    let field = |offset| number(header, offset);
    let from = offset_of!(tpacket3_hdr, tp_mac);
    let from = at + usize::from(u16::from_ne_bytes([header[from], header[from + 1]]));
    let captured = field(offset_of!(tpacket3_hdr, tp_snaplen))? as usize;
    let seconds = u64::from(field(offset_of!(tpacket3_hdr, tp_sec))?);
    let fraction = u64::from(field(offset_of!(tpacket3_hdr, tp_nsec))?);
    let status = field(offset_of!(tpacket3_hdr, tp_status))?;
    let tag = field(offset_of!(tpacket3_hdr, hv1) + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci))?;
    let frame = RingFrame {
        ts_ns: seconds * 1_000_000_000 + fraction,
        wire_len: field(offset_of!(tpacket3_hdr, tp_len))?,
        data: bytes.get(from..from.checked_add(captured)?)?,
        // The lower 12 bits of the tag control information are the VLAN identifier (IEEE 802.1Q §9.6).
        vlan: (status & TP_STATUS_VLAN_VALID != 0).then_some((tag & 0x0fff) as u16),
    };
    Some((frame, field(offset_of!(tpacket3_hdr, tp_next_offset))? as usize))
}
