"""From rows of raw values to what is printed: a table, one value a line, parsable lines, JSON or CSV.

Names and labels come from clusters that podwire does not trust, so that no control character of a cell reaches the
terminal. Nothing is printed for no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from podwire.catalog import Noun
from podwire.catalog.show_options import COUNT_COLUMN
from podwire.cli.fold import folded
from podwire.cli.screen import PLAIN, Screen
from podwire.cli.text import clean, padded, width
from podwire.cli.transport import Answer
from podwire.cli.view import View
from podwire.support.records import csv_line, json_line

_Row = dict[str, Any]


def render(noun: Noun, answer: Answer, view: View, screen: Screen = PLAIN) -> str:
    """Return the text of an answer, each line with its end."""
    lines = [*render_rows(noun, answer, view, screen), *_totals(noun, answer, view)]
    return "".join(f"{line}\n" for line in lines)


def render_rows(
    noun: Noun, answer: Answer, view: View, screen: Screen = PLAIN, widths: list[int] | None = None
) -> Iterable[str]:
    """Yield the lines of the rows; `widths` are those of an earlier part of the same table, and grow with this one."""
    if view.is_csv:
        return _csv(answer, view)
    if not answer.rows:
        return ()
    if view.is_json:
        return (json_line(row, answer.columns) for row in answer.rows)
    if view.delimiter is not None:
        return _parsable(noun, answer, view, view.delimiter)
    if view.is_vertical:
        return _vertical(noun, answer, view)
    return _horizontal(noun, answer, view, screen, widths)


def _totals(noun: Noun, answer: Answer, view: View) -> Iterator[str]:
    """Yield what follows the rows: their number, and the sums."""
    if view.has_count:
        shown = len(answer.rows)
        yield f"Count: {answer.count}" + (f" ({shown} shown, limit-output)" if shown < answer.count else "")
    for name, total in answer.sums.items():
        show = _shower(noun, name, view)
        yield f"Sum of {clean(name)}: {_shown(show, total)}"


def _csv(answer: Answer, view: View) -> Iterator[str]:
    if view.has_headers is not False:
        yield csv_line(answer.columns)
    for row in answer.rows:
        yield csv_line(row.get(name) for name in answer.columns)


def _horizontal(noun: Noun, answer: Answer, view: View, screen: Screen, widths: list[int] | None) -> Iterator[str]:
    columns, sizes = [], []
    for at, name in enumerate(answer.columns):
        cells = _cells(noun, name, answer.rows, view)
        if view.has_headers is not False:
            cells = [clean(name), "", *cells]
        least = widths[at] if widths and at < len(widths) else 0
        filled, size = _aligned(cells, least, has_headers=view.has_headers is not False)
        columns.append(filled)
        sizes.append(size)
    if widths is not None:
        widths[:] = sizes
    return folded(noun, answer.columns, columns, screen, has_headers=view.has_headers is not False)


def _aligned(cells: list[str], least: int, *, has_headers: bool) -> tuple[list[str], int]:
    """Fill the cells of one column to the same width, which comes with them; under its header come as many dashes."""
    is_plain = all(cell.isascii() for cell in cells)
    widest = max(least, *map(len if is_plain else width, cells))
    if has_headers:
        cells[1] = "-" * widest
    return [cell.ljust(widest) for cell in cells] if is_plain else [padded(cell, widest) for cell in cells], widest


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
    """Yield one line a row; a delimiter or a backslash within a cell has a backslash before it."""
    if view.has_headers:
        yield delimiter.join(map(clean, answer.columns))
    columns = [_cells(noun, name, answer.rows, view, delimiter) for name in answer.columns]
    for row in zip(*columns, strict=True):
        yield delimiter.join(row)


def _escaped(cell: str, delimiter: str) -> str:
    if "\\" in cell:
        cell = cell.replace("\\", "\\\\")
    return cell.replace(delimiter, f"\\{delimiter}") if delimiter in cell else cell


def _cells(noun: Noun, name: str, rows: Sequence[_Row], view: View, delimiter: str | None = None) -> list[str]:
    """Return the printed values of one column."""
    show = _shower(noun, name, view)
    cells = [_shown(show, row.get(name)) for row in rows]
    if delimiter is not None:
        cells = [cell if cell.isprintable() else " ".join(cell.splitlines()) for cell in cells]
        cells = [_escaped(cell, delimiter) for cell in cells]
    return [cell if cell.isprintable() else clean(cell) for cell in cells]


def _shower(noun: Noun, name: str, view: View) -> Callable[[Any], str]:
    """Return what prints the values of a column; one that this console does not know yet is printed as it is."""
    column = noun.column(name) or (COUNT_COLUMN if name == COUNT_COLUMN.name else None)
    if column is None:
        return str
    if view.has_raw_integers and column.type.json_type == "boolean":
        return lambda value: str(int(value))
    return column.type.show_raw if view.is_unscaled else column.type.show


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
