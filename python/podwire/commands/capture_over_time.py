"""What the counters of packet sources grew by in a window of time, from samples of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from podwire.catalog.capture import CAPTURE
from podwire.commands.answer import Row

COUNTERS = tuple(
    column.name for column in CAPTURE.columns if column.type.is_number and not column.name.endswith("time")
)
"""The columns that only grow while podwire runs."""


def grown(
    samples: Iterable[Mapping[str, Any]], *, start_ns: int | None, end_ns: int | None, interval_ns: int | None
) -> list[Row]:
    """Return a row an interface and interval, or one an interface, with what was counted in the window.

    A sample has `recorded-time` and the counters since podwire's start; what was counted between two samples belongs to
    the time of the later one. Counters that are smaller than before began anew.
    """
    rows: dict[tuple[int | None, str], Row] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for sample in sorted(samples, key=lambda each: int(each["recorded-time"])):
        name, at_ns = str(sample["interface"]), int(sample["recorded-time"])
        before = last.get(name)
        last[name] = sample
        if (start_ns is not None and at_ns < start_ns) or (end_ns is not None and at_ns > end_ns):
            continue
        time = None if interval_ns is None else _interval_start(at_ns, start_ns or 0, interval_ns)
        row = rows.setdefault((time, name), _new_row(name, time, before or sample))
        _add(row, before, sample)
    return list(rows.values())


def _interval_start(at_ns: int, start_ns: int, interval_ns: int) -> int:
    return start_ns + (at_ns - start_ns) // interval_ns * interval_ns


def _new_row(name: str, time: int | None, first: Mapping[str, Any]) -> Row:
    return {**dict.fromkeys(COUNTERS, 0), "interface": name, "time": time, "from-time": first["recorded-time"]}


def _add(row: Row, before: Mapping[str, Any] | None, sample: Mapping[str, Any]) -> None:
    began_anew = before is None or any(_count(sample, name) < _count(before, name) for name in ("packets", "bytes"))
    for name in COUNTERS:
        base = 0 if began_anew or before is None else _count(before, name)
        row[name] += max(0, _count(sample, name) - base)
    row |= {"state": sample["state"], "mode": sample["mode"], "until-time": sample["recorded-time"]}


def _count(sample: Mapping[str, Any], name: str) -> int:
    return int(sample.get(name) or 0)
