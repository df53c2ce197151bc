"""`encrypted-show`: encrypted traffic by pair of nodes, with the nodes' names where a cluster tells them."""

from __future__ import annotations

from typing import Any

from podwire.catalog.encrypted import ENCRYPTED
from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.support.waiting import in_thread

_COPIED = ("kind", "node-packets", "node-bytes", "peer-packets", "peer-bytes", "started-time", "last-time")


_NONE = (
    "No encrypted traffic between nodes was seen. ESP is known by its protocol, WireGuard by its port: where a finding "
    "tells it, or replay --overlay."
)


class EncryptedHandler:
    """Shows a row for each kind and pair of nodes."""

    noun = ENCRYPTED

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return the pairs, the latest to begin first."""
        now_ns = self._parts.clock.now_ns()
        pairs = await in_thread(self._parts.capture.encrypted)
        names = self._names()
        rows = [_row(pair, names, now_ns) for pair in pairs]
        rows.sort(key=lambda row: (-row["started-time"], row["node-ip"], row["peer-ip"], row["kind"]))
        notes = [] if rows else [_NONE]
        return answer_rows(query, rows, now_ns=now_ns, notes=notes)

    def _names(self) -> dict[str, str | None]:
        """Return the node of each address; None where nodes of several names have it."""
        names: dict[str, str | None] = {}
        for row in self._parts.nodes.rows():
            for address in row.addresses.all:
                names[address] = row.node.name if names.get(address, row.node.name) == row.node.name else None
        return names


def _row(pair: dict[str, Any], names: dict[str, str | None], now_ns: int) -> Row:
    row: Row = {name: pair[name] for name in _COPIED}
    for end in ("node", "peer"):
        row[f"{end}-ip"] = pair[end]
        row[end] = names.get(pair[end])
    row["age"] = max(0, now_ns - pair["started-time"])
    return row
