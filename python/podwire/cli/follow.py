"""`follow`: first the rows there are, then those that are new or have changed.

The switch is asked at an interval. Where rows have times, only those that something happened to since the last answer
are asked for, unless its numbers are of the time that is asked for; what was printed before is told by the row itself,
its ages aside.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from podwire.catalog.filters import NOT
from podwire.catalog.show_options import TIME_OPTIONS
from podwire.catalog.units import NS_PER_SECOND
from podwire.cli.grammar import Request
from podwire.cli.render import render_rows
from podwire.cli.screen import Screen
from podwire.cli.transport import Answer, Transport

MOST_REMEMBERED = 1_000_000
"""Rows that are known to have been printed; of more, the earliest may be printed again."""

_OVERLAP_NS = 2 * NS_PER_SECOND
"""How much of the time before the last answer is asked for again: what happened while it was made."""

_LAST = "last-time"

_TIME_WORDS = frozenset(getattr(option, "keyword", getattr(option, "name", "")) for option in TIME_OPTIONS)


class Follower:
    """What lasts from one answer to the next."""

    def __init__(self, request: Request, transport: Transport, screen: Screen) -> None:
        self._request = request
        self._transport = transport
        self._screen = screen
        self._printed: OrderedDict[int, None] = OrderedDict()
        self._widths: list[int] = []
        self._has_headed = False
        self._asked_ns: int | None = None
        self._columns: list[str] = []
        noun = request.noun
        self._format, self._added = _format(request)
        self._volatile = {column.name for column in noun.columns if column.is_volatile}
        given = {name for name, _ in request.params}
        # A connection is there until it ends, in every window: of those, the ones with new packets are asked for.
        filtered = {name.removeprefix(f"{NOT} ") for name in given}
        self._last_time = "" if noun.times != ("started-time", _LAST) or _LAST in filtered else _LAST
        self._can_narrow = noun.has_times and not noun.counts_window and not given & _TIME_WORDS

    def next_part(self, now_ns: int) -> tuple[str, list[str]]:
        """Ask; return the text of the rows to print, and the notes of the first answer."""
        is_first = self._asked_ns is None
        answer = self._transport.show(self._request.noun, self._params())
        self._asked_ns = now_ns
        if is_first:
            self._columns = [name for name in answer.columns if name not in self._added]
        rows = [row for row in answer.rows if self._is_news(row)]
        part = Answer(rows, self._columns, len(rows))
        view = replace(self._request.view, has_headers=False) if self._has_headed else self._request.view
        self._has_headed = self._has_headed or bool(rows) or view.is_csv
        lines = render_rows(self._request.noun, part, view, self._screen, self._widths)
        return "".join(f"{line}\n" for line in lines), answer.notes if is_first else []

    def _params(self) -> list[tuple[str, str]]:
        """The words of the command, with the keys among the columns and, after the first time, the window."""
        params = [pair for pair in self._request.params if pair[0] != "format"]
        if self._format:
            params.append(("format", self._format))
        if self._can_narrow and self._asked_ns is not None:
            since = _time(self._asked_ns - _OVERLAP_NS)
            params.append(("start-time", since))
            if self._last_time:
                params.append((self._last_time, f">={since}"))
        return params

    def _is_news(self, row: dict[str, Any]) -> bool:
        mark = hash(tuple((name, str(value)) for name, value in row.items() if name not in self._volatile))
        if mark in self._printed:
            return False
        self._printed[mark] = None
        if len(self._printed) > MOST_REMEMBERED:
            self._printed.popitem(last=False)
        return True


def _format(request: Request) -> tuple[str, frozenset[str]]:
    """Return the columns to ask for, empty for those of the noun, and the keys among them that nobody wants to see.

    Sums have no more columns than they are asked for: each makes more rows of them.
    """
    noun = request.noun
    given = dict(request.params).get("format", "")
    shown = [name.strip() for name in given.split(",") if name.strip()]
    if shown == ["all"] or noun.counts_window:
        return given, frozenset()
    present = shown or [column.name for column in noun.default_columns]
    added = [column.name for column in noun.columns if column.is_key and column.name not in present]
    return (",".join([*present, *added]) if added else given), frozenset(added)


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
