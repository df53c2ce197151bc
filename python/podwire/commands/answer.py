"""What a command returns: rows of raw values, and sentences for the person who asked."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

Row = dict[str, Any]
"""Column name → raw value (nanoseconds, bytes, text, booleans); None where nothing is known."""


class Answer(Struct, frozen=True):
    """The result of one command."""

    rows: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """The columns of the rows, in the order to print."""
    count: int = 0
    """How many rows matched; more than `rows` holds where a limit cut them."""
    notes: list[str] = field(default_factory=list)
    """What the person should know: why a table is empty, what a change did not reach."""
