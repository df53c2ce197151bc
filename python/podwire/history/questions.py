"""Questions over the live table, the journal and the sealed files as one, answered by DuckDB.

Each question has a database in memory of its own, with bounded memory and time; nothing is ever written to the files,
and nothing is fetched from a network.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from podwire.history.errors import HistoryError
from podwire.history.relation import IDENTITY, Sources, relation
from podwire.history.rollups import Rollup, bounded
from podwire.history.schema import DERIVED, KINDS, Kind
from podwire.history.where import MACROS, Condition, all_of, quoted
from podwire.settings.questions import SECONDS
from podwire.support.errors import UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_ROWS = 5_000_000
"""Rows of one answer without a limit; a question with more is refused rather than answered in part."""

MOST_SAMPLES = 100_000
"""Rows that `interval` may make."""

MOST_EXACT = 20_000_000
"""Connections whose percentiles are worked out of every value (8 bytes each); above, they are estimated."""

NEWEST = "newest"
"""The column of groups that orders them by their newest connection."""
_ORDER = f'"started-time"::HUGEINT * {1 << 63} + id'

MEMORY_BYTES = 1 << 30
"""What a question may take, unless it says otherwise."""


@dataclass(frozen=True)
class Groups:
    """Rows that are equal in some columns, as one."""

    by: tuple[str, ...]
    summed: tuple[str, ...]
    """Columns to add up: unknown where all are."""
    count: str
    """The name of the column that says how many rows each has."""


@dataclass(frozen=True)
class Question:
    """What is asked of connections."""

    columns: tuple[str, ...] = ()
    """Of the connections or of the roll-up; empty: all that the roll-up gives."""
    start_ns: int | None = None
    end_ns: int | None = None
    interval_ns: int | None = None
    where: tuple[Condition, ...] = ()
    """On connections."""
    rollup: Rollup | None = None
    having: tuple[Condition, ...] = ()
    """On the rows of the roll-up, or on samples."""
    groups: Groups | None = None
    """Of single connections: one row for all that are equal, those with the newest connections first."""
    totals: tuple[str, ...] = ()
    """Columns whose sums over all rows are asked for, also over those behind the limit."""
    sort: tuple[tuple[str, bool], ...] = ()
    """(column, descending), most important first."""
    limit: int = 0
    """0 is no limit."""
    addresses: frozenset[str] = frozenset()
    """Columns that are ordered as addresses."""
    word_keys: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """What other columns are ordered by, in place of their values; None included."""
    port_names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """By protocol and port: what the column `app` is made of."""
    now_ns: int = 0
    memory_bytes: int = MEMORY_BYTES


@dataclass(frozen=True)
class Found:
    """The answer to a question."""

    table: pa.Table
    count: int
    """How many rows there are without the limit."""
    sums: Mapping[str, int] = field(default_factory=dict)
    """What was asked for as `totals`."""
    is_estimated: bool = False
    """True where percentiles are near the truth only."""


def mentioned(question: Question) -> frozenset[str]:
    """Return the words of the question's SQL that may be columns of connections."""
    names = [*question.columns, *question.totals, *(name for name, _ in question.sort)]
    if question.groups is not None:
        names += [*question.groups.by, *question.groups.summed, *IDENTITY]
    parts = [all_of(question.where), *map(quoted, names)]
    if question.rollup is not None:
        parts.append(question.rollup.sql("rows"))
    return frozenset(first or second for part in parts for first, second in _WORD.findall(part))


def columns_of(question: Question) -> frozenset[str]:
    """Return the columns of connections that records must have for this question: at least those that it needs."""
    words = set(mentioned(question)) | {"last-time"}
    if "app" in words:
        words |= {"proto", "dst-port"}
    for name, expression in DERIVED.items():
        if name in words:
            words |= {first or second for first, second in _WORD.findall(expression)}
    return frozenset(words & {*KINDS[Kind.CONNECTION].names, *DERIVED})


_WORD = re.compile(r'"((?:[^"]|"")+)"|([a-z_]+)')


def ask(question: Question, sources: Sources) -> Found:
    """Answer a question. Raises UsageError for one that gives too much, HistoryError where files cannot be read."""
    import duckdb  # noqa: PLC0415 - 12 MB, which a daemon that is not asked such things does without

    database = _database(sources, question.memory_bytes)
    database.register("port_names", _port_names(question.port_names))
    timer = threading.Timer(SECONDS, database.interrupt)
    timer.start()
    try:
        return _Asking(question, sources, database).found()
    except duckdb.InterruptException as error:
        msg = f"The question took longer than {SECONDS:.0f} s: ask for a shorter time, or narrow it with filters."
        raise UsageError(msg) from error
    except duckdb.OutOfMemoryException as error:
        memory = f"{question.memory_bytes >> 20} MiB of memory"
        advice = "ask for a shorter time, for fewer columns with format, or narrow it with filters"
        msg = f"The question needs more than {memory}: {advice}."
        raise UsageError(msg) from error
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        msg = f"The history cannot be read: {str(error).splitlines()[0]}"
        raise HistoryError(msg) from error
    finally:
        timer.cancel()
        database.close()


def _database(sources: Sources, memory_bytes: int) -> DuckDBPyConnection:
    import duckdb  # noqa: PLC0415

    database = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_bytes >> 20}MiB",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",
            # What its own allocator keeps beyond this is given back when a thread has done its part.
            "allocator_flush_threshold": "16MiB",
        },
    )
    for macro in MACROS:
        database.execute(macro)
    schema = KINDS[Kind.CONNECTION]
    database.register("shape", schema.empty_table())
    if sources.live is not None:
        database.register("live", sources.live.rows)
        if sources.live.keys is not None:
            database.register("live_keys", sources.live.keys)
    if sources.journal:
        database.register("journal", pa.Table.from_batches(list(sources.journal), schema))
    return database


def _port_names(names: Mapping[tuple[str, int], str]) -> pa.Table:
    protos, ports = [proto for proto, _ in names], [port for _, port in names]
    return pa.table(
        {
            "app_proto": pa.array(protos, pa.string()),
            "app_port": pa.array(ports, pa.int64()),
            "app_name": pa.array(list(names.values()), pa.string()),
        }
    )


@dataclass(frozen=True)
class _Asking:
    """One question on its way."""

    question: Question
    sources: Sources
    database: DuckDBPyConnection

    def found(self) -> Found:
        """Ask it."""
        question = self.question
        is_estimated = question.rollup is not None and question.rollup.has_percentiles and self._is_large()
        rows = self._rolled_once(is_estimated=is_estimated) if question.rollup else self._single()
        sums = self._totals(rows) if question.totals else {}
        rows = self._grouped(rows, question.groups) if question.groups is not None else rows
        most = MOST_SAMPLES if question.interval_ns else MOST_ROWS
        limit = min(question.limit or most + 1, most + 1)
        wanted = ", ".join(map(quoted, question.columns)) or "*"
        table = self._table(f"SELECT {wanted} FROM ({rows}){self._order(rows)} LIMIT {limit}")
        if len(table) > most:
            what = "interval: more than" if question.interval_ns else "The answer has more than"
            msg = f"{what} {most} rows; narrow it with filters, a shorter time or limit-output."
            raise UsageError(msg)
        count = len(table) if len(table) < limit else self._count(rows)
        return Found(table, count, sums, is_estimated)

    def _rolled_once(self, *, is_estimated: bool) -> str:
        """Make the roll-up a table, which is small: it is read twice where a limit leaves rows out."""
        self.database.execute(f"CREATE TEMP TABLE rolled AS {self._rolled(is_estimated=is_estimated)}")
        return "SELECT * FROM rolled"

    def _single(self) -> str:
        """Return SQL for single connections that pass, sampled where an interval is asked for."""
        question = self.question
        rows = f"SELECT * FROM {self._rows()} WHERE {all_of(question.where)}"
        if question.interval_ns is None:
            return f"SELECT *, NULL::BIGINT AS time FROM ({rows})"
        step, end = question.interval_ns, question.end_ns if question.end_ns is not None else question.now_ns
        start = str(question.start_ns) if question.start_ns is not None else '"started-time"'
        first = f'{start} + greatest(("started-time" - {start} + {step - 1}) // {step}, 0) * {step}'
        # What is in the table and has not ended was there until now.
        last = f"least(CASE WHEN record = 'live' THEN {question.now_ns} ELSE \"last-time\" END, {end})"
        # The bound must hold before the samples are made: one row may have millions.
        samples = f"greatest(({last} - ({first})) // {step} + 1, 0)"
        total = self._scalar(f"SELECT coalesce(sum({samples}), 0) FROM ({rows})")
        if total > MOST_SAMPLES:
            msg = f"interval: more than {MOST_SAMPLES} samples; choose a longer interval or a shorter window"
            raise UsageError(msg)
        sampled = f"SELECT *, unnest(range({first}, {last} + 1, {step})) AS time FROM ({rows}) WHERE {samples} > 0"
        return f"SELECT * FROM ({sampled}) WHERE {all_of(question.having)}"

    def _totals(self, rows: str) -> dict[str, int]:
        names = self.question.totals
        # Sums of any length are read as text: they are told as they are.
        sums = ", ".join(f"coalesce(sum({quoted(name)}), 0)::VARCHAR" for name in names)
        found = self.database.sql(f"SELECT {sums} FROM ({rows})").fetchall()[0]
        return dict(zip(names, map(int, found), strict=True))

    @staticmethod
    def _grouped(rows: str, groups: Groups) -> str:
        by = ", ".join(map(quoted, groups.by))
        sums = [f"{bounded(f'sum({quoted(name)})')} AS {quoted(name)}" for name in groups.summed]
        measures = [f"count(*) AS {quoted(groups.count)}", *sums, f"max({_ORDER}) AS {quoted(NEWEST)}"]
        return f"SELECT {by}, {', '.join(measures)} FROM ({rows}) GROUP BY {by}"

    def _rolled(self, *, is_estimated: bool) -> str:
        question = self.question
        assert question.rollup is not None
        rows = f"(SELECT * FROM {self._rows()} WHERE {all_of(question.where)})"
        time = ""
        if question.interval_ns is not None:
            start = question.start_ns or 0
            time = f'{start} + greatest("started-time" - {start}, 0) // {question.interval_ns} * {question.interval_ns}'
        rolled = question.rollup.sql(rows, time=time, is_estimated=is_estimated)
        return f"SELECT * FROM ({rolled}) WHERE {all_of(question.having)}"

    def _rows(self) -> str:
        question = self.question
        rows = relation(self.sources, start_ns=question.start_ns, end_ns=question.end_ns, now_ns=question.now_ns)
        if "app" not in mentioned(question):
            return rows
        named = 'named.app_proto = proto AND named.app_port = "dst-port"'
        app = "CASE WHEN proto IN ('tcp', 'udp', 'sctp') THEN coalesce(app_name, \"dst-port\"::VARCHAR) END"
        return (
            f"(SELECT connections.*, {app} AS app FROM {rows} AS connections LEFT JOIN port_names AS named ON {named})"
        )

    def _is_large(self) -> bool:
        """Say whether more connections may take part than percentiles are worked out of exactly."""
        rows = sum(map(len, self.sources.journal))
        rows += len(self.sources.live.rows) if self.sources.live is not None else 0
        rows += _rows_of(self.sources.parquet)
        return rows > MOST_EXACT

    def _order(self, rows: str) -> str:
        """Return the order; addresses by their numbers, words by their keys, what is missing first of all."""
        keys = []
        for number, (name, is_descending) in enumerate(self.question.sort):
            column = quoted(name)
            if name in self.question.addresses:
                column = f"address_key({column})"
            elif name in self.question.word_keys:
                column = self._ranked(name, rows, number)
            keys.append(f"{column} {'DESC NULLS LAST' if is_descending else 'ASC NULLS FIRST'}")
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _ranked(self, name: str, rows: str, number: int) -> str:
        """Return SQL for the rank of a word among all that there are; each different one is judged once."""
        key = self.question.word_keys[name]
        words = [word for (word,) in self.database.sql(f"SELECT DISTINCT {quoted(name)} FROM ({rows})").fetchall()]
        order = sorted({key(word) for word in words})
        ranks = {each: rank for rank, each in enumerate(order)}
        table = pa.table({"word": pa.array(words, pa.string()), "rank": [ranks[key(word)] for word in words]})
        self.database.register(f"ranks_{number}", table)
        return f"(SELECT any_value(rank) FROM ranks_{number} WHERE word IS NOT DISTINCT FROM {quoted(name)})"

    def _table(self, sql: str) -> pa.Table:
        return self.database.sql(sql).to_arrow_table()

    def _count(self, rows: str) -> int:
        return self._scalar(f"SELECT count(*) FROM ({rows})")

    def _scalar(self, sql: str) -> int:
        return int(self.database.sql(sql).fetchall()[0][0])


def _rows_of(paths: Sequence[Path]) -> int:
    """Return how many records the files have, by their footers; what cannot be read is told of later."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where there are files

    total = 0
    for path in paths:
        try:
            total += pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException):
            continue
    return total
