"""A show command's whole answer for programs: JSON lines, comma-separated values, or a Parquet file, piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from podwire.catalog import Noun
from podwire.commands.answer import Answer
from podwire.support.records import csv_cell, csv_line, json_line

KINDS = ("json", "csv", "parquet")
"""The forms; `EXPORTS` makes each."""

_ROWS_AT_ONCE = 10_000
_BYTES_AT_ONCE = 1 << 20


def export(noun: Noun, answer: Answer, kind: str) -> Iterator[bytes]:
    """Yield the rows of `answer` in the form `kind`; values are raw (nanoseconds, bytes)."""
    return _EXPORTS[kind](noun, answer)


def _json(noun: Noun, answer: Answer) -> Iterator[bytes]:
    del noun
    if answer.table is not None:
        from podwire.commands.arrow_text import json_lines  # noqa: PLC0415 - see `show.answer_rows`

        yield from json_lines(answer.table, _ROWS_AT_ONCE)
        return
    for rows in _parts(answer.rows):
        yield "".join(f"{json_line(row, answer.columns)}\n" for row in rows).encode()


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _csv(noun: Noun, answer: Answer) -> Iterator[bytes]:
    del noun
    yield f"{csv_line(answer.columns)}\n".encode()
    if answer.table is not None:
        from podwire.commands.arrow_text import csv_lines  # noqa: PLC0415 - see `show.answer_rows`

        yield from csv_lines(answer.table, _ROWS_AT_ONCE)
        return
    for rows in _parts(answer.rows):
        lines = (",".join([csv_cell(row.get(name)) for name in answer.columns]) for row in rows)
        yield "".join(f"{line}\n" for line in lines).encode()


def _parquet(noun: Noun, answer: Answer) -> Iterator[bytes]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    from podwire.commands.arrow_text import typed_table  # noqa: PLC0415

    file = io.BytesIO()
    pq.write_table(typed_table(noun, answer), file, compression="zstd")
    file.seek(0)
    while piece := file.read(_BYTES_AT_ONCE):
        yield piece


_EXPORTS: dict[str, Callable[[Noun, Answer], Iterator[bytes]]] = {"json": _json, "csv": _csv, "parquet": _parquet}
