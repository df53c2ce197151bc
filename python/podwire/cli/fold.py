"""Wide tables on a narrow terminal: the columns go into blocks below each other, a screenful of rows at a time.

Each block begins with the columns that tell the rows apart, so that a line of one block is found again in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from podwire.catalog import Noun
from podwire.cli import colour
from podwire.cli.screen import Screen
from podwire.cli.text import width

_HEADER_LINES = 2
_FEWEST_ROWS = 4
"""Rows in a part of a folded table, however low the terminal is."""

_Columns = Sequence[Sequence[str]]


def folded(noun: Noun, names: Sequence[str], columns: _Columns, screen: Screen, *, has_headers: bool) -> Iterator[str]:
    """Yield the lines of a table of filled cells, header and dashes among them where there are headers."""
    paint = [screen.has_colour and name in colour.STATE_COLUMNS for name in names]
    blocks = _blocks(noun, names, columns, screen.width)
    head = _HEADER_LINES if has_headers else 0
    number = len(columns[0]) - head if columns else 0
    if len(blocks) == 1:
        yield from _lines(columns, paint, range(len(columns[0])), head if screen.has_colour else 0)
        return
    step = max(_FEWEST_ROWS, (screen.height - 1) // len(blocks) - head - 1)
    for first in range(0, max(number, 1), step):
        rows = [*range(head), *range(head + first, head + min(first + step, number))]
        for at, block in enumerate(blocks):
            if first or at:
                yield ""
            yield from _lines(
                [columns[each] for each in block],
                [paint[each] for each in block],
                rows,
                head if screen.has_colour else 0,
            )


def _lines(columns: _Columns, paint: Sequence[bool], rows: Sequence[int], bold: int) -> Iterator[str]:
    for row in rows:
        cells = [column[row] for column in columns]
        if row < bold:
            yield colour.header(" ".join(cells).rstrip()) if row == 0 else " ".join(cells).rstrip()
            continue
        if any(paint):
            cells[-1] = cells[-1].rstrip()
            cells = [colour.state(cell) if painted else cell for cell, painted in zip(cells, paint, strict=True)]
        yield " ".join(cells).rstrip()


def _blocks(noun: Noun, names: Sequence[str], columns: _Columns, most: int | None) -> list[list[int]]:
    """Divide the columns, by number, into blocks of at most `most` cells; a column that is wider stands alone."""
    every = list(range(len(names)))
    sizes = [width(column[0]) for column in columns]
    if most is None or sum(sizes) + len(sizes) - 1 <= most:
        return [every]
    keys = {column.name for column in noun.columns if column.is_key}
    leading = [at for at in every if names[at] in keys] or every[:1]
    # Of the keys, as many are repeated as leave half the width for the rest.
    room = accumulate(sizes[at] + 1 for at in leading)
    repeated = [at for at, taken in zip(leading, room, strict=True) if taken <= most // 2]
    blocks: list[list[int]] = []
    left = 0
    for at in every:
        if at in repeated:
            continue
        if not blocks or sizes[at] > left:
            left = most - sum(sizes[each] + 1 for each in repeated)
            # A column that fits only without the keys goes without them.
            blocks.append([*repeated, at] if sizes[at] <= left else [at])
            left = (left if sizes[at] <= left else most) - sizes[at] - 1
        else:
            blocks[-1].append(at)
            left -= sizes[at] + 1
    return [sorted(block) if len(blocks) == 1 else block for block in blocks] or [every]
