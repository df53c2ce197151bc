"""Single connections of a time: what is in the table and what history has kept, as one."""

from __future__ import annotations

from podwire.catalog.show_options import COUNT_COLUMN
from podwire.commands.answer import Answer
from podwire.commands.query import Query
from podwire.commands.rollup import core_filters, ready, stored, text_orders, window_filters
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.history.questions import NEWEST, Groups, Question
from podwire.support.port_names import port_names
from podwire.support.waiting import in_thread

NOTHING = "No connection matches that was there in this time, in the table or in the history."

_NEWEST_FIRST = (("started-time", True), ("id", True))


async def answer_past(
    query: Query, questions: ConnectionQuestions, *, now_ns: int, with_history: bool = True
) -> Answer:
    """Return the connections that were there at any time of the query's window, newest first unless sorted.

    Without history they are those of the table alone: the way for a table of millions, whole columns at a time.
    """
    window = query.window
    groups = _groups(query) if query.sum_by else None
    newest = ((NEWEST, True), *((name, False) for name in query.sum_by)) if groups else _NEWEST_FIRST
    question = Question(
        # What has been summed up has the engine's own column beside: the number of rows.
        columns=tuple(column.name for column in query.columns),
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        interval_ns=window.interval_ns,
        where=tuple(stored(each) for each in query.conditions if each.column.name != "time"),
        having=tuple(stored(each) for each in query.conditions if each.column.name == "time"),
        groups=groups,
        totals=tuple(column.name for column in query.noun.columns if column.is_additive) if query.wants_sums else (),
        sort=(*query.sort, *newest),
        limit=query.limit,
        port_names=port_names(),
        now_ns=now_ns,
        **text_orders(query),
    )
    filters = core_filters(query.conditions) + window_filters(window)
    found = await in_thread(questions.ask, question, filters=filters, with_history=with_history)
    notes = [] if len(found.table) else [NOTHING]
    return ready(query, found, notes=notes)


def _groups(query: Query) -> Groups:
    summed = [column.name for column in query.columns if column.is_additive and column.name not in query.sum_by]
    return Groups(query.sum_by, tuple(name for name in summed if name != COUNT_COLUMN.name), COUNT_COLUMN.name)
