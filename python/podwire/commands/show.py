"""Applies a query to rows: filter, window, equal rows, sums, order, limit. Every noun's show command ends here.

A handler hands over rows (dictionaries, or an Arrow table where there are many) with all the columns that
`Query.needed` names, and has nothing to do with the options that all show commands share.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from podwire.catalog.show_options import COUNT_COLUMN
from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query, Window
from podwire.support.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SAMPLES = 100_000
"""Rows that `interval` may make; a finer question is refused rather than answered in part."""


def answer_rows(
    query: Query,
    rows: Iterable[Row] | pa.Table,
    *,
    now_ns: int,
    notes: Iterable[str] = (),
    is_filtered: bool = False,
) -> Answer:
    """Return what `query` asks of `rows` (raw values); `is_filtered`: conditions and window are applied already."""
    if hasattr(rows, "schema"):
        from podwire.commands.tables import answer_table  # noqa: PLC0415 - Arrow takes longer to import than to answer

        return answer_table(query, rows, notes=list(notes), is_filtered=is_filtered)
    given = list(cast("Iterable[Row]", rows))
    kept = given if is_filtered else list(_filtered(query, given, now_ns))
    if not query.shows_dups:
        kept = _without_dups(query, kept)
    sums = _sums(query, kept) if query.wants_sums else {}
    if query.sum_by:
        kept = _summed(query, kept)
    for name, descending in reversed(query.sort):
        kept.sort(key=lambda row: sort_key(row.get(name)), reverse=descending)
    shown = kept[: query.limit] if query.limit else kept
    answer = answer_ready(query, shown, count=len(kept), notes=list(notes) or no_match(query, len(given), len(kept)))
    return Answer(answer.rows, answer.columns, answer.count, answer.notes, sums)


def no_match(query: Query, given: int, kept: int) -> list[str]:
    """Tell an answer that is empty for its filters from an empty table."""
    if kept or not given:
        return []
    return [f"Nothing matches; without filters {query.noun.show_command} has {given}."]


def answer_ready(query: Query, rows: Sequence[Row], *, count: int, notes: Iterable[str] = ()) -> Answer:
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


def _without_dups(query: Query, rows: list[Row]) -> list[Row]:
    """Drop rows that are equal in every column to an earlier one."""
    keys = [column.name for column in query.noun.columns if column.is_key]
    if keys and len({tuple(row.get(name) for name in keys) for row in rows}) == len(rows):
        return rows
    names = [column.name for column in query.noun.columns]
    distinct: dict[str, Row] = {}
    for row in rows:
        distinct.setdefault(repr([row.get(name) for name in names]), row)
    return list(distinct.values())


def _sums(query: Query, rows: Iterable[Row]) -> dict[str, int]:
    names = [column.name for column in query.noun.columns if column.is_additive]
    sums = dict.fromkeys(names, 0)
    for row in rows:
        for name in names:
            sums[name] += row.get(name) or 0
    return sums


def _summed(query: Query, rows: Iterable[Row]) -> list[Row]:
    """Make one row of all that are equal in the columns to sum by."""
    has_count = query.noun.column(COUNT_COLUMN.name) is not None
    names = [column.name for column in query.columns if column.name not in (*query.sum_by, COUNT_COLUMN.name)]
    groups: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row.get(name) for name in query.sum_by)
        group = groups.get(key)
        if group is None:
            group = dict(zip(query.sum_by, key, strict=True)) | {COUNT_COLUMN.name: 0}
            groups[key] = group
        group[COUNT_COLUMN.name] += (row.get(COUNT_COLUMN.name) or 0) if has_count else 1
        for name in names:
            value = row.get(name)
            # A sum of nothing but unknown values is unknown, not 0.
            group[name] = value if group.get(name) is None else group[name] + (value or 0)
    return list(groups.values())


def sort_key(value: Any) -> tuple[int, Any]:
    """Order mixed and missing values: what is missing comes first, addresses in numeric order, IPv4 before IPv6."""
    if value is None:
        return (0, "")
    if isinstance(value, str) and ("." in value or ":" in value):
        return (2, _address_key(value))
    return (2, value.casefold()) if isinstance(value, str) else (1, value)


def _address_key(text: str) -> str:
    """Pad the numbers of a dotted text, so that 10.10.2.1 comes before 10.10.10.1; of IPv6 tell every digit."""
    if text.count(":") > 1:
        with suppress(ValueError):
            return f"v6{int(ipaddress.IPv6Address(text)):032x}"
    parts = text.split(".")
    return ".".join(part.zfill(3) if part.isdecimal() else part for part in parts).casefold()
