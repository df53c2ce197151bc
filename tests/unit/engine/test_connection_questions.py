"""Questions over the live table, over history, and over both: the same answers in every column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from podwire.capture import Capture, Filter
from podwire.catalog.connection import CONNECTION
from podwire.catalog.window import Window
from podwire.commands.rollup import window_filters
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.engine.history import HistoryWriter
from podwire.engine.parts import Parts
from podwire.engine.record_names import RecordNames
from podwire.history import HistoryStore
from podwire.history.questions import Question
from podwire.settings.configuration import HistorySettings
from podwire.support.clock import FixedClock

CASES = Path(__file__).parents[2] / "cases" / "pcap"
CAPTURES = [str(path) for path in sorted(CASES.glob("*/capture.pcap"))]
COLUMNS = tuple(column.name for column in CONNECTION.columns if column.name not in ("time", "app"))
NOW_NS = 1_790_000_000_000_000_000


class Switch:
    """A packet core with its history on disk."""

    def __init__(self, folder: Path, capture: Capture) -> None:
        self.parts = Parts(capture=capture, clock=FixedClock(NOW_NS))
        self.folder = folder
        self.store = self._opened()

    def _opened(self) -> HistoryStore:
        store = HistoryStore(self.folder, switch="switch", clock=self.parts.clock)
        store.open()
        return store

    def write(self) -> None:
        """Have everything written, as a daemon does that stops, and open it again."""
        writer = HistoryWriter(
            self.store,
            self.parts,
            native_vlan=1,
            capture_rows=list,
            finding_words=lambda _: {},
            claim_rows=lambda *_: [],
        )
        writer.configure(HistorySettings())
        writer.start()
        writer.stop()
        self.store = self._opened()

    def asked(
        self, *columns: str, filters: tuple[Filter, ...] = (), with_history: bool = True, start_ns: int | None = None
    ) -> list[dict[str, Any]]:
        book = RecordNames(self.parts)
        questions = ConnectionQuestions(
            self.parts, book, switch_name="switch", native_vlan=1, store=self.store if with_history else None
        )
        question = Question(columns, sort=(("started-time", True), ("id", True)), now_ns=NOW_NS, start_ns=start_ns)
        rows: list[dict[str, Any]] = questions.ask(question, filters=filters).table.to_pylist()
        return rows


@pytest.fixture
def switch(tmp_path: Path, capture: Capture) -> Switch:
    capture.read_files(CAPTURES)
    return Switch(tmp_path, capture)


def test_live_stored_and_both_say_the_same_of_every_column(switch: Switch) -> None:
    live = switch.asked(*COLUMNS, with_history=False)
    assert len(live) == len(switch.parts.capture.rows([], ["id"])) > 3
    assert all(row["last-time"] is not None and row["transition-state"] for row in live)
    switch.write()
    # What had left the table before is in the files alone.
    numbers = {(row["id"], row["started-time"]) for row in live}
    both = switch.asked(*COLUMNS)
    assert [row for row in both if (row["id"], row["started-time"]) in numbers] == live
    switch.parts.capture.clear()
    assert switch.asked(*COLUMNS) == both


def test_each_column_alone_is_whole_whichever_side_it_is_from(switch: Switch) -> None:
    switch.write()
    switch.parts.capture.clear()
    stored = {column: switch.asked("id", column) for column in COLUMNS if column != "id"}
    switch.parts.capture.read_files(CAPTURES)
    live = {row["id"] for row in switch.parts.capture.rows([], ["id"])}
    assert live
    for column, rows in stored.items():
        found = switch.asked("id", column)
        assert len(found) == len(rows) + len(live)
        assert [row for row in found if row["id"] not in live] == rows


def test_a_filter_on_what_changes_brings_no_older_record_back(switch: Switch) -> None:
    """A connection that no longer passes is not told as it was when its record was written."""
    switch.write()
    states = {row["cur-state"] for row in switch.asked("cur-state")}
    for state in states:
        told = switch.asked("id", "cur-state", filters=(Filter("cur-state", "in", (state,)),))
        live = switch.parts.capture.rows([Filter("cur-state", "in", (state,))], ["id"])
        live_numbers = {row["id"] for row in live}
        everything = {row["id"] for row in switch.parts.capture.rows([], ["id"])}
        assert {row["id"] for row in told if row["id"] in everything} == live_numbers


def test_what_has_not_ended_is_there_however_quiet_it_is(switch: Switch) -> None:
    """Also where a window is narrowed by the core, with history beside and without; an ended one is not."""
    quiet = [row for row in switch.asked("id", "transition-state", "last-time") if row["last-time"] < NOW_NS]
    going_on = {row["id"] for row in quiet if row["transition-state"] == "started"}
    assert going_on
    assert len(going_on) < len(quiet)
    window = Window(start_ns=NOW_NS)
    switch.write()
    for with_history in (False, True):
        rows = switch.asked(
            "id", filters=tuple(window_filters(window)), with_history=with_history, start_ns=window.start_ns
        )
        assert {row["id"] for row in rows} == going_on
