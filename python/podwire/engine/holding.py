"""When ended connections wait for their names before they are recorded: while a cluster is away, and a bit longer."""

from __future__ import annotations

from podwire.support.clock import Clock
from podwire.tables.clusters import ClusterTable

MOST_NS = 120_000_000_000
"""How long a cluster that went away is waited for. Ended connections stay in the live table for 300 s, so that none is
missing from an answer meanwhile."""
CATCH_UP_NS = 2_000_000_000
"""How long after its return: what it missed to tell comes with its first events."""


class Holding:
    """Looks at the clusters, and says whether to wait."""

    def __init__(self, clusters: ClusterTable, clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock
        self._away: dict[int, int] = {}
        """By cluster: since when it was seen away."""
        self._back: dict[int, int] = {}
        """By cluster that was away: since when it was seen again."""

    def is_due(self) -> bool:
        """Say whether a cluster is away that may be back soon, or has just come back."""
        now_ns = self._clock.now_ns()
        # Each is looked at, so that each one's times are noted.
        waits = [self._waits_for(number, now_ns) for number in self._clusters.numbers()]
        return any(waits)

    def _waits_for(self, number: int, now_ns: int) -> bool:
        if self._clusters.away_since(self._clusters.name(number)) is not None:
            self._back.pop(number, None)
            return 0 <= now_ns - self._away.setdefault(number, now_ns) < MOST_NS
        if number in self._away and 0 <= now_ns - self._back.setdefault(number, now_ns) < CATCH_UP_NS:
            return 0 <= now_ns - self._away[number] < MOST_NS + CATCH_UP_NS
        self._away.pop(number, None)
        self._back.pop(number, None)
        return False
