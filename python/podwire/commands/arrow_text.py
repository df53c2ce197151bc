"""Arrow tables as text, and answers as Arrow tables: whole columns at a time, for answers of millions of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from podwire.catalog import Noun
from podwire.commands.answer import Answer
from podwire.support.records import csv_cell

_TYPES = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "string": pa.string()}
"""Arrow's type for the catalog's."""


def csv_lines(table: pa.Table, rows_at_once: int) -> Iterator[bytes]:
    """Yield the rows as comma-separated values, `rows_at_once` of them in a piece, with the line ends."""
    for start in range(0, table.num_rows, rows_at_once):
        part = table.slice(start, rows_at_once)
        cells = [_cells(column.combine_chunks()) for column in part.columns]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
        yield ("\n".join(lines.to_pylist()) + "\n").encode()


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.string())
    # Texts repeat: each different one is made safe and quoted once.
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    texts = pa.array([csv_cell(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


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
