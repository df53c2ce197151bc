"""Tunnels that the wire taught: no API names them, and packets between nodes show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Overlay

MOST_PER_CLUSTER = 16
"""Tunnels that are learned of one cluster; it has one or two, and what comes beyond is somebody's play."""
MOST_PAST_PER_CLUSTER = 100
"""Tunnels that held once and are remembered."""
UNKNOWN_PLUGIN = "unknown"


@dataclass(slots=True)
class LearnedRow:
    """One tunnel, how many packets taught it, and when it held: nanoseconds since the epoch."""

    cluster: str
    overlay: Overlay
    packets: int
    first_seen_ns: int
    last_seen_ns: int
    plugin: str = UNKNOWN_PLUGIN
    """What the API said of the cluster's plugin at the time."""
    is_current: bool = True
    lingers: bool = False
    """Whether it is looked into for a while though it is let go."""

    @property
    def short(self) -> str:
        """The tunnel with its count: `vxlan:8473:1(12)`."""
        return f"{self.overlay.short}({self.packets})"

    @property
    def taught(self) -> str:
        """Why it is believed, in words."""
        count = "1 packet" if self.packets == 1 else f"{self.packets} packets"
        return f"the wire shows {self.overlay.short}: {count} between nodes to Pods of the receiving node"

    def finding(self) -> CniFinding:
        """Return what it tells of the cluster's network."""
        kind = str(self.overlay.kind)
        return CniFinding(self.plugin, kind, NetworkType.OVERLAY, (self.overlay,), because=(self.taught,))


class LearnedTable:
    """Learned tunnels by cluster: those that hold, and those that held."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Overlay, LearnedRow]] = {}
        self._bare: dict[str, str] = {}
        self._past: dict[str, deque[LearnedRow]] = {}

    def tell_bare(self, cluster: str, text: str) -> bool:
        """Take note of what speaks for packets without a tunnel, empty for nothing; return whether that is new."""
        if self._bare.get(cluster, "") == text:
            return False
        self._bare[cluster] = text
        return True

    def bare_of(self, cluster: str) -> str:
        """Return what speaks for packets without a tunnel where the API tells one; empty for nothing."""
        return self._bare.get(cluster, "")

    def forget_bare(self, cluster: str) -> None:
        """Let go of what was told of packets without a tunnel."""
        self._bare.pop(cluster, None)

    def note(self, cluster: str, overlay: Overlay, packets: int, at_ns: int, plugin: str = UNKNOWN_PLUGIN) -> bool:
        """Take note that `packets` in all spoke for the tunnel, the latest at `at_ns`; return whether it is new."""
        rows = self._rows.setdefault(cluster, {})
        row = rows.get(overlay)
        if row is not None:
            row.packets = max(row.packets, packets)
            row.last_seen_ns = max(row.last_seen_ns, at_ns)
            return False
        if len(rows) >= MOST_PER_CLUSTER or at_ns <= self._ended_ns(cluster, overlay):
            return False
        rows[overlay] = LearnedRow(cluster, overlay, packets, at_ns, at_ns, plugin)
        return True

    def of(self, cluster: str) -> tuple[LearnedRow, ...]:
        """Return what was learned of a cluster and holds, in the order of learning."""
        return tuple(self._rows.get(cluster, {}).values())

    def rows(self) -> tuple[LearnedRow, ...]:
        """Return every row, by cluster, what held before what holds."""
        found: list[LearnedRow] = []
        for cluster in sorted(self._rows.keys() | self._past.keys()):
            found += tuple(self._past.get(cluster, ()))
            found += self.of(cluster)
        return tuple(found)

    def _ended_ns(self, cluster: str, overlay: Overlay) -> int:
        """Return when the tunnel was let go last: packets of before do not teach it anew."""
        past = self._past.get(cluster, ())
        return max((row.last_seen_ns for row in past if row.overlay == overlay), default=-1)

    def lingering(self, cluster: str, since_ns: int) -> tuple[LearnedRow, ...]:
        """Return what lingers of a cluster and held until some time after `since_ns`, the latest first."""
        found = [row for row in self._past.get(cluster, ()) if row.lingers and row.last_seen_ns > since_ns]
        return tuple(sorted(found, key=lambda row: -row.last_seen_ns))

    def end(
        self,
        cluster: str,
        now_ns: int,
        *,
        is_over: Callable[[LearnedRow], bool] = lambda _row: True,
        lingers: bool = False,
    ) -> None:
        """Let go of the tunnels of a cluster that `is_over` tells, all by default; they stay as what held until now.

        With `lingers`, nodes may still send in them for a while.
        """
        rows = self._rows.get(cluster, {})
        for row in [row for row in rows.values() if is_over(row)]:
            row.is_current = False
            row.lingers = lingers
            row.last_seen_ns = max(row.last_seen_ns, now_ns)
            del rows[row.overlay]
            self._past.setdefault(cluster, deque(maxlen=MOST_PAST_PER_CLUSTER)).append(row)

    def load(self, rows: Iterable[LearnedRow]) -> None:
        """Take over rows of an earlier run, none of them current."""
        for row in rows:
            row.is_current = row.lingers = False
            self._past.setdefault(row.cluster, deque(maxlen=MOST_PAST_PER_CLUSTER)).append(row)
