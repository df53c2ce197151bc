"""Tunnels that the wire taught: no API names them, and packets between nodes show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podwire.model.overlays import Overlay

MOST_PER_CLUSTER = 16
"""Tunnels that are learned of one cluster; it has one or two, and what comes beyond is somebody's play."""


@dataclass(slots=True)
class LearnedRow:
    """One tunnel, how many packets taught it, and when: nanoseconds since the epoch."""

    cluster: str
    overlay: Overlay
    packets: int
    first_seen_ns: int
    last_seen_ns: int


class LearnedTable:
    """Learned tunnels by cluster."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Overlay, LearnedRow]] = {}

    def note(self, cluster: str, overlay: Overlay, packets: int, at_ns: int) -> bool:
        """Take note that `packets` in all spoke for the tunnel, the latest at `at_ns`; return whether it is new."""
        rows = self._rows.setdefault(cluster, {})
        row = rows.get(overlay)
        if row is not None:
            row.packets = max(row.packets, packets)
            row.last_seen_ns = max(row.last_seen_ns, at_ns)
            return False
        if len(rows) >= MOST_PER_CLUSTER:
            return False
        rows[overlay] = LearnedRow(cluster, overlay, packets, at_ns, at_ns)
        return True

    def of(self, cluster: str) -> Iterable[LearnedRow]:
        """Return what was learned of a cluster, in the order of learning."""
        return tuple(self._rows.get(cluster, {}).values())

    def forget(self, cluster: str) -> None:
        """Let a cluster go."""
        self._rows.pop(cluster, None)
