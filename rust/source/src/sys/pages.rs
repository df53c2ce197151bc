//! Large pages for large tables: a table of millions of connections is touched at random, and with pages of 4 KiB the
//! processor would have to look most of them up (madvise(2), MADV_HUGEPAGE).

use std::alloc::{GlobalAlloc, Layout, System};

/// What is smaller gains nothing.
const LARGE: usize = 16 << 20;
/// The size of a large page on x86-64, and of most elsewhere.
const LARGE_PAGE: usize = 2 << 20;

/// The system's allocator, which asks for large pages where a piece of memory is large. Only what is touched becomes
/// real memory, in either size of page.
#[derive(Debug)]
pub struct LargePages;

/// Asks for large pages within this memory. Where the system refuses, nothing is lost but time.
fn advise(start: *mut u8, size: usize) {
    let first = (start as usize).next_multiple_of(LARGE_PAGE);
    let end = (start as usize + size) & !(LARGE_PAGE - 1);
    if !start.is_null() && first < end {
        // SAFETY: whole pages within memory that was just given to us; the advice changes nothing of what is in them.
        unsafe { libc::madvise(start.wrapping_add(first - start as usize).cast(), end - first, libc::MADV_HUGEPAGE) };
    }
}

// SAFETY: all memory is the system allocator's, which is told of exactly what our callers tell us.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the same promises that `System` asks for.
        let start = unsafe { System.alloc(layout) };
        if layout.size() >= LARGE {
            advise(start, layout.size());
        }
        start
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let start = unsafe { System.alloc_zeroed(layout) };
        if layout.size() >= LARGE {
            advise(start, layout.size());
        }
        start
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`; the memory came from `System`.
        let start = unsafe { System.realloc(start, layout, size) };
        if size >= LARGE {
            advise(start, size);
        }
        start
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as in `realloc`.
        unsafe { System.dealloc(start, layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_was_asked_for() {
        for size in [100, LARGE - 1, LARGE, 3 * LARGE + 5] {
            let mut bytes: Vec<u8> = vec![0; size];
            assert!(bytes.iter().all(|&byte| byte == 0));
            bytes[size - 1] = 7;
            bytes.resize(size + LARGE, 1);
            assert_eq!((bytes[size - 1], bytes[size], bytes[size + LARGE - 1]), (7, 1, 1));
        }
    }
}
