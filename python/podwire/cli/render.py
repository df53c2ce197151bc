"""From rows of raw values to what is printed: a table, one value a line, parsable lines, or JSON.

Names and labels come from clusters that podwire does not trust, so that no control character of a cell reaches the
terminal. Nothing is printed for no rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from podwire.catalog import Noun
from podwire.cli.text import clean, padded, width
from podwire.cli.transport import Answer
from podwire.cli.view import View

_Row = dict[str, Any]


def render(noun: Noun, answer: Answer, view: View) -> str:
    """Return the text of an answer, each line with its end."""
    if view.is_json:
        lines = [_object(row, answer.columns) for row in answer.rows]
    elif not answer.rows:
        lines = []
    elif view.delimiter is not None:
        lines = list(_parsable(noun, answer, view, view.delimiter))
    elif view.is_vertical:
        lines = list(_vertical(noun, answer, view))
    else:
        lines = list(_horizontal(noun, answer, view))
    if view.has_count:
        lines.append(f"Count: {answer.count}")
    return "".join(f"{line}\n" for line in lines)


def _object(row: _Row, columns: Sequence[str]) -> str:
    """Print a row as JSON; ASCII only, so that what JSON itself would pass on raw is escaped as well."""
    return json.dumps({name: row.get(name) for name in columns}).replace("\x7f", "\\u007f")


def _horizontal(noun: Noun, answer: Answer, view: View) -> Iterator[str]:
    columns = []
    for name in answer.columns:
        cells = _cells(noun, name, answer.rows, view)
        if view.has_headers is not False:
            cells = [clean(name), "", *cells]
        columns.append(_aligned(cells, has_headers=view.has_headers is not False))
    for row in zip(*columns, strict=True):
        yield " ".join(row).rstrip()


def _aligned(cells: list[str], *, has_headers: bool) -> list[str]:
    """Fill the cells of one column to the same width; under its header come as many dashes."""
    is_plain = all(cell.isascii() for cell in cells)
    widest = max(map(len if is_plain else width, cells))
    if has_headers:
        cells[1] = "-" * widest
    return [cell.ljust(widest) for cell in cells] if is_plain else [padded(cell, widest) for cell in cells]


def _vertical(noun: Noun, answer: Answer, view: View) -> Iterator[str]:
    names = [f"{clean(name)}:" for name in answer.columns]
    widest = max(map(len, names), default=0)
    labels = [name.ljust(widest) for name in names]
    columns = [_cells(noun, name, answer.rows, view) for name in answer.columns]
    for number, row in enumerate(zip(*columns, strict=True)):
        if number:
            yield ""
        for label, cell in zip(labels, row, strict=True):
            yield f"{label} {cell}".rstrip()


def _parsable(noun: Noun, answer: Answer, view: View, delimiter: str) -> Iterator[str]:
    """Yield one line a row; the delimiter within a cell stays as it is, a line end becomes a blank."""
    if view.has_headers:
        yield delimiter.join(map(clean, answer.columns))
    columns = [_cells(noun, name, answer.rows, view, is_joined=True) for name in answer.columns]
    for row in zip(*columns, strict=True):
        yield delimiter.join(row)


def _cells(noun: Noun, name: str, rows: Sequence[_Row], view: View, *, is_joined: bool = False) -> list[str]:
    """Return the printed values of one column."""
    show = _shower(noun, name, is_unscaled=view.is_unscaled)
    cells = [_shown(show, row.get(name)) for row in rows]
    if is_joined:
        cells = [cell if cell.isprintable() else " ".join(cell.splitlines()) for cell in cells]
    return [cell if cell.isprintable() else clean(cell) for cell in cells]


def _shower(noun: Noun, name: str, *, is_unscaled: bool) -> Callable[[Any], str]:
    """Return what prints the values of a column; one that this console does not know yet is printed as it is."""
    column = noun.column(name)
    if column is None:
        return str
    return column.type.show_raw if is_unscaled else column.type.show


def _shown(show: Callable[[Any], str], value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    try:
        return show(value)
    except (ValueError, TypeError, OverflowError, OSError):
        # A number that the type cannot print (a time beyond the calendar) is still better seen than hidden.
        return str(value)
