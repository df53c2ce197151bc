"""`capture-show`: the packet sources and what became of each packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from podwire.catalog.capture import CAPTURE
from podwire.commands.answer import Answer, Row
from podwire.commands.capture_over_time import grown
from podwire.commands.query import Query, Window
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.engine.sources import SourceFeed
from podwire.support.waiting import in_thread

_SUMMED = {
    "truncated": ("truncated-",),
    "malformed": ("malformed-",),
    "unsupported": ("unsupported-", "unknown-vni", "too-deep"),
}
"""Groups of outcomes by how their names begin: the core counts each by layer, as in `truncated-ipv4`."""

_PACKETS = {
    "tcp": "tcp",
    "udp": "udp",
    "icmp": "icmp",
    "sctp": "sctp",
    "icmp-errors": "icmp-error",
    "fragments": "fragment",
    "encrypted": "encrypted",
    "duplicates": "duplicate",
}
"""Outcomes that have a column of their own, by its name."""

_COPIED = ("not-collected", "filtered", "ring-full", "outages", "kernel-drops", "evicted", "not-entered")
"""Counters that have a column of the same name and are no outcomes of packets."""


Samples = Callable[[int | None, int | None], Iterable[Row]]

_SAMPLED_BEFORE_NS = 3_600_000_000_000
"""How long before a window the last sample is looked for: they are taken each minute."""


class CaptureHandler:
    """Shows a row a source, open or not."""

    noun = CAPTURE

    def __init__(
        self,
        parts: Parts,
        sources: SourceFeed | None,
        *,
        history: Callable[[], str] | None = None,
        samples: Samples | None = None,
    ) -> None:
        self._parts = parts
        self._sources = sources
        self._history = history
        """Says whether history is written; without one there is none."""
        self._samples = samples
        """Returns what was sampled of the counters from a time to another one."""

    async def show(self, query: Query) -> Answer:
        """Return the sources in the order in which they were opened; in a window, what they counted in it."""
        if query.window != Window():
            return await in_thread(self._over_time, query)
        state = self._history() if self._history else None
        rows = [{**row, "history": state} for row in self.rows()]
        notes = [] if rows else ["No interface is read: start podwire serve with --interface."]
        if state not in (None, "written", "disabled"):
            notes.append(str(state))
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)

    def _over_time(self, query: Query) -> Answer:
        """Work out what was counted in the window, of the kept samples and the counters of now."""
        now_ns = self._parts.clock.now_ns()
        if self._samples is None:
            return answer_rows(
                query, [], now_ns=now_ns, notes=["Counters over time need the history of podwire serve."]
            )
        window = query.window
        start_ns = None if window.start_ns is None else window.start_ns - _SAMPLED_BEFORE_NS
        samples = [*self._samples(start_ns, window.end_ns), *({**row, "recorded-time": now_ns} for row in self.rows())]
        rows = grown(samples, start_ns=window.start_ns, end_ns=window.end_ns, interval_ns=window.interval_ns)
        return answer_rows(replace(query, window=Window()), rows, now_ns=now_ns)

    def rows(self) -> list[Row]:
        """Return a row a source with its counters of now."""
        mode = self._parts.capture.mode
        rows = [_row(counters, mode) for counters in self._parts.capture.source_counters()]
        faults = self._sources.faults if self._sources else {}
        return rows + [_fault_row(name, fault, mode) for name, fault in faults.items()]


def _row(counters: dict[str, Any], mode: str) -> Row:
    outcomes = {name: value for name, value in counters.items() if value and name not in _NO_OUTCOMES}
    row: Row = {name: counters[name] for name in ("interface", "state", "packets", "bytes", *_COPIED)}
    row |= {column: counters[name] for column, name in _PACKETS.items()}
    row["mode"] = mode
    if mode == "control" and row["state"] != "read":
        row["filtered"] = None
    for group, beginnings in _SUMMED.items():
        row[group] = sum(value for name, value in counters.items() if name.startswith(beginnings))
    row["outcomes"] = " ".join(f"{name}={value}" for name, value in sorted(outcomes.items())) or None
    return row


_NO_OUTCOMES = frozenset({"interface", "state", "packets", "bytes", "source", *_COPIED}) - {"not-collected"}
"""Counters with a meaning of their own; every other one is what became of packets, and these add up to `packets`."""


def _fault_row(name: str, fault: str, mode: str) -> Row:
    zeros = dict.fromkeys(("packets", "bytes", *_COPIED, *_PACKETS, *_SUMMED), 0)
    return {**zeros, "interface": name, "state": fault, "mode": mode}
