"""Time as a value that is passed in, so that nothing below the composition root reads a clock by itself."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in nanoseconds since the Unix epoch."""

    def now_ns(self) -> int:
        """Return the wall-clock time in nanoseconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now_ns(self) -> int:
        """Return the machine's time in nanoseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns()


class FixedClock:
    """A clock that stands still until it is moved: for tests, and for capture files, where now is the last packet."""

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the time that was last set, in nanoseconds since 1970-01-01T00:00:00Z."""
        return self._now_ns

    def set_ns(self, now_ns: int) -> None:
        """Move the clock to `now_ns`, in either direction."""
        self._now_ns = now_ns
