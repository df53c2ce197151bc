"""How the console reaches whoever carries out its commands: the contract, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from podwire.catalog import Noun, Verb
from podwire.support.errors import PodwireError


class RefusedError(PodwireError):
    """The server refused the command; the text is its own sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave: rows of raw values, and sentences for the person who asked."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """The columns of the rows, in the order to print."""
    count: int = 0
    """How many rows matched; more than `rows` holds where a limit cut them."""
    notes: list[str] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)
    """Additive column → its sum over all rows that matched, where it was asked for."""


@dataclass(frozen=True, slots=True)
class Export:
    """Rows in a form for programs, piece by piece. Reading them raises PodwireError where the rest does not come."""

    pieces: Iterator[bytes]
    notes: list[str] = field(default_factory=list)


class Transport(Protocol):
    """Carries a checked command to the switch. The methods raise PodwireError with the sentence to print."""

    is_live: bool
    """Whether asking again may give another answer."""

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        """Ask for rows; `params` are (keyword, text) pairs as typed."""
        ...

    def export(self, noun: Noun, params: list[tuple[str, str]], kind: str) -> Export:
        """Ask for rows as `json` (one object a line), `csv` or `parquet`."""
        ...

    def act(self, noun: Noun, verb: Verb, values: dict[str, Any]) -> Answer:
        """Have `verb` carried out with raw values by option name."""
        ...
