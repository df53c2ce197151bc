"""The show engine over Arrow tables: the same answers as over rows, for tables of millions of rows.

What a condition accepts is decided once for each different value of its column, by the code that decides it for rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from podwire.catalog.show_options import COUNT_COLUMN
from podwire.commands.answer import Answer
from podwire.commands.conditions import Condition
from podwire.commands.query import Query, Window
from podwire.commands.show import no_match, sort_key
from podwire.support.errors import UsageError

_ROW = "\0row"
"""A column that no noun has: the number of the row."""


def answer_table(query: Query, given: pa.Table, *, notes: list[str], is_filtered: bool) -> Answer:
    """Return what `query` asks of the table; see `show.answer_rows`."""
    if query.window.interval_ns is not None and not is_filtered:
        msg = f"{query.noun.show_command}: interval samples tables that keep findings over time"
        raise UsageError(msg)
    table = given if is_filtered else _filtered(query, given)
    if not query.shows_dups:
        table = _without_dups(query, table)
    sums = _sums(query, table) if query.wants_sums else {}
    if query.sum_by:
        table = _summed(query, table)
    count = table.num_rows
    table = _sorted(query, table)
    table = table.slice(0, query.limit) if query.limit else table
    return table_ready(query, table, count=count, notes=notes or no_match(query, given.num_rows, count), sums=sums)


def table_ready(
    query: Query, table: pa.Table, *, count: int, notes: list[str], sums: Mapping[str, int] | None = None
) -> Answer:
    """Return rows that are already filtered, added up, ordered and cut."""
    names = [column.name for column in query.columns]
    shown = pa.table([_column(table, name) for name in names], names=names)
    return Answer([], names, count, notes, dict(sums or {}), shown)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows)])


def _filtered(query: Query, table: pa.Table) -> pa.Table:
    for condition in query.conditions:
        table = table.filter(_mask(condition, _column(table, condition.column.name)))
    return _in_window(query, table)


def _mask(condition: Condition, column: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = _plain(column)
    if condition.operator == "range" and pa.types.is_integer(plain.type):
        low, high = condition.values
        found = pc.and_(pc.greater_equal(plain, low), pc.less_equal(plain, high))
    else:
        values = [value for value in pc.unique(plain).to_pylist() if condition.accepts(value)]
        found = pc.is_in(plain, value_set=pa.array(values, plain.type))
    found = pc.fill_null(found, fill_value=False)
    return pc.invert(found) if condition.is_negated else found


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the column without its dictionary, times as nanoseconds, and nothing at all as unknown numbers."""
    if pa.types.is_null(column.type):
        return column.cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column.cast(pa.int64()) if pa.types.is_temporal(column.type) else column


def _in_window(query: Query, table: pa.Table) -> pa.Table:
    window = query.window
    if query.noun.times is None or window == Window():
        return table
    first, last = (_plain(_column(table, name)) for name in query.noun.times)
    mask = pa.scalar(value=True)
    if window.start_ns is not None:
        mask = pc.and_(mask, pc.fill_null(pc.greater_equal(last, window.start_ns), fill_value=False))
    if window.end_ns is not None:
        mask = pc.and_(mask, pc.fill_null(pc.less_equal(first, window.end_ns), fill_value=False))
    return table.filter(mask) if not isinstance(mask, pa.Scalar) else table


def _without_dups(query: Query, table: pa.Table) -> pa.Table:
    """Drop rows that are equal in every column to an earlier one."""
    keys = [column.name for column in query.noun.columns if column.is_key and column.name in table.column_names]
    if not table.num_rows or (keys and table.group_by(keys).aggregate([]).num_rows == table.num_rows):
        return table
    plain = pa.table([_plain(column) for column in table.columns], names=table.column_names)
    numbered = plain.append_column(_ROW, pa.array(range(table.num_rows), pa.int64()))
    firsts = numbered.group_by(table.column_names).aggregate([(_ROW, "min")])[f"{_ROW}_min"]
    return table.take(firsts.take(pc.sort_indices(firsts)))


def _sums(query: Query, table: pa.Table) -> dict[str, int]:
    names = [column.name for column in query.noun.columns if column.is_additive]
    return {name: int(_sum(_column(table, name)) or 0) for name in names}


def _sum(column: pa.ChunkedArray) -> Any:
    return None if pa.types.is_null(column.type) else pc.sum(column).as_py()


def _summed(query: Query, table: pa.Table) -> pa.Table:
    """Make one row of all that are equal in the columns to sum by, in the order of their first ones."""
    has_count = query.noun.column(COUNT_COLUMN.name) is not None
    names = [column.name for column in query.columns if column.name not in query.sum_by]
    names = [name for name in names if has_count or name != COUNT_COLUMN.name]
    used = pa.table([_plain(_column(table, name)) for name in (*query.sum_by, *names)], names=[*query.sum_by, *names])
    numbered = used.append_column(_ROW, pa.array(range(table.num_rows), pa.int64()))
    grouped = numbered.group_by(list(query.sum_by)).aggregate(
        [(_ROW, "min"), *((name, "sum") for name in names), *([] if has_count else [([], "count_all")])]
    )
    renamed = {f"{name}_sum": name for name in names} | {"count_all": COUNT_COLUMN.name}
    ordered = grouped.take(pc.sort_indices(grouped[f"{_ROW}_min"])).drop_columns([f"{_ROW}_min"])
    return ordered.rename_columns([renamed.get(name, name) for name in ordered.column_names])


def _sorted(query: Query, table: pa.Table) -> pa.Table:
    for name, descending in reversed(query.sort):
        order = "descending" if descending else "ascending"
        ranks = pa.table([_ranks(_column(table, name))], names=["rank"])
        table = table.take(pc.sort_indices(ranks, sort_keys=[("rank", order)]))
    return table


def _ranks(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return numbers that order like the column's values: what is missing lowest, addresses by number."""
    plain = _plain(column)
    if pa.types.is_integer(plain.type) and not plain.null_count:
        return plain
    values = pc.unique(plain).to_pylist()
    ordered = sorted(values, key=sort_key)
    # Values with equal keys (names that differ in case alone) share a rank, so that they stay as they came.
    ranks: dict[Any, int] = {}
    for rank, group in enumerate(groupby(ordered, key=sort_key)):
        ranks.update(dict.fromkeys(group[1], rank))
    position = pc.index_in(plain, value_set=pa.array(values, plain.type), skip_nulls=False)
    return pa.array([ranks[value] for value in values], pa.int64()).take(position.combine_chunks())
