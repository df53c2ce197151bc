"""`history-show`: what is kept on disk, and how the writing goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from podwire.catalog.history import HISTORY
from podwire.commands.answer import Answer, Row
from podwire.commands.configuring import Configurator
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.support.waiting import in_thread

if TYPE_CHECKING:
    from podwire.history import HistoryStore


class HistoryHandler:
    """Shows a row a kind of record."""

    noun = HISTORY

    def __init__(self, store: HistoryStore, configurator: Configurator, parts: Parts) -> None:
        self._store = store
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return the kinds in the order of the schema."""
        rows = await in_thread(self._rows)
        notes = [self._store.fault] if self._store.fault else []
        if damaged := sum(row["damaged"] for row in rows):
            notes.append(f"{damaged} files could not be read, and are kept as *.damaged below {self._store.folder}.")
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)

    def _rows(self) -> list[Row]:
        state = writing_state(self._store, enabled=self._configurator.configuration.history.enable)
        lost = self._parts.capture.counters().get("ended-queue-overflow", 0)
        forgotten = self._parts.changed_places.forgotten
        return [
            {
                "kind": str(each.kind),
                "state": state,
                "written": each.written,
                "queued": each.queued,
                "dropped": each.dropped + (forgotten if each.kind == "vport" else 0),
                "lost": lost if each.kind == "connection" else 0,
                "journals": each.journals,
                "files": each.files,
                "bytes": each.bytes,
                "oldest": each.oldest_ns,
                "damaged": each.damaged,
                "folder": os.fspath(self._store.folder),
            }
            for each in self._store.states()
        ]


def writing_state(store: HistoryStore, *, enabled: bool) -> str:
    """Say in a few words whether history is written."""
    return (store.fault or "written") if enabled else "disabled"
