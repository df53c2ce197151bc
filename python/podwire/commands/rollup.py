"""What the commands that add connections up share: which filters speak of connections, and which time is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from podwire.capture import Filter
from podwire.commands.answer import Answer
from podwire.commands.conditions import Condition
from podwire.commands.query import Query, Window
from podwire.commands.show import answer_rows, sort_key
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.history.questions import MEMORY_BYTES, Found, Question
from podwire.history.rollups import MEASURES, PERCENTILES, Rollup
from podwire.history.where import Condition as Stored
from podwire.support.clock import Clock
from podwire.support.errors import UsageError
from podwire.support.port_names import port_names
from podwire.support.waiting import in_thread

DEFAULT_NS = 3_600_000_000_000
"""The time that sums are of where nothing is said of it: an hour."""

NOTHING = "No connection matches that was there in this time; connection-show tells why there may be none."
ESTIMATED = "There are too many connections to hold all latencies: the percentiles are estimates."

_CORE = frozenset(
    {
        *("vxlan", "encap", "outer-src-ip", "outer-dst-ip", "proto", "src-ip", "src-port", "dst-ip", "dst-port"),
        *("cur-state", "transition-state", "latency", "server-latency", "client-latency", "total-bytes", "source"),
        *("obytes", "ibytes", "opkts", "ipkts", "one-way", "joined", "started-time", "last-time", "dur"),
    }
)
"""Columns that the packet core can filter by, with the same values as everywhere."""


@dataclass(frozen=True)
class Asker:
    """What such a handler needs."""

    questions: ConnectionQuestions
    clock: Clock
    memory: Callable[[str], int] = lambda _: MEMORY_BYTES
    """The bytes that answering the show command of a noun may take."""
    has_default_window: bool = True
    """False where all that there is is asked of: a capture that was read."""

    async def found(self, query: Query, rollup: Rollup, *, is_ordered: bool = False) -> Found:
        """Ask for the sums of the connections that the query's filters on connections let pass.

        `is_ordered`: in the query's order, and cut to its limit.
        """
        now_ns = self.clock.now_ns()
        window = query.window
        if self.has_default_window and window == Window(interval_ns=window.interval_ns):
            window = replace(window, start_ns=now_ns - DEFAULT_NS)
        about_connections = [each for each in query.conditions if query.noun.column(each.column.name) is None]
        question = Question(
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            interval_ns=window.interval_ns,
            where=tuple(map(stored, about_connections)),
            rollup=rollup,
            sort=(*(query.sort if is_ordered else ()), *_order(window, rollup)),
            limit=query.limit if is_ordered else 0,
            port_names=port_names(),
            now_ns=now_ns,
            memory_bytes=self.memory(query.noun.name),
            **text_orders(query if is_ordered else replace(query, sort=())),
        )
        filters = core_filters(about_connections) + window_filters(window)
        return await in_thread(self.questions.ask, question, filters=filters)

    async def answer(self, query: Query, rollup: Rollup, *, ignored: Sequence[str] = ()) -> Answer:
        """Answer a query about sums; `ignored` are the columns whose filters were understood already."""
        mine = tuple(
            each
            for each in query.conditions
            if query.noun.column(each.column.name) is not None and each.column.name not in ignored
        )
        # Where nothing is done to the sums afterwards, the rows that nobody asked for need not be handed over.
        is_ready = not (mine or query.sum_by or query.wants_sums)
        found = await self.found(query, rollup, is_ordered=is_ready)
        notes = [ESTIMATED] if found.is_estimated else []
        if not len(found.table):
            notes = [NOTHING]
        if is_ready:
            return ready(query, found, notes=notes)
        rest = replace(query, conditions=mine, window=Window())
        return answer_rows(rest, found.table, now_ns=self.clock.now_ns(), notes=notes)


def ready(query: Query, found: Found, *, notes: list[str]) -> Answer:
    """Return rows that were filtered, added up, ordered and cut where they were found."""
    from podwire.commands.tables import table_ready  # noqa: PLC0415 - see `show.answer_rows`

    return table_ready(query, found.table, count=found.count, notes=notes, sums=found.sums)


def text_orders(query: Query) -> _Orders:
    """Return how a question orders the text that the query is sorted by, so that it is as everywhere."""
    sorted_by = [column for column in query.columns + query.noun.columns if column.name in dict(query.sort)]
    addresses = frozenset(column.name for column in sorted_by if column.type.is_address)
    words = {each.name for each in sorted_by if each.type.json_type == "string" and each.name not in addresses}
    return {"addresses": addresses, "word_keys": dict.fromkeys(words, sort_key)}


class _Orders(TypedDict):
    addresses: frozenset[str]
    word_keys: dict[str, Callable[[Any], Any]]


def _order(window: Window, rollup: Rollup) -> tuple[tuple[str, bool], ...]:
    """Return an order that is always the same: by time, the most connections first, then by name."""
    time = (("time", False),) if window.interval_ns is not None else ()
    most = (("connections", True),) if "connections" in rollup.measures else ()
    return time + most + tuple((name, False) for name in rollup.keys)


def stored(condition: Condition) -> Stored:
    """Put a filter in the history's words."""
    values = condition.values
    if condition.operator == "any":
        values = tuple(stored(each) for each in values)
    return Stored(
        condition.column.name, condition.operator, values, condition.is_negated, condition.column.type.is_list
    )


def core_filters(conditions: Iterable[Condition]) -> list[Filter]:
    """Return those that the packet core can apply, so that it hands over no more rows than needed."""
    return [
        Filter(each.column.name, each.operator, each.values, each.is_negated)
        for each in conditions
        if each.column.name in _CORE and each.operator in ("in", "range", "prefix")
    ]


def window_filters(window: Window) -> list[Filter]:
    """Return what the packet core can apply of a window."""
    filters = []
    if window.start_ns is not None:
        filters.append(Filter("until-time", "range", (window.start_ns, _FOREVER_NS)))
    if window.end_ns is not None:
        filters.append(Filter("started-time", "range", (0, window.end_ns)))
    return filters


_FOREVER_NS = (1 << 63) - 1


def chosen(query: Query, name: str, default: str) -> str:
    """Return the one word that is chosen by the filter `name`. Raises UsageError where it is not one word."""
    given = [each for each in query.conditions if each.column.name == name]
    if not given:
        return default
    condition = given[0]
    if condition.is_negated or condition.operator != "in" or len(condition.values) != 1:
        msg = f"{query.noun.show_command}: {name} takes one of {', '.join(condition.column.type.choices)}"
        raise UsageError(msg)
    return str(condition.values[0])


def measures_of(query: Query) -> list[str]:
    """Return the measures that the query shows, sorts or filters by, in the order of its columns."""
    return [name for name in needed(query) if name in MEASURES or name in PERCENTILES]


def needed(query: Query) -> list[str]:
    """Return the columns that an answer takes, in the order of the noun's.

    Rows are told apart by the columns that are asked for alone: a key that nobody sees would only double rows.
    """
    wanted = {column.name for column in query.columns} | {name for name, _ in query.sort} | set(query.sum_by)
    wanted |= {condition.column.name for condition in query.conditions}
    if query.wants_sums:
        wanted |= {column.name for column in query.noun.columns if column.is_additive}
    return [column.name for column in query.noun.columns if column.name in wanted]


def with_columns(query: Query, names: Iterable[str]) -> Query:
    """Show the default columns without `names`, where no columns were asked for."""
    default = query.noun.default_columns
    if tuple(each for each in query.columns if each.name != "time") != default:
        return query
    left_out = set(names)
    return replace(query, columns=tuple(each for each in query.columns if each.name not in left_out))
