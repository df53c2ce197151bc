"""What callers hand to the packet core and get back, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on connections.

    `operator` is `in` (any of the values), `range` (a closed range of two numbers) or `prefix` (any of the networks;
    addresses only). Where the column is unknown (null) nothing matches, so that a negated filter lets the row pass.
    """

    column: str
    operator: str
    values: Sequence[Any]
    is_negated: bool = False


class Claim(NamedTuple):
    """One endpoint held one address for some time."""

    cluster: int
    """1 or more."""
    address: str
    endpoint: int
    """1 or more."""
    from_ns: int
    """Nanoseconds since the epoch."""
    until_ns: int | None = None
    """Not included; None while the claim lasts."""


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """What reading capture files came to."""

    packets: int
    seconds: float
    """Time spent reading; opening the files is not counted."""
    errors: tuple[str, ...]
    """One sentence for each thing that could not be read: a file that is none, breaks, or holds frames of another kind."""
    notes: tuple[str, ...]
    """What is to be known about the packets that were read, in sentences."""


class Progress(NamedTuple):
    """How far reading capture files has come."""

    bytes: int
    total_bytes: int | None
    """None where it is not known, as with a pipe."""
    packets: int
