"""Text that is safe and right on a terminal: control characters made visible, and how many cells a text takes."""

from __future__ import annotations

import unicodedata

from podwire.support.words import clean

__all__ = ["clean", "one_line", "padded", "width"]


def one_line(text: str) -> str:
    """Make a sentence of `text` that fits the rule of one line an error."""
    return clean(" ".join(text.split()))


def width(text: str) -> int:
    """Return how many cells of a terminal `text` takes: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def padded(text: str, cells: int) -> str:
    """Return `text` filled with blanks to `cells`."""
    return text + " " * (cells - width(text))
