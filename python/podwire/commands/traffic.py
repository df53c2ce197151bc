"""`traffic-show`: who talks how much, by Pod, workload, namespace, Service or node."""

from __future__ import annotations

from collections.abc import Mapping

from podwire.catalog.traffic import GROUPS, TRAFFIC
from podwire.commands.answer import Answer
from podwire.commands.query import Query
from podwire.commands.rollup import Asker, chosen, measures_of, needed, with_columns
from podwire.history.rollups import ROLE, SIDES, Rollup, end_key, key, last_seen_ago

_KEYS: Mapping[str, tuple[str, ...]] = {
    "pod": ("cluster-name", "namespace", "pod"),
    "workload": ("cluster-name", "namespace", "workload"),
    "namespace": ("cluster-name", "namespace"),
    "service": ("cluster-name", "service"),
    "node": ("cluster-name", "node"),
}
"""What makes a row, beside the role."""

_NAMES = ("namespace", "pod", "workload", "service", "node")


class TrafficHandler:
    """Shows traffic."""

    noun = TRAFFIC

    def __init__(self, asker: Asker, *, switch_name: str) -> None:
        self._asker = asker
        self._switch_name = switch_name

    async def show(self, query: Query) -> Answer:
        """Return a row for each group and role; connections without the name are in a row without a name."""
        by = chosen(query, "by", GROUPS[0])
        keys: dict[str, Mapping[str, str]] = {"role": ROLE}
        for name in _KEYS[by]:
            keys[name] = key(name) if name in ("cluster-name", "service") else end_key(name)
        constants = {"switch": self._switch_name, "by": by}
        more = last_seen_ago(self._asker.clock.now_ns()) if "last-seen-ago" in needed(query) else {}
        # A Service is what clients ask for: only servers have one.
        sides = SIDES[1:] if by == "service" else SIDES
        rollup = Rollup(keys, measures_of(query), sides, constants, more)
        shown = with_columns(query, [name for name in _NAMES if name not in _KEYS[by]])
        return await self._asker.answer(shown, rollup, ignored=("by",))
