"""Single connections of a time: what is in the table and what history has kept, as one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from podwire.commands.answer import Answer
from podwire.commands.query import Query, Window
from podwire.commands.rollup import core_filters, stored, window_filters
from podwire.commands.show import answer_rows
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.history.questions import Question
from podwire.support.port_names import port_names

NOTHING = "No connection matches that was there in this time, in the table or in the history."


async def answer_past(
    query: Query, questions: ConnectionQuestions, *, now_ns: int, with_history: bool = True
) -> Answer:
    """Return the connections that were there at any time of the query's window, newest first unless sorted.

    Without history they are those of the table alone: the way for a table of millions, whole columns at a time.
    """
    window = query.window
    by_number = all(_is_number(query, name) for name, _ in query.sort)
    is_cut = bool(query.limit) and by_number and not (query.sum_by or query.wants_count or query.wants_sums)
    question = Question(
        # The number of rows summed up is the engine's own column.
        columns=tuple(sorted(name for name in query.needed if query.noun.column(name))),
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        interval_ns=window.interval_ns,
        where=tuple(stored(each) for each in query.conditions if each.column.name != "time"),
        having=tuple(stored(each) for each in query.conditions if each.column.name == "time"),
        sort=(*(query.sort if by_number else ()), ("started-time", True), ("id", True)),
        limit=query.limit if is_cut else 0,
        port_names=port_names(),
        now_ns=now_ns,
    )
    filters = core_filters(query.conditions) + window_filters(window)
    found = await asyncio.to_thread(questions.ask, question, filters=filters, with_history=with_history)
    notes = [] if len(found.table) else [NOTHING]
    rest = replace(query, conditions=(), window=Window())
    return answer_rows(rest, found.table, now_ns=now_ns, notes=notes, is_filtered=True)


def _is_number(query: Query, name: str) -> bool:
    column = query.noun.column(name)
    return column is not None and column.type.is_number
