"""The contract between the dispatcher and the file of each noun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from podwire.catalog.nouns import Noun
from podwire.commands.answer import Answer
from podwire.commands.query import Query

Values = Mapping[str, Any]
"""Option name → raw value, checked against the catalog; only what was given."""


@dataclass(frozen=True, slots=True)
class ConfigCommand:
    """One command that rebuilds a part of the configuration."""

    verb: str
    values: Values
    stage: int = 1
    """Commands of a lower stage come first: 0 for settings, 1 for what they allow, 2 for what narrows it."""


class Handler(Protocol):
    """Carries out the commands of one noun."""

    noun: Noun

    async def show(self, query: Query) -> Answer:
        """Return the rows that the query asks for."""
        ...


class ActingHandler(Handler, Protocol):
    """A handler whose noun has verbs beside show."""

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Carry out `verb`; return notes for the person. Raises PodwireError when it is refused."""
        ...
