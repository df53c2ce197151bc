"""The time window of a question, and what the time options of a show command make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podwire.support.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """A closed span of time in nanoseconds since the epoch; None is open. A row is in it if it overlaps."""

    start_ns: int | None = None
    end_ns: int | None = None
    interval_ns: int | None = None
    """Where set: sample the window at this interval, one row a sample."""

    @property
    def asks_for_past(self) -> bool:
        """True where a time option was given: the answer is not just what is there now."""
        return self != Window()

    def overlaps(self, first_ns: int | None, last_ns: int | None) -> bool:
        """Say whether something that lasted from first to last was there during the window."""
        after_start = self.start_ns is None or (last_ns is not None and last_ns >= self.start_ns)
        before_end = self.end_ns is None or (first_ns is not None and first_ns <= self.end_ns)
        return after_start and before_end


def make_window(given: Mapping[str, Any], now_ns: int) -> Window:
    """Work out the window of raw option values; where several speak of the same end, the narrower one holds.

    Raises UsageError where they leave no time.
    """
    starts = [given.get("start-time"), 0 if given.get("since-start") else None]
    ends = [given.get("end-time")]
    duration = given.get("duration")
    if duration is not None and starts[0] is not None:
        ends.append(starts[0] + duration)
    elif duration is not None:
        starts.append((ends[0] if ends[0] is not None else now_ns) - duration)
    if "within-last" in given:
        starts.append(now_ns - given["within-last"])
    if "older-than" in given:
        ends.append(now_ns - given["older-than"])
    if given.get("interval") == 0:
        msg = "interval: it must be longer than 0"
        raise UsageError(msg)
    start = max((start for start in starts if start is not None), default=None)
    end = min((end for end in ends if end is not None), default=None)
    if start is not None and end is not None and start > end:
        msg = "The time options leave no time: the window would start after its end"
        raise UsageError(msg)
    return Window(start, end, given.get("interval"))
