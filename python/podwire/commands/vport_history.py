"""`vport-history-show`: who had which address when, as far as it is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from podwire.catalog.vport_history import VPORT_HISTORY
from podwire.commands.answer import Answer, Row
from podwire.commands.kept_claims import earlier_rows
from podwire.commands.query import Query, Window
from podwire.commands.show import answer_rows
from podwire.engine.claiming import PROTOCOLS
from podwire.engine.names import NOBODY, Names
from podwire.engine.parts import Parts
from podwire.support.waiting import in_thread
from podwire.tables.claims import AddressPort, Place

if TYPE_CHECKING:
    import pyarrow as pa

_PROTOCOL_WORDS = {number: word.lower() for word, number in PROTOCOLS.items()}


Kept = Callable[[frozenset[str] | None], tuple[Iterable[Mapping[str, Any]], Iterable[int], int]]
"""Given addresses, or None for all: what runs have recorded of them, times at which podwire ran, and when this run
began."""


class VPortHistoryHandler:
    """Shows the table of claims."""

    noun = VPORT_HISTORY

    def __init__(self, parts: Parts, *, kept: Kept | None = None) -> None:
        self._parts = parts
        self._kept = kept
        self._names = Names(parts)

    async def show(self, query: Query) -> Answer:
        """Return a row for each time that somebody had an address, by cluster and address, oldest first."""
        return await in_thread(self._show, query)

    def _show(self, query: Query) -> Answer:
        now_ns = self._parts.clock.now_ns()
        notes = [] if self._parts.claims.count() else ["No cluster has told of any address yet."]
        return answer_rows(query, self._table(query, now_ns), now_ns=now_ns, notes=notes)

    def _table(self, query: Query, now_ns: int) -> pa.Table:
        """Hundreds of thousands of rows as rows would take hundreds of megabytes."""
        import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a command takes

        kinds = {"integer": pa.int64(), "string": pa.string()}
        columns = [column for column in self.noun.columns if column.name in query.needed]
        values: list[list[Any]] = [[] for _ in columns]
        for row in self._all_rows(query, now_ns):
            for column, into in zip(columns, values, strict=True):
                into.append(row.get(column.name))
        arrays = [pa.array(each, kinds[column.type.json_type]) for column, each in zip(columns, values, strict=True)]
        return pa.table(arrays, names=[column.name for column in columns])

    def _all_rows(self, query: Query, now_ns: int) -> Iterator[Row]:
        """Yield what is remembered, and before it what earlier runs knew, where an address or a time is asked for."""
        addresses = _addresses(query)
        if self._kept is None or (addresses is None and query.window == Window()):
            yield from self._rows(addresses, now_ns)
            return
        present = list(self._rows(addresses, now_ns))
        records, alive_ns, run_ns = self._kept(addresses)
        yield from earlier_rows(records, present, alive_ns=alive_ns, run_ns=run_ns)
        yield from present

    def _rows(self, addresses: frozenset[str] | None, now_ns: int) -> Iterator[dict[str, Any]]:
        for cluster, place in self._parts.claims.places():
            address = place.address if isinstance(place, AddressPort) else place
            if addresses is None or address in addresses:
                for row in self.rows_of(cluster, place):
                    until_ns = row["until-time"]
                    yield {**row, "last-time": now_ns if until_ns is None else until_ns}

    def rows_of(self, cluster: int, place: Place) -> Iterator[dict[str, Any]]:
        """Yield a row for each time that somebody had the place, oldest first."""
        address, protocol, port = place if isinstance(place, AddressPort) else (place, 0, 0)
        for endpoint, from_ns, until_ns in self._parts.claims.spans(cluster, place):
            yield {
                "ip": address,
                "svc-name": self._parts.clusters.name(cluster),
                "protocol": _PROTOCOL_WORDS.get(protocol),
                "port": port or None,
                "from-time": from_ns,
                "until-time": until_ns,
                **self._who(endpoint),
            }

    def _who(self, number: int) -> dict[str, Any]:
        found = self._parts.endpoints.get(number)
        names = NOBODY if found is None else self._names.of_endpoint(found)
        return {
            "entity": names.pod or names.node,
            "namespace": names.namespace,
            "hostname": names.node,
            "workload": names.workload,
            "kind": None if found is None else found.kind.value,
            "uid": None if found is None else found.uid,
            "state": "held" if number else "unsure",
        }


def _addresses(query: Query) -> frozenset[str] | None:
    """Return the addresses that are asked for one by one; None where all are looked at."""
    for condition in query.conditions:
        if condition.column.name == "ip" and condition.operator == "in" and not condition.is_negated:
            return frozenset(condition.values)
    return None
