"""`connection-latency-show`: the latencies of connections as a histogram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

from podwire.catalog.connection_latency import CONNECTION_LATENCY, LATENCIES
from podwire.commands.answer import Answer, Row
from podwire.commands.query import Query, Window
from podwire.commands.rollup import Asker, chosen
from podwire.commands.show import answer_rows
from podwire.history.rollups import Rollup, key_sql

EDGES = (0, *(digit * 10**power for power in range(3, 10) for digit in (1, 2, 5)), 10**10, 2 * 10**10, 5 * 10**10)
"""Where the rows begin, nanoseconds: 0, 1 us, 2 us, 5 us, … 50 s; always the same, so that answers can be compared."""

BAR_CHARACTERS = 40


class ConnectionLatencyHandler:
    """Shows the histogram."""

    noun = CONNECTION_LATENCY

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, query: Query) -> Answer:
        """Return a row for each span of latencies, from the first that has connections to the last."""
        of = chosen(query, "of", LATENCIES[0])
        rollup = Rollup(
            {"bucket": key_sql(bucket_sql(of))}, ("connections", "first-time", "last-time"), where=f'"{of}" IS NOT NULL'
        )
        found = await self._asker.found(query, rollup)
        counted = found.table.to_pylist()
        rows: list[Row] = []
        ordered = sorted(counted, key=lambda row: row.get("time") or 0)
        for time, group in groupby(ordered, key=lambda row: row.get("time")):
            rows += ({"time": time, "of": of, **row} for row in histogram(group))
        mine = tuple(
            each for each in query.conditions if each.column.name != "of" and self.noun.column(each.column.name)
        )
        notes = [] if rows else [f"No connection with a known {of} matches."]
        rest = replace(query, conditions=mine, window=Window())
        return answer_rows(rest, rows, now_ns=self._asker.clock.now_ns(), notes=notes)


def bucket_sql(column: str) -> str:
    """Return SQL for the number of the row that a latency belongs to."""
    cases = " ".join(f'WHEN "{column}" < {edge} THEN {number}' for number, edge in enumerate(EDGES[1:]))
    return f"CASE {cases} ELSE {len(EDGES) - 1} END"


def histogram(counted: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Yield the rows, empty ones between them too, with parts of the whole and bars."""
    given = {row["bucket"]: row for row in counted}
    counts = {bucket: row["connections"] for bucket, row in given.items()}
    if not counts:
        return
    total, most, before = sum(counts.values()), max(counts.values()), 0
    spans = list(pairwise((*EDGES, None)))
    for bucket in range(min(counts), max(counts) + 1):
        count = counts.get(bucket, 0)
        before += count
        yield {
            "from": spans[bucket][0],
            "below": spans[bucket][1],
            "connections": count,
            "percent": round(100 * count / total, 3),
            "cumulative": round(100 * before / total, 3),
            "first-time": given.get(bucket, {}).get("first-time"),
            "last-time": given.get(bucket, {}).get("last-time"),
            "bar": "#" * (-(-count * BAR_CHARACTERS // most)),
        }
