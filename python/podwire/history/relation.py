"""Connections as one relation: the live table, the journal and the sealed files, each connection once.

A connection has one identity on its switch: its number and the time of its first packet (numbers begin anew with each
run). The live table has the last word, then the record of its end, then the newest of its updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from podwire.history.schema import DERIVED, KINDS, Kind
from podwire.history.where import literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa

IDENTITY = ("id", "started-time")
KEY_COLUMNS = (*IDENTITY, "dur", "transition-state")
"""What must be known of every live connection, whatever is asked, so that none is counted twice."""

SKEW_NS = 3_600_000_000_000
"""By how much the clock of a capture card may run ahead of the system's."""

_NAMED = ("src-workload", "dst-workload", "service")
"""Names that questions ask for, whether records have them or not."""

_NEVER_NS = (1 << 63) - 1


@dataclass(frozen=True)
class Live:
    """What is in the connection table now."""

    rows: pa.Table
    """Those that are asked for: columns as in the journal, as far as they are needed; `record` is `ended` where the
    connection has ended."""
    keys: pa.Table | None
    """KEY_COLUMNS of all, taken after `rows`; None where nothing was recorded."""


@dataclass(frozen=True)
class Sources:
    """Where records are found."""

    switch: str
    live: Live | None = None
    journal: Sequence[pa.RecordBatch] = ()
    parquet: Sequence[Path] = ()

    @property
    def has_history(self) -> bool:
        """True where anything was recorded."""
        return bool(self.journal or self.parquet)


def relation(sources: Sources, *, start_ns: int | None, end_ns: int | None, now_ns: int) -> str:
    """Return SQL for the rows that were there at any time of the window, each connection once, with every column.

    The tables `live`, `live_keys`, `journal` and `shape` must be registered where the sources have them.
    """
    branches = []
    if sources.live is not None:
        # The empty table gives the columns that were not needed.
        branches.append(
            f"SELECT *, {literal(sources.switch)} AS switch FROM live WHERE {_window(start_ns, end_ns, is_live=True)}"
        )
        branches.append("SELECT *, '' AS switch FROM shape")
    if sources.has_history:
        branches += _stored_branches(sources, _window(start_ns, end_ns))
    union = " UNION ALL BY NAME ".join(f"({branch})" for branch in branches or ["SELECT *, '' AS switch FROM shape"])
    lacking = {name: "NULL::VARCHAR" for name in _NAMED if name not in KINDS[Kind.CONNECTION].names}
    # Whenever a record was written, its connection has the same age now.
    age = {"age": f'greatest({now_ns} - "started-time", 0)'}
    made = {**DERIVED, **age, **lacking}
    derived = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in made.items())
    return f"(SELECT *, {derived} FROM ({union}))"


def _window(start_ns: int | None, end_ns: int | None, *, is_live: bool = False) -> str:
    """Return SQL for what was there; what is in the table and has not ended still is, however quiet it is.

    Where only SYN, FIN and RST are read, every connection is quiet until it ends.
    """
    parts = []
    if start_ns is not None:
        in_time = f'"started-time" + "dur" >= {start_ns}'
        parts.append(f"({in_time} OR record <> 'ended')" if is_live else in_time)
    if end_ns is not None:
        parts.append(f'"started-time" <= {end_ns}')
    return " AND ".join(parts) or "true"


def _stored_branches(sources: Sources, window: str) -> list[str]:
    """Return what was recorded of connections that are not in the live table, ended ones and others."""
    stored = stored_relation(Kind.CONNECTION, sources)
    identity = ", ".join(map(quoted, IDENTITY))
    in_run = f"switch, {identity}"
    ended = f"SELECT * FROM {stored} WHERE record = 'ended' AND {window}"
    newest = (
        f"SELECT * FROM {stored} WHERE record = 'update' AND {window} "
        f'QUALIFY row_number() OVER (PARTITION BY {in_run} ORDER BY "recorded-time" DESC) = 1'
    )
    others = (
        f"SELECT * FROM ({newest}) ANTI JOIN (SELECT {in_run} FROM {stored} WHERE record = 'ended') USING ({in_run})"
    )
    if sources.live is None or sources.live.keys is None:
        return [ended, others]
    # Only what ended lately can still be in the live table: what was recorded before needs no second look.
    since = (
        f'(SELECT coalesce(min("started-time" + "dur"), {_NEVER_NS}) - {SKEW_NS} FROM live_keys '
        "WHERE \"transition-state\" = 'ended')"
    )
    here = f"(SELECT {literal(sources.switch)} AS switch, {identity} FROM live_keys)"
    return [
        f'{ended} AND "recorded-time" < {since}',
        f'SELECT * FROM ({ended} AND "recorded-time" >= {since}) ANTI JOIN {here} USING ({in_run})',
        f"SELECT * FROM ({others}) ANTI JOIN {here} USING ({in_run})",
    ]


def stored_relation(kind: Kind, sources: Sources) -> str:
    """Return SQL for every record of a kind in the journal and in the files, with every column of its schema."""
    columns = ", ".join(quoted(name) for name in KINDS[kind].names)
    branches = [f"SELECT {columns}, {literal(sources.switch)} AS switch FROM journal"] if sources.journal else []
    if sources.parquet:
        files = ", ".join(literal(str(path)) for path in sources.parquet)
        read = (
            f"read_parquet([{files}], union_by_name = true, hive_partitioning = true, hive_types_autocast = false, "
            "hive_types = {'switch': VARCHAR, 'date': VARCHAR, 'hour': VARCHAR})"
        )
        # The empty table gives the columns that none of the files has.
        shaped = f"SELECT * EXCLUDE (date, hour) FROM {read} UNION ALL BY NAME SELECT * FROM shape"
        branches.append(f"SELECT {columns}, switch FROM ({shaped})")
    return "(" + " UNION ALL BY NAME ".join(branches or ["SELECT *, '' AS switch FROM shape"]) + ")"
