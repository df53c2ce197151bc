"""The option `port-names`: the servers' ports of an answer by their names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query

if TYPE_CHECKING:
    import pyarrow as pa

_PORT, _NAME = "dst-port", "app"


async def with_port_names(query: Query, show: Callable[[Query], Awaitable[Answer]]) -> Answer:
    """Answer the query by `show`, names in place of numbers; filters and the order are still those of the numbers."""
    wanted = [column.name for column in query.columns]
    if _PORT not in wanted:
        return await show(query)
    name = query.noun.column(_NAME)
    assert name is not None
    asked = query if _NAME in wanted else replace(query, columns=(*query.columns, name))
    answer = await show(asked)
    if answer.table is None:
        rows = [_named(row, wanted) for row in answer.rows]
        return Answer(rows, wanted, answer.count, answer.notes, answer.sums)
    return Answer([], wanted, answer.count, answer.notes, answer.sums, _named_table(answer.table, wanted))


def _named(row: Row, wanted: list[str]) -> Row:
    return {name: row[_NAME] or row[name] if name == _PORT else row[name] for name in wanted}


def _named_table(found: pa.Table, wanted: list[str]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - see `show.answer_rows`
    import pyarrow.compute as pc  # noqa: PLC0415

    ports = pc.coalesce(found[_NAME].cast(pa.string()), found[_PORT].cast(pa.string()))
    return found.set_column(found.column_names.index(_PORT), _PORT, ports).select(wanted)
