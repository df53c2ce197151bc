"""Makes the live side of a question: the core's rows as records, beside the identities of all that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from podwire.history.naming import NAMES, NameBook, made_columns
from podwire.history.relation import KEY_COLUMNS, Live
from podwire.history.schema import KINDS, Kind
from podwire.history.services import NEEDED, ServiceBook

STAMPS = ("cluster", "src-endpoint", "dst-endpoint", "src-reason", "dst-reason")
"""What the core must hand over beside the columns that are asked for, so that rows can be named."""

_LEAST = ("started-time", "dur", "transition-state")
"""What is asked of every row: whether it was there in the window, and whether it has ended."""

_RECORDS: Mapping[str | None, str] = {"started": "live", "ended": "ended"}
"""The kind of record by `transition-state`."""


class Book(NameBook, ServiceBook, Protocol):
    """Knows names and Services."""


def core_columns(wanted: frozenset[str], *, with_keys: bool) -> frozenset[str]:
    """Return the columns that the core must hand over; `with_keys`: the rows are `keys` too."""
    needed = wanted.union(_LEAST, KEY_COLUMNS if with_keys else ())
    if wanted & NAMES:
        needed = needed.union(STAMPS)
    return needed.union(NEEDED) if "service" in wanted else needed


def live_side(
    rows: pa.RecordBatch, keys: pa.RecordBatch | None, book: Book, wanted: frozenset[str], *, native_vlan: int
) -> Live:
    """Return the live side; `rows` has `core_columns`, texts as dictionaries.

    `keys` is all of `relation.KEY_COLUMNS`, taken after `rows`; None where there is no history beside.
    """
    made = made_columns(rows, book, wanted, native_vlan=native_vlan, services=book)
    states = rows.column("transition-state")
    records = pa.array([_RECORDS.get(state) for state in states.dictionary.to_pylist()], pa.string())
    made["record"] = pa.DictionaryArray.from_arrays(states.indices, records)
    # Only what records keep: what is worked out of it would stand beside what is worked out for all.
    asked = wanted.union(_LEAST)
    kept = {name: rows.column(name) for name in KINDS[Kind.CONNECTION].names if name in asked & {*rows.schema.names}}
    table = pa.table(kept | made)
    return Live(table, None if keys is None else pa.Table.from_batches([keys]))
