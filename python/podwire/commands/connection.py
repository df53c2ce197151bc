"""`connection-…`: the connection table of the packet core, with names from the endpoint table.

Filters go to the core wherever it has the column, so that only rows that are asked for are ever made; filters on names
become filters on endpoint numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from podwire.capture import Filter
from podwire.catalog.connection import CONNECTION
from podwire.catalog.filters import PLAIN_OPERATORS
from podwire.commands.answer import Answer, Row
from podwire.commands.conditions import Condition
from podwire.commands.connection_notes import ConnectionNotes
from podwire.commands.handlers import Values
from podwire.commands.query import Query, Window
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.tables.endpoints import Endpoint, EndpointKind

_CORE_COLUMNS = (
    "id",
    "vlan",
    "vxlan",
    "encap",
    "outer-src-ip",
    "outer-dst-ip",
    "proto",
    "src-ip",
    "src-port",
    "dst-ip",
    "dst-port",
    "cur-state",
    "transition-state",
    "syn-resends",
    "syn-ack-resends",
    "latency",
    "server-latency",
    "client-latency",
    "obytes",
    "ibytes",
    "total-bytes",
    "opkts",
    "ipkts",
    "retransmits",
    "out-of-order",
    "zero-windows",
    "icmp-errors",
    "dur",
    "started-time",
    "last-time",
    "ended-time",
    "one-way",
    "joined",
    "source",
)
"""The columns that the core has under the same name."""

_STAMP_COLUMNS = ("cluster", "src-endpoint", "dst-endpoint", "src-reason", "dst-reason")

_ENDPOINT_FIELDS = {"pod": "name", "namespace": "namespace", "node": "node"}

_REASONS = {
    "none-claims": "no cluster claims this address",
    "ended": "the claim on this address had ended",
    "not-yet": "the address was claimed only later",
    "ambiguous": "several endpoints claim this address",
}
"""The core's words for a missing name, in the operator's words; `named` has none."""


class ConnectionHandler:
    """Shows and clears the connection table."""

    noun = CONNECTION

    def __init__(self, parts: Parts, notes: ConnectionNotes, *, switch_name: str, native_vlan: int) -> None:
        self._parts = parts
        self._notes = notes
        self._switch_name = switch_name
        self._native_vlan = native_vlan

    async def show(self, query: Query) -> Answer:
        """Return a row a connection, newest first unless sorted."""
        now_ns = self._parts.clock.now_ns()
        filters, rest = self._split(query, now_ns)
        # The core may cut where the first rows are the answer, and must not where all of them are to be counted.
        limit = query.source_limit if not rest else 0
        stamped = await asyncio.to_thread(self._snapshot, filters, limit)
        rows = [self._row(core_row, now_ns) for core_row in stamped]
        answer = answer_rows(replace(query, conditions=rest, window=Window()), rows, now_ns=now_ns)
        if answer.count:
            return answer
        total = self._parts.capture.counters().get("connections", 0)
        return Answer(columns=answer.columns, notes=self._notes.why_empty(total))

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Clear the table."""
        assert verb == "clear"
        assert not values
        await asyncio.to_thread(self._parts.capture.clear)
        return ()

    def _snapshot(self, filters: list[Filter], limit: int) -> list[Row]:
        return self._parts.capture.rows(filters, [*_CORE_COLUMNS, *_STAMP_COLUMNS], limit)

    def _split(self, query: Query, now_ns: int) -> tuple[list[Filter], tuple[Condition, ...]]:
        """Divide the conditions into those that the core can apply and the rest."""
        filters: list[Filter] = []
        rest: list[Condition] = []
        for condition in query.conditions:
            made = self._core_filter(condition, now_ns)
            if made is None:
                rest.append(condition)
            else:
                filters.append(made)
        window = query.window
        if window.start_ns is not None:
            filters.append(Filter("last-time", "range", (window.start_ns, _FOREVER_NS)))
        if window.end_ns is not None:
            filters.append(Filter("started-time", "range", (0, window.end_ns)))
        return filters, tuple(rest)

    def _core_filter(self, condition: Condition, now_ns: int) -> Filter | None:
        name = condition.column.name
        if name == "vlan":
            return self._vlan_filter(condition)
        if name == "age" and condition.operator == "range":
            low, high = condition.values
            return Filter("started-time", "range", (max(0, now_ns - high), max(0, now_ns - low)), condition.is_negated)
        if name in _CORE_COLUMNS and condition.operator in PLAIN_OPERATORS:
            return Filter(name, condition.operator, condition.values, condition.is_negated)
        side, _, field = name.partition("-")
        if side in ("src", "dst") and field in _ENDPOINT_FIELDS and condition.operator == "in":
            return Filter(f"{side}-endpoint", "in", self._endpoints_with(field, condition), condition.is_negated)
        return None

    def _vlan_filter(self, condition: Condition) -> Filter | None:
        """The core calls untagged packets VLAN 0, tables call them the native VLAN."""
        if condition.operator != "in":
            return None
        values = tuple(condition.values)
        return Filter("vlan", "in", values + ((0,) if self._native_vlan in values else ()), condition.is_negated)

    def _endpoints_with(self, field: str, condition: Condition) -> tuple[int, ...]:
        wanted = set(condition.values)
        endpoints = self._parts.endpoints.all()
        return tuple(endpoint.number for endpoint in endpoints if _endpoint_value(endpoint, field) in wanted)

    def _row(self, core_row: Row, now_ns: int) -> Row:
        source = self._parts.endpoints.get(core_row["src-endpoint"])
        server = self._parts.endpoints.get(core_row["dst-endpoint"])
        row: dict[str, Any] = {name: core_row[name] for name in _CORE_COLUMNS}
        row["switch"] = self._switch_name
        row["vlan"] = core_row["vlan"] or self._native_vlan
        row["age"] = max(0, now_ns - core_row["started-time"])
        row["cluster-name"] = _cluster_of(source, server) or self._parts.clusters.name(core_row["cluster"]) or None
        for side, endpoint in (("src", source), ("dst", server)):
            for field in _ENDPOINT_FIELDS:
                row[f"{side}-{field}"] = _endpoint_value(endpoint, field)
        row["reason"] = _reason(core_row, source, server)
        return row


_FOREVER_NS = (1 << 63) - 1


def _endpoint_value(endpoint: Endpoint | None, field: str) -> str | None:
    """Return a name of the endpoint; a node has no Pod and no namespace."""
    if endpoint is None or (endpoint.kind is EndpointKind.NODE and field != "node"):
        return None
    value: str = getattr(endpoint, _ENDPOINT_FIELDS[field])
    return value or None


def _cluster_of(*endpoints: Endpoint | None) -> str | None:
    return next((endpoint.cluster for endpoint in endpoints if endpoint is not None), None)


def _reason(core_row: Row, source: Endpoint | None, server: Endpoint | None) -> str | None:
    """Say for each unnamed side why it has no name."""
    found = []
    for side, endpoint in (("src", source), ("dst", server)):
        if endpoint is not None:
            text = "node address" if endpoint.kind is EndpointKind.NODE else ""
        else:
            text = _REASONS.get(core_row[f"{side}-reason"], "")
        if text:
            found.append(f"{side}: {text}")
    return "; ".join(found) or None
