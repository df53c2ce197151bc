//! Asks the processor for memory that is needed soon. The only unsafe code of the crate.
#![allow(unsafe_code, reason = "the prefetch instruction takes a raw pointer")]

/// Starts loading the cache line of `slice[index]`; does nothing where there is no such element.
#[inline]
pub(crate) fn element<T>(slice: &[T], index: usize) {
    if let Some(element) = slice.get(index) {
        line(element);
    }
}

/// The same where `index` is known to be within `slice`; does no harm where it is not.
#[inline]
pub(crate) fn known<T>(slice: &[T], index: usize) {
    line_at(slice.as_ptr().wrapping_add(index).cast());
}

/// The same for what is `offset` bytes behind the beginning of `bytes`, be it within them or not.
#[inline]
pub(crate) fn behind(bytes: &[u8], offset: usize) {
    line_at(bytes.as_ptr().wrapping_add(offset));
}

/// The same for the cache line in which the element ends.
#[inline]
pub(crate) fn end_of_element<T>(slice: &[T], index: usize) {
    if let Some(element) = slice.get(index) {
        line_at(core::ptr::from_ref(element).cast::<u8>().wrapping_add(size_of::<T>() - 1));
    }
}

#[inline]
fn line<T>(target: &T) {
    line_at(core::ptr::from_ref(target).cast());
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn line_at(target: *const u8) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing that the program could observe, and does nothing where there is no memory at the
    // address, whatever it is. SSE is part of every x86-64 processor.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(target.cast::<i8>()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn line_at(_target: *const u8) {}
