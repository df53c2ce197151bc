"""Questions about connections, answered over the packet core's table and the history as one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from podwire.capture import Filter
from podwire.engine.parts import Parts
from podwire.history import HistoryStore, Kind
from podwire.history.live import LEAST, Book, live_side
from podwire.history.questions import Found, Question, ask, columns_of
from podwire.history.relation import KEY_COLUMNS, Live, Sources
from podwire.history.services import NEEDED

MOST_AT_ONCE = 2
"""Questions that are worked on at a time; the others wait, so that their memory stays bounded."""


class ConnectionQuestions:
    """Asks of one switch's connections. May be called from any thread, and takes as long as it takes."""

    def __init__(
        self, parts: Parts, book: Book, *, switch_name: str, native_vlan: int, store: HistoryStore | None = None
    ) -> None:
        self._parts = parts
        self._book = book
        self._switch_name = switch_name
        self._native_vlan = native_vlan
        self._store = store
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def ask(self, question: Question, *, filters: Sequence[Filter] = (), with_history: bool = True) -> Found:
        """Answer `question`; `filters` are those of its conditions that the core can apply.

        Raises PodwireError for what cannot be answered.
        """
        with self._places:
            live = self._live(question, filters)
            if self._store is None or not with_history:
                return ask(question, Sources(self._switch_name, live))
            # The files come after the table: what leaves it meanwhile is in the store's queue, which they include.
            files = self._store.files(Kind.CONNECTION, question.start_ns, question.end_ns)
            try:
                return ask(question, Sources(self._switch_name, live, files.batches, files.parquet))
            finally:
                files.close()

    def _live(self, question: Question, filters: Sequence[Filter]) -> Live:
        capture = self._parts.capture
        known = capture.poll(0).schema.names
        wanted = columns_of(question) | set(LEAST)
        if "service" in wanted:
            wanted |= set(NEEDED)
        rows = capture.snapshot(filters, [name for name in known if name in wanted])
        keys = capture.snapshot((), KEY_COLUMNS)
        return live_side(rows, keys, self._book, now_ns=self._parts.clock.now_ns(), native_vlan=self._native_vlan)
