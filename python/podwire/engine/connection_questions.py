"""Questions about connections, answered over the packet core's table and the history as one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from podwire.capture import Filter
from podwire.engine.parts import Parts
from podwire.history import HistoryError, HistoryStore, Kind
from podwire.history.live import Book, core_columns, live_side
from podwire.history.questions import Found, Question, ask, columns_of
from podwire.history.relation import KEY_COLUMNS, Live, Sources

MOST_AT_ONCE = 2
"""Questions that are worked on at a time; the others wait, so that their memory stays bounded."""

_FOREVER_NS = (1 << 63) - 1


def _is_lasting(each: Filter) -> bool:
    """Say whether a connection that the filter leaves out has no record that it would let pass, whenever written."""
    if each.column == "started-time":
        return True
    return (
        each.column in ("last-time", "until-time")
        and each.operator == "range"
        and each.values[1] >= _FOREVER_NS
        and not each.is_negated
    )


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
            has_files = self._store is not None and with_history
            live = self._live(question, filters, has_files=has_files)
            if self._store is None or not with_history:
                return ask(question, Sources(self._switch_name, live))
            # The files come after the table: what leaves it meanwhile is in the store's queue, which they include.
            files = self._store.files(Kind.CONNECTION, question.start_ns, question.end_ns)
            try:
                return ask(question, Sources(self._switch_name, live, files.batches, files.parquet))
            except HistoryError as error:
                # The next question is not to fail for it, too.
                if not (damaged := self._store.set_damaged_aside(Kind.CONNECTION)):
                    raise
                msg = f"{damaged} files of the history were damaged and are set aside (history-show): ask again."
                raise HistoryError(msg) from error
            finally:
                files.close()

    def _live(self, question: Question, filters: Sequence[Filter], *, has_files: bool) -> Live:
        capture = self._parts.capture
        wanted = columns_of(question)
        # What the filters leave out must not come out of the files instead, unless they leave it out there too.
        has_all = all(map(_is_lasting, filters))
        needed = core_columns(wanted, with_keys=has_files and has_all)
        rows = capture.scan(filters, [name for name in capture.poll(0).schema.names if name in needed])
        keys = None
        if has_files:
            keys = rows.select(KEY_COLUMNS) if has_all else capture.scan((), KEY_COLUMNS)
        return live_side(rows, keys, self._book, wanted, native_vlan=self._native_vlan)
