"""What a command returns: rows of raw values, and sentences for the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    import pyarrow as pa

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
    sums: dict[str, int] = field(default_factory=dict)
    """Additive column → its sum over all matching rows, where it was asked for."""
    table: Any = None
    """The rows as an Arrow table (`pa.Table`) where the handler answered with one; `rows` is empty then."""

    def as_rows(self) -> list[Row]:
        """Return the rows, whichever form they have."""
        if self.table is None:
            return self.rows
        table: pa.Table = self.table
        return table.to_pylist()  # type: ignore[no-any-return]
