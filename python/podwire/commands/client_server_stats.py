"""`client-server-stats-show`: connections added up by client and server."""

from __future__ import annotations

from collections.abc import Mapping

from podwire.catalog.client_server_stats import CLIENT_SERVER_STATS
from podwire.commands.answer import Answer
from podwire.commands.query import Query
from podwire.commands.rollup import Asker, measures_of, needed
from podwire.history.rollups import Rollup, key, last_seen_ago

_KEYS: Mapping[str, str] = {
    "vlan": "vlan",
    "vxlan": "vxlan",
    "client-ip": "src-ip",
    "server-ip": "dst-ip",
    "cluster-name": "cluster-name",
    **{
        f"{side}-{name}": f"{end}-{name}"
        for side, end in (("client", "src"), ("server", "dst"))
        for name in ("pod", "namespace", "workload", "node")
    },
}
"""Columns of a row and of its connections."""


class ClientServerStatsHandler:
    """Shows client and server statistics."""

    noun = CLIENT_SERVER_STATS

    def __init__(self, asker: Asker, *, switch_name: str) -> None:
        self._asker = asker
        self._switch_name = switch_name

    async def show(self, query: Query) -> Answer:
        """Return a row for each client and server, as far as the columns that are asked for tell them apart."""
        wanted = needed(query)
        keys = {name: key(_KEYS[name]) for name in wanted if name in _KEYS}
        more = last_seen_ago(self._asker.clock.now_ns()) if "last-seen-ago" in wanted else {}
        rollup = Rollup(keys, measures_of(query), constants={"switch": self._switch_name}, more=more)
        return await self._asker.answer(query, rollup)
