"""Sealing: a closed journal becomes a Parquet file, sorted so that the common questions read little of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from podwire.history.files import UNFINISHED, reading
from podwire.history.journal import fitted
from podwire.history.schema import KINDS, SPREAD, Kind

SORTED_BY = {
    Kind.CONNECTION: ("src-namespace", "src-pod", "src-ip", "started-time"),
    Kind.FINDING: ("cluster-name", "first-seen"),
    Kind.VPORT: ("svc-name", "ip", "from-time"),
    Kind.CAPTURE: ("interface", "recorded-time"),
}
"""Rows of one Pod lie together, so that its questions read few row groups, and names and addresses compress to nearly
nothing. What the Pod was the server of is found by the Bloom filters of the other columns."""

ROW_GROUP_ROWS = 131_072
"""Rows in a row group: what a question skips or reads as a whole."""

FILTERED = ("src-pod", "dst-pod", "src-ip", "dst-ip")
"""Columns of connections with a Bloom filter in each row group."""

_DISTINCT = 4_096
"""Distinct values of such a column in a row group that its filter is made for: some 4 kB a column."""

_COMPRESSION_LEVEL = 3


def write_parquet(path: Path, kind: Kind, batches: Sequence[pa.RecordBatch]) -> None:
    """Write the batches, sorted, so that `path` holds all of them or does not exist. Raises OSError."""
    table = pa.Table.from_batches(list(batches), KINDS[kind]).unify_dictionaries().combine_chunks()
    order = pc.sort_indices(_ranked(table, SORTED_BY[kind]), [(name, "ascending") for name in SORTED_BY[kind]])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(path.name + UNFINISHED)
    try:
        with beside.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            with pq.ParquetWriter(file, table.schema, **_options(kind, table.schema)) as writer:
                for start in range(0, len(table), ROW_GROUP_ROWS):
                    writer.write_table(table.take(order.slice(start, ROW_GROUP_ROWS)), ROW_GROUP_ROWS)
            file.flush()
            os.fsync(file.fileno())
        publish(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def read_parquet(path: Path, kind: Kind) -> list[pa.RecordBatch]:
    """Read a sealed file, also one of an earlier version with other columns. Raises OSError, DamagedFileError."""
    with reading(path):
        there = set(pq.read_schema(path).names)
        words = [field.name for field in KINDS[kind] if pa.types.is_dictionary(field.type) and field.name in there]
    with reading(path), pq.ParquetFile(path, read_dictionary=words) as file:
        return [fitted(batch, KINDS[kind]) for batch in file.iter_batches(ROW_GROUP_ROWS)]


def count_rows(path: Path) -> int:
    """Return how many rows a sealed file has. Raises OSError, DamagedFileError."""
    with reading(path):
        return int(pq.read_metadata(path).num_rows)


def publish(beside: Path, path: Path) -> None:
    """Give a finished and synced file its name, durably."""
    beside.rename(path)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent, path.parent.parent.parent.parent):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _ranked(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Put ranks in the place of words: numbers sort faster."""
    columns = []
    for name in names:
        column = table.column(name)
        columns.append(_ranks(column) if pa.types.is_dictionary(column.type) else column)
    return pa.table(columns, names=list(names))


def _ranks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in column.chunks:
        ranks = pc.rank(chunk.dictionary, tiebreaker="dense").cast(pa.int32())
        chunks.append(ranks.take(chunk.indices))
    return pa.chunked_array(chunks, pa.int32())


def _options(kind: Kind, schema: pa.Schema) -> dict[str, object]:
    spread = [field.name for field in schema if field.name in SPREAD]
    options: dict[str, object] = {
        "compression": "zstd",
        "compression_level": _COMPRESSION_LEVEL,
        "use_dictionary": [name for name in schema.names if name not in SPREAD],
        # Readable everywhere, and after sorting a tenth smaller than plain numbers.
        "column_encoding": dict.fromkeys(spread, "DELTA_BINARY_PACKED"),
        "store_schema": False,
        "write_page_checksum": True,
    }
    if kind is Kind.CONNECTION:
        options["bloom_filter_options"] = {name: {"ndv": _DISTINCT, "fpp": 0.01} for name in FILTERED}
    return options
