"""What each cluster's CNI plugin was found to be, now and before, with the times of each finding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podwire.model.findings import CniFinding

MOST_PER_CLUSTER = 1_000
"""Findings that are remembered of one cluster; a cluster whose network changes daily keeps some three years."""


@dataclass(slots=True)
class FindingRow:
    """One finding and when it held: nanoseconds since the epoch."""

    cluster: str
    finding: CniFinding
    first_seen_ns: int
    last_seen_ns: int
    is_current: bool


def _identity(finding: CniFinding) -> tuple[object, ...]:
    """What makes a finding another one: how packets travel, not in how many words it was found out."""
    return (
        finding.plugin,
        finding.backend,
        finding.network_type,
        finding.overlays,
        finding.encryption,
        finding.version,
    )


class FindingTable:
    """Rows by cluster, oldest first."""

    def __init__(self, *, most_per_cluster: int = MOST_PER_CLUSTER) -> None:
        self._rows: dict[str, deque[FindingRow]] = {}
        self._most = most_per_cluster

    def update(self, cluster: str, findings: Iterable[CniFinding], now_ns: int) -> bool:
        """Make `findings` the current ones of the cluster; return whether anything changed.

        A finding that still holds keeps its row, with its newest reasons; one that no longer holds keeps the time it
        was last seen.
        """
        rows = self._rows.setdefault(cluster, deque(maxlen=self._most))
        wanted = {_identity(finding): finding for finding in findings}
        changed = False
        for row in rows:
            if not row.is_current:
                continue
            row.last_seen_ns = now_ns
            same = wanted.pop(_identity(row.finding), None)
            if same is None:
                row.is_current = False
                changed = True
            else:
                row.finding = same
        for finding in wanted.values():
            rows.append(FindingRow(cluster, finding, now_ns, now_ns, is_current=True))
            changed = True
        return changed

    def end(self, cluster: str, now_ns: int) -> None:
        """The cluster is not followed any more: its findings stay, but none is current."""
        self.update(cluster, (), now_ns)

    def current(self, cluster: str) -> tuple[CniFinding, ...]:
        """Return the findings that hold now."""
        return tuple(row.finding for row in self._rows.get(cluster, ()) if row.is_current)

    def rows_of(self, cluster: str) -> tuple[FindingRow, ...]:
        """Return the cluster's rows, oldest first."""
        return tuple(self._rows.get(cluster, ()))

    def rows(self) -> Iterator[FindingRow]:
        """Yield every row, by cluster, oldest first."""
        for cluster in sorted(self._rows):
            yield from tuple(self._rows[cluster])

    def load(self, rows: Iterable[FindingRow]) -> None:
        """Take over rows of an earlier run, none of them current."""
        for row in rows:
            row.is_current = False
            self._rows.setdefault(row.cluster, deque(maxlen=self._most)).append(row)
