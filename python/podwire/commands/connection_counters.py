"""`connection-counters-show`: what the connection table and the tables that name its rows have counted."""

from __future__ import annotations

from podwire.catalog.connection_counters import CONNECTION_COUNTERS, COUNTERS
from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.support.waiting import in_thread


class ConnectionCountersHandler:
    """Shows a row for each counter."""

    noun = CONNECTION_COUNTERS

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return every counter, also those that have counted nothing."""
        values = await in_thread(self._parts.capture.counters)
        values["claims-forgotten"] = self._parts.claims.forgotten
        values["endpoints-forgotten"] = self._parts.endpoints.forgotten
        rows: list[Row] = [{"counter": name, "value": values[name], "about": about} for name, about in COUNTERS.items()]
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns())
