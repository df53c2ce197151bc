"""Applies a query to rows: filter, window, order, limit. Every noun's show command ends here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query, Window
from podwire.support.errors import UsageError

MOST_SAMPLES = 100_000
"""Rows that `interval` may make; a finer question is refused rather than answered in part."""


def answer_rows(query: Query, rows: Iterable[Row], *, now_ns: int, notes: Iterable[str] = ()) -> Answer:
    """Return what `query` asks of `rows` (all columns, raw values)."""
    given = list(rows)
    kept = list(_filtered(query, given, now_ns))
    for name, descending in reversed(query.sort):
        kept.sort(key=lambda row: _sort_key(row.get(name)), reverse=descending)
    shown = kept[: query.limit] if query.limit else kept
    names = [column.name for column in query.columns]
    return Answer(
        rows=[{name: row.get(name) for name in names} for row in shown],
        columns=names,
        count=len(kept),
        notes=list(notes) or _no_match(query, given, kept),
    )


def _no_match(query: Query, given: list[Row], kept: list[Row]) -> list[str]:
    """Tell an answer that is empty for its filters from an empty table."""
    if kept or not given:
        return []
    return [f"Nothing matches; without filters {query.noun.show_command} has {len(given)}."]


def answer_ready(query: Query, rows: list[Row], *, count: int, notes: Iterable[str] = ()) -> Answer:
    """Return rows that are already filtered, ordered and cut."""
    names = [column.name for column in query.columns]
    return Answer(
        rows=[{name: row.get(name) for name in names} for row in rows], columns=names, count=count, notes=list(notes)
    )


def _filtered(query: Query, rows: Iterable[Row], now_ns: int) -> Iterator[Row]:
    for row in _in_window(query, rows, now_ns):
        if all(condition.matches(row) for condition in query.conditions):
            yield row


def _in_window(query: Query, rows: Iterable[Row], now_ns: int) -> Iterator[Row]:
    if query.noun.times is None or query.window == Window():
        yield from rows
        return
    first, last = query.noun.times
    left = MOST_SAMPLES
    for row in rows:
        if not query.window.overlaps(row.get(first), row.get(last)):
            continue
        if query.window.interval_ns is None:
            yield row
            continue
        for sample in _samples(query.window, row[first], row[last], now_ns):
            left -= 1
            if left < 0:
                msg = f"interval: more than {MOST_SAMPLES} samples; choose a longer interval or a shorter window"
                raise UsageError(msg)
            yield row | {"time": sample}


def _samples(window: Window, first_ns: int, last_ns: int, now_ns: int) -> Iterator[int]:
    """Yield the sample times at which something that lasted from first to last was there."""
    assert window.interval_ns is not None
    start = window.start_ns if window.start_ns is not None else first_ns
    end = min(last_ns, window.end_ns if window.end_ns is not None else now_ns)
    skipped = max(0, -(-(first_ns - start) // window.interval_ns))
    yield from range(start + skipped * window.interval_ns, end + 1, window.interval_ns)


def _sort_key(value: Any) -> tuple[int, Any]:
    """Order mixed and missing values: what is missing comes first, addresses come in numeric order."""
    if value is None:
        return (0, "")
    if isinstance(value, str) and value[:1].isalnum() and ("." in value or ":" in value):
        return (2, _address_key(value))
    return (2, value.casefold()) if isinstance(value, str) else (1, value)


def _address_key(text: str) -> str:
    """Pad the numbers of a dotted text, so that 10.10.2.1 comes before 10.10.10.1."""
    parts = text.split(".")
    return ".".join(part.zfill(3) if part.isdecimal() else part for part in parts).casefold()
