"""`connection-stats-show`: connections added up by host or by port."""

from __future__ import annotations

from collections.abc import Mapping

from podwire.catalog.connection_stats import CONNECTION_STATS, HOST_COLUMNS, PORT_COLUMNS
from podwire.commands.answer import Answer
from podwire.commands.query import Query
from podwire.commands.rollup import Asker, chosen, measures_of, needed, with_columns
from podwire.history.rollups import MEASURES, SIDES, Rollup, end_key, key, last_seen_ago

_HOST_NAMES = ("cluster-name", "pod", "namespace", "node")
_BYTES = {"obytes": "sent-bytes", "ibytes": "received-bytes"}
"""A host sends what its clients get, and the other way round."""


class ConnectionStatsHandler:
    """Shows connection statistics."""

    noun = CONNECTION_STATS

    def __init__(self, asker: Asker, *, switch_name: str) -> None:
        self._asker = asker
        self._switch_name = switch_name

    async def show(self, query: Query) -> Answer:
        """Return a row a host (names that are asked for tell rows apart too), or a row a port."""
        by = chosen(query, "by", "host")
        left_out = PORT_COLUMNS if by == "host" else (*HOST_COLUMNS, *_HOST_NAMES)
        wanted = [name for name in needed(query) if name not in left_out]
        rollup = self._by_host(query, wanted) if by == "host" else self._by_port(query, wanted)
        return await self._asker.answer(with_columns(query, left_out), rollup, ignored=("by",))

    def _by_host(self, query: Query, wanted: list[str]) -> Rollup:
        keys: dict[str, Mapping[str, str]] = {"ip": end_key("ip")}
        for name in _HOST_NAMES:
            if name in wanted:
                keys[name] = key(name) if name == "cluster-name" else end_key(name)
        measures = [name for name in measures_of(query) if name in wanted and name not in _BYTES]
        more = {name: MEASURES[_BYTES[name]] for name in _BYTES if name in wanted}
        return Rollup(keys, measures, SIDES, self._constants("host"), {**more, **self._last_seen(wanted)})

    def _by_port(self, query: Query, wanted: list[str]) -> Rollup:
        keys = {"proto": key("proto"), "port": key("dst-port")} | ({"app": key("app")} if "app" in wanted else {})
        measures = [name for name in measures_of(query) if name in wanted]
        return Rollup(keys, measures, constants=self._constants("port"), more=self._last_seen(wanted))

    def _constants(self, by: str) -> dict[str, str]:
        return {"switch": self._switch_name, "by": by}

    def _last_seen(self, wanted: list[str]) -> Mapping[str, str]:
        return last_seen_ago(self._asker.clock.now_ns()) if "last-seen-ago" in wanted else {}
