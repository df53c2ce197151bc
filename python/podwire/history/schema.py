"""What is kept: for each kind of record an Arrow schema, made from the catalog's columns.

Times are nanoseconds since the Unix epoch as 64-bit integers, which every reader of Parquet understands; names and
addresses are text, encoded by dictionary. What a reader can work out of other columns is not kept: see `DERIVED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import pyarrow as pa

from podwire.catalog.capture import CAPTURE
from podwire.catalog.connection import CONNECTION
from podwire.catalog.k8s_cni import K8S_CNI
from podwire.catalog.nouns import Column, Noun
from podwire.catalog.vport_history import VPORT_HISTORY


class Kind(StrEnum):
    """The kinds of records; each has its own journal and its own folder of files."""

    CONNECTION = "connection"
    FINDING = "finding"
    VPORT = "vport"
    CAPTURE = "capture"


TEXT = pa.dictionary(pa.int32(), pa.string())
_SMALL = frozenset({"port", "vlan", "vni"})
"""Value types that fit 32 bits."""

_RECORD = [pa.field("recorded-time", pa.int64()), pa.field("record", TEXT)]
"""When podwire wrote the record, and which it is: of a connection `ended` or `update`."""

DERIVED: Mapping[str, str] = {
    "last-time": '"started-time" + "dur"',
    "ended-time": 'CASE WHEN "end" IN (\'fin\', \'rst\') THEN "started-time" + "dur" END',
    "total-bytes": '"obytes" + "ibytes"',
    "transition-state": "CASE WHEN \"record\" = 'ended' THEN 'ended' ELSE 'started' END",
    "age": '"recorded-time" - "started-time"',
}
"""Columns of a connection that are not kept, each as SQL over those that are."""

_OF_THE_PATH = frozenset({"switch"})
"""Columns that the folders' names hold."""

_NEVER_KEPT = frozenset({"time", "history", "app"})
"""Columns that only a question has: the sampled time, the state of the writing, the names of ports."""


def _field(column: Column) -> pa.Field:
    if column.type.json_type == "boolean":
        return pa.field(column.name, pa.bool_())
    if column.type.name in _SMALL:
        return pa.field(column.name, pa.int32())
    return pa.field(column.name, pa.int64() if column.type.is_number else TEXT)


def _of_noun(noun: Noun, *more: pa.Field, left_out: frozenset[str] = frozenset()) -> pa.Schema:
    left = left_out | _OF_THE_PATH | _NEVER_KEPT
    kept = [_field(column) for column in noun.columns if column.name not in left]
    return pa.schema([*_RECORD, *kept, *more])


KINDS: Mapping[Kind, pa.Schema] = {
    Kind.CONNECTION: _of_noun(CONNECTION, pa.field("end", TEXT), left_out=frozenset(DERIVED)),
    Kind.FINDING: _of_noun(K8S_CNI, pa.field("finding", TEXT)),
    Kind.VPORT: _of_noun(VPORT_HISTORY, pa.field("run", pa.int64()), left_out=frozenset({"last-time"})),
    Kind.CAPTURE: _of_noun(CAPTURE, left_out=frozenset(CAPTURE.times or ())),
}
"""The schema of each kind. A column that is new in a later version is null in earlier files."""

_SPREAD = frozenset({"time", "latency", "duration", "number"})
SPREAD: frozenset[str] = frozenset(
    column.name
    for noun in (CAPTURE, CONNECTION, K8S_CNI, VPORT_HISTORY)
    for column in noun.columns
    if column.type.name in _SPREAD
) | {"recorded-time", "run"}
"""Columns whose values hardly repeat: a dictionary of them would only be in the way."""


def batch_of(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Make a batch of a few rows; what a row lacks is null, what the schema lacks is left out.

    For the kinds with few records; connections come as columns (`naming.connection_batch`).
    """
    return pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=KINDS[kind])
