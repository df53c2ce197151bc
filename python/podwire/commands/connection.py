"""`connection-…`: the connection table of the packet core, with names from the endpoint table.

Filters go to the core wherever it has the column, so that only rows that are asked for are ever made; filters on names
become filters on endpoint numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from podwire.capture import Filter
from podwire.catalog.connection import CONNECTION
from podwire.catalog.filters import PLAIN_OPERATORS
from podwire.commands.answer import Answer, Row
from podwire.commands.conditions import Condition
from podwire.commands.connection_names import CORE_COLUMNS, ConnectionNames
from podwire.commands.connection_notes import ConnectionNotes
from podwire.commands.connection_ports import with_port_names
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.support.errors import NotFoundError
from podwire.support.port_names import app_name
from podwire.support.waiting import in_thread

if TYPE_CHECKING:
    from podwire.engine.connection_questions import ConnectionQuestions

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

_ALL_COLUMNS = tuple(dict.fromkeys((*_CORE_COLUMNS, *CORE_COLUMNS)))
"""What is asked of the core: the columns to show, and those that names are made of."""

MOST_SINGLE_ROWS = 5_000
"""Rows that are made one by one, which answers fewest rows soonest; more are made a column at a time."""


class ConnectionHandler:
    """Shows and clears the connection table.

    `questions` gives what asks history and whole columns of the table, which few commands need.
    """

    noun = CONNECTION

    def __init__(
        self,
        parts: Parts,
        notes: ConnectionNotes,
        questions: Callable[[], ConnectionQuestions],
        *,
        switch_name: str,
        native_vlan: int,
        clear_history: Callable[[], None] | None = None,
    ) -> None:
        self._parts = parts
        self._notes = notes
        self._questions = questions
        self._clear_history = clear_history
        self._switch_name = switch_name
        self._native_vlan = native_vlan
        self._names = ConnectionNames(parts)

    async def show(self, query: Query) -> Answer:
        """Return a row a connection, newest first unless sorted."""
        return await with_port_names(query, self._show) if "port-names" in query.own else await self._show(query)

    async def _show(self, query: Query) -> Answer:
        now_ns = self._parts.clock.now_ns()
        if query.window.asks_for_past:
            return await self._answer_past(query, now_ns)
        filters, rest = self._split(query, now_ns)
        # The core may cut where the first rows are the answer, and must not where all of them are to be counted.
        limit = query.source_limit if not rest else 0
        if (not limit or limit > MOST_SINGLE_ROWS) and await in_thread(self._are_many, filters):
            return await self._answer_past(query, now_ns, with_history=False)
        stamped = await in_thread(self._snapshot, filters, limit)
        rows = [self._row(core_row, now_ns) for core_row in stamped]
        answer = answer_rows(replace(query, conditions=rest), rows, now_ns=now_ns)
        if answer.count:
            return answer
        total = self._parts.capture.counters().get("connections", 0)
        return Answer(columns=answer.columns, notes=self._notes.why_empty(total))

    async def _answer_past(self, query: Query, now_ns: int, *, with_history: bool = True) -> Answer:
        from podwire.commands.connection_past import answer_past  # noqa: PLC0415 - Arrow takes longer than most answers

        return await answer_past(query, self._questions(), now_ns=now_ns, with_history=with_history)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Clear the table, or what history keeps of it. Raises NotFoundError where no history is kept."""
        assert not values
        if verb == "clear":
            await in_thread(self._parts.capture.clear)
            return ()
        if self._clear_history is None:
            msg = "No history is kept here."
            raise NotFoundError(msg)
        await in_thread(self._clear_history)
        return ()

    def _are_many(self, filters: list[Filter]) -> bool:
        if self._parts.capture.counters().get("connections", 0) <= MOST_SINGLE_ROWS:
            return False
        number: int = self._parts.capture.snapshot(filters, ["id"], MOST_SINGLE_ROWS + 1).num_rows
        return number > MOST_SINGLE_ROWS

    def _snapshot(self, filters: list[Filter], limit: int) -> list[Row]:
        return self._parts.capture.rows(filters, _ALL_COLUMNS, limit)

    def _split(self, query: Query, now_ns: int) -> tuple[list[Filter], tuple[Condition, ...]]:
        """Divide the conditions into those that the core can apply and the rest."""
        filters: list[Filter] = []
        rest: list[Condition] = []
        for condition in query.conditions:
            made = self._core_filter(condition, now_ns)
            several = [made] if made is not None else self._names.core_filters(condition)
            filters += several
            if not several:
                rest.append(condition)
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
        return None

    def _vlan_filter(self, condition: Condition) -> Filter | None:
        """The core calls untagged packets VLAN 0, tables call them the native VLAN."""
        if condition.operator != "in":
            return None
        values = tuple(condition.values)
        return Filter("vlan", "in", values + ((0,) if self._native_vlan in values else ()), condition.is_negated)

    def _row(self, core_row: Row, now_ns: int) -> Row:
        row: dict[str, Any] = {name: core_row[name] for name in _CORE_COLUMNS}
        row["switch"] = self._switch_name
        row["vlan"] = core_row["vlan"] or self._native_vlan
        row["app"] = app_name(core_row["proto"], core_row["dst-port"])
        row["age"] = max(0, now_ns - core_row["started-time"])
        return row | self._names.columns(core_row, now_ns)
