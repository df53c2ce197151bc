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


Span = tuple[int, int, int | None]
"""One endpoint held one place for some time: (endpoint, from, until), in nanoseconds since the epoch.

The endpoint is 0 where it cannot be told who held it; `until` is not included, and None while it lasts.
"""


class Claim(NamedTuple):
    """All that a cluster tells of one place: an address, or one port of it."""

    cluster: int
    """1 or more."""
    address: str
    protocol: int = 0
    """The IP protocol of the port (IANA "Protocol Numbers"); 0 for the whole address."""
    port: int = 0
    """A server's port; 0 for the whole address."""
    spans: Sequence[Span] = ()
    """Who held it when, at most one at a time."""


class Scope(NamedTuple):
    """Where a cluster is seen that no tunnel tells apart from others."""

    cluster: int
    source: str | None = None
    """The name of the interface (or file); None for any."""
    vlan: int | None = None
    """The outermost VLAN, 0 for none; None for any."""


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """What reading capture files came to."""

    packets: int
    seconds: float
    """Time spent reading; opening the files is not counted."""
    errors: tuple[str, ...]
    """One sentence for each thing that could not be read: no capture, one that breaks, frames of an unknown kind."""
    notes: tuple[str, ...]
    """What is to be known about the packets that were read, in sentences."""
    tunnel_ports: tuple[int, ...]
    """The well-known ports of tunnels (4789, 8472, 6081) that UDP went to and that are not looked into."""


class Progress(NamedTuple):
    """How far reading capture files has come."""

    bytes: int
    total_bytes: int | None
    """None where it is not known, as with a pipe."""
    packets: int
