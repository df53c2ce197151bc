"""Arrow tables as text, and answers as Arrow tables: whole columns at a time, for answers of millions of rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from podwire.catalog import Noun
from podwire.commands.answer import Answer
from podwire.support.records import csv_cell, json_text

_TYPES = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "string": pa.string()}
"""Arrow's type for the catalog's."""

_MINDED = r"[^-0-9A-Za-z .:/_]"
"""Finds characters that may not stand for themselves in some form."""


def csv_lines(table: pa.Table, rows_at_once: int) -> Iterator[bytes]:
    """Yield the rows as comma-separated values, `rows_at_once` of them in a piece, with the line ends."""
    between = ["", *[","] * (table.num_columns - 1), "\n"]
    return _lines(table, between, csv_cell, "", rows_at_once)


def json_lines(table: pa.Table, rows_at_once: int) -> Iterator[bytes]:
    """Yield the rows as JSON objects, one a line, `rows_at_once` of them in a piece: `records.json_line`."""
    names = [f"{json_text(name)}: " for name in table.column_names]
    between = [f"{', ' if number else '{'}{name}" for number, name in enumerate(names)]
    return _lines(table, [*between, "}\n"], json_text, "null", rows_at_once)


def _lines(
    table: pa.Table, between: Sequence[str], write: Callable[[Any], str], missing: str, rows_at_once: int
) -> Iterator[bytes]:
    """Yield the rows, each cell after the text `between` that belongs before it; the last of those ends the row."""
    for start in range(0, table.num_rows, rows_at_once):
        part = table.slice(start, rows_at_once)
        parts: list[Any] = []
        for text, column in zip(between, part.columns, strict=False):
            parts += (pa.scalar(text), pc.fill_null(_cells(column.combine_chunks(), write), missing))
        lines = pc.binary_join_element_wise(*parts, pa.scalar(between[-1]), "")
        yield _joined(lines)


def _joined(lines: pa.Array) -> bytes:
    """Return the texts one after the other: as they lie in memory."""
    _, places, text = lines.buffers()
    first, last = (int.from_bytes(places[4 * at : 4 * at + 4], sys.byteorder) for at in (0, len(lines)))
    return bytes(text[first:last])


def _cells(column: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.string())
    # Texts repeat: each different one is written once.
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    return _written(encoded.dictionary, write).take(encoded.indices)


def _written(values: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    """Write each value; texts of characters that no form minds, such as addresses, all at once."""
    if pa.types.is_string(values.type) and not pc.any(pc.match_substring_regex(values, _MINDED)).as_py():
        quote, _, end = write("-").partition("-")
        return pc.binary_join_element_wise(pa.scalar(quote), values, pa.scalar(end), "")
    return pa.array([write(value) for value in values.to_pylist()], pa.string())


def typed_table(noun: Noun, answer: Answer) -> pa.Table:
    """Return the answer as a table whose columns have the types that the catalog gives them."""
    columns = []
    for name in answer.columns:
        column = noun.column(name)
        kind = _TYPES[column.type.json_type if column else "integer"]
        if answer.table is not None:
            columns.append(_cast(answer.table[name], kind))
        else:
            columns.append(pa.array([_value(row.get(name), kind) for row in answer.rows], kind))
    return pa.table(columns, names=answer.columns)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if pa.types.is_dictionary(column.type) else column.cast(kind)


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None or not pa.types.is_string(kind):
        return value
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
