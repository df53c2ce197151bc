//! The memory that connections live in: slots that keep their number, taken from the end or from those given back.
//!
//! The room for as many as the limit allows is reserved at once and touched only as it fills, so that the table never
//! moves: the operating system gives real memory on first touch.
use crate::entry::{Cold, Hot, NONE, Wide};
use crate::{index, prefetch};

/// Bytes that one connection takes at most, its share of the index included.
pub(crate) const ENTRY_BYTES: usize = size_of::<Hot>() + size_of::<Cold>() + index::MAX_BYTES_PER_ENTRY;
/// Bytes more for each pair of IPv6 addresses that it has.
pub(crate) const WIDE_BYTES: usize = size_of::<Wide>();

/// This share of the memory is left to IPv6 addresses even where IPv4 connections would fill it all.
const WIDE_SHARE: usize = 16;

#[derive(Debug)]
pub(crate) struct Slab {
    pub hot: Vec<Hot>,
    pub cold: Vec<Cold>,
    pub wide: Vec<Wide>,
    free: u32,
    free_wide: Vec<u32>,
    max_bytes: usize,
    len: usize,
}

/// What a new connection lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Connections, and pairs of IPv6 addresses, that ever fit: all plain, or all with two pairs.
fn most(max_bytes: usize) -> (usize, usize) {
    let entries = (max_bytes / ENTRY_BYTES).min(NONE as usize - 1);
    (entries, 2 * (max_bytes / (ENTRY_BYTES + 2 * WIDE_BYTES)))
}

impl Slab {
    pub fn new(max_bytes: usize) -> Self {
        let mut slab = Self {
            hot: Vec::new(),
            cold: Vec::new(),
            wide: Vec::new(),
            free: NONE,
            free_wide: Vec::new(),
            max_bytes,
            len: 0,
        };
        slab.reserve();
        slab
    }

    /// Where the system refuses to promise that much, the vectors grow as they fill.
    fn reserve(&mut self) {
        let (entries, wide) = most(self.max_bytes);
        let promised = self.hot.try_reserve_exact(entries).is_ok()
            && self.cold.try_reserve_exact(entries).is_ok()
            && self.wide.try_reserve_exact(wide).is_ok();
        if !promised {
            (self.hot, self.cold, self.wide) = (Vec::new(), Vec::new(), Vec::new());
        }
    }

    /// Both parts of a connection.
    #[inline]
    pub fn both(&mut self, slot: u32) -> (&mut Hot, &mut Cold) {
        (&mut self.hot[slot as usize], &mut self.cold[slot as usize])
    }

    /// Starts loading what few packets need of a connection.
    #[inline]
    pub fn prefetch_cold(&self, slot: u32) {
        prefetch::element(&self.cold, slot as usize);
        prefetch::end_of_element(&self.cold, slot as usize);
    }

    /// Starts loading the slot that the next new connection gets.
    #[inline]
    pub fn prefetch_free(&self) {
        if self.free != NONE {
            prefetch::element(&self.hot, self.free as usize);
            self.prefetch_cold(self.free);
        }
    }

    /// Slots in use.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.hot.len() * (size_of::<Hot>() + size_of::<Cold>()) + self.wide.len() * WIDE_BYTES
    }

    /// Changes the bound. What is in the table stays until others push it out.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
        let (entries, wide) = most(max_bytes);
        // Where the system refuses, they grow as they fill.
        let _ = self.hot.try_reserve_exact(entries.saturating_sub(self.hot.len()));
        let _ = self.cold.try_reserve_exact(entries.saturating_sub(self.cold.len()));
        let _ = self.wide.try_reserve_exact(wide.saturating_sub(self.wide.len()));
    }

    /// Whether there are more connections than the bound allows, as after it was lowered.
    pub fn is_over_full(&self) -> bool {
        !self.allows(self.len)
    }

    fn allows(&self, connections: usize) -> bool {
        let wide = (self.wide.len() - self.free_wide.len()) * WIDE_BYTES;
        connections * ENTRY_BYTES + wide.max(self.max_bytes / WIDE_SHARE) <= self.max_bytes
    }

    /// Whether a new connection with so many pairs of IPv6 addresses fits.
    pub fn check_room(&self, pairs: usize) -> Result<(), Full> {
        let entries = self.hot.len() * ENTRY_BYTES;
        let wide = self.wide.len() * WIDE_BYTES;
        let for_wide = wide.max(self.max_bytes / WIDE_SHARE);
        let has_free = self.free != NONE && (entries <= self.max_bytes || self.allows(self.len + 1));
        let has_slot = has_free || entries + ENTRY_BYTES + for_wide <= self.max_bytes;
        let wide_limit = self.max_bytes.saturating_sub(entries).max(self.max_bytes / WIDE_SHARE);
        let more = pairs.saturating_sub(self.free_wide.len());
        let has_wide = more == 0 || wide + more * WIDE_BYTES <= wide_limit;
        if has_slot && has_wide { Ok(()) } else { Err(Full) }
    }

    /// A slot for a new connection, empty.
    pub fn take(&mut self) -> u32 {
        self.len += 1;
        if self.free != NONE {
            let slot = self.free;
            self.free = self.cold[slot as usize].next;
            self.hot[slot as usize] = Hot::default();
            self.cold[slot as usize] = Cold::default();
            return slot;
        }
        self.hot.push(Hot::default());
        self.cold.push(Cold::default());
        (self.hot.len() - 1) as u32
    }

    pub fn take_wide(&mut self, wide: Wide) -> u32 {
        if let Some(slot) = self.free_wide.pop() {
            self.wide[slot as usize] = wide;
            return slot;
        }
        self.wide.push(wide);
        (self.wide.len() - 1) as u32
    }

    pub fn give_back(&mut self, slot: u32) {
        self.hot[slot as usize].set_free();
        self.cold[slot as usize].next = self.free;
        self.free = slot;
        self.len -= 1;
    }

    pub fn give_back_wide(&mut self, slot: u32) {
        self.free_wide.push(slot);
    }

    /// Forgets everything and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::new(self.max_bytes);
    }
}
