"""`capture-show`: the packet sources and what became of each packet."""

from __future__ import annotations

from typing import Any

from podwire.catalog.capture import CAPTURE
from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.engine.sources import SourceFeed

_SUMMED = ("truncated", "malformed", "unsupported")
"""Groups of outcomes: the core counts each by layer (`truncated-ipv4`), the table shows their sum."""


_COPIED = ("tcp", "not-collected", "filtered", "ring-full", "outages")
"""Counters that have a column of the same name."""


class CaptureHandler:
    """Shows a row a source, open or not."""

    noun = CAPTURE

    def __init__(self, parts: Parts, sources: SourceFeed | None) -> None:
        self._parts = parts
        self._sources = sources

    async def show(self, query: Query) -> Answer:
        """Return the sources in the order in which they were opened."""
        rows = [_row(counters) for counters in self._parts.capture.source_counters()]
        faults = self._sources.faults if self._sources else {}
        rows += [_fault_row(name, fault) for name, fault in faults.items()]
        notes = [] if rows else ["No interface is read: start podwire serve with --interface."]
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)


def _row(counters: dict[str, Any]) -> Row:
    outcomes = {name: value for name, value in counters.items() if value and (name == "tcp" or name not in _PLAIN)}
    row: Row = {
        "interface": counters["interface"],
        "state": counters.get("state", "up"),
        "packets": counters["packets"],
        "bytes": counters["bytes"],
        "kernel-drops": counters.get("kernel-drops", 0),
        **{name: counters.get(name, 0) for name in _COPIED},
        "outcomes": " ".join(f"{name}={value}" for name, value in sorted(outcomes.items())) or None,
    }
    for group in _SUMMED:
        row[group] = sum(value for name, value in counters.items() if name == group or name.startswith(f"{group}-"))
    return row


_PLAIN = frozenset({"interface", "state", "packets", "bytes", "source", "kernel-drops", *_COPIED})
"""Counters with a meaning of their own; every other one is what became of packets."""


def _fault_row(name: str, fault: str) -> Row:
    return {"interface": name, "state": fault, "packets": 0, "bytes": 0, "kernel-drops": 0, "tcp": 0}
