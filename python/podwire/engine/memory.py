"""Gives memory that is free but kept by the allocators back to the system."""

from __future__ import annotations

import ctypes
import sys


def return_free_memory() -> None:
    """Return free pages of the C library's heaps and of Arrow's pool; what is in use is not touched.

    Many threads that each take and free some memory leave holes in every heap, which glibc keeps (malloc_trim(3)), so
    that a daemon seems to grow for an hour. Without glibc, only Arrow's pool is asked.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
