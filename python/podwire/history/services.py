"""Gives records the Services of their servers: each different server is asked for once, if it may have any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

NEEDED = ("dst-endpoint", "dst-ip", "dst-port", "proto", "overlay-cluster", "dst-reason")
"""Columns of the packet core that tell which Services a connection was of."""


class Server(NamedTuple):
    """Where a connection went to, in the core's words: NEEDED."""

    endpoint: int
    address: str
    port: int
    proto: str | None
    overlay_cluster: int
    reason: str


class ServiceBook(Protocol):
    """Knows Services."""

    def may_serve(self, endpoint: int, address: str) -> bool:
        """Say whether a server may belong to a Service, whatever the port; asked once for each server of a batch."""
        ...

    def services(self, server: Server) -> str | None:
        """Return the Services of a server, separated by commas, or None."""
        ...


def service_column(core: pa.RecordBatch, book: ServiceBook) -> pa.Array | None:
    """Return the column `service` of the core's rows; None where the core did not hand over what tells of it."""
    if not set(NEEDED) <= set(core.schema.names):
        return None
    columns = [core.column(name) for name in NEEDED]
    places, place_codes = _distinct(columns[:2])
    serving = pa.array([book.may_serve(*place) for place in zip(*places, strict=True)], pa.bool_())
    kept = pc.indices_nonzero(serving.take(place_codes))
    if not len(kept):
        return pa.nulls(len(core), pa.string()).dictionary_encode()
    servers, codes = _distinct([column.take(kept) for column in columns])
    words = pa.array([book.services(Server(*each)) for each in zip(*servers, strict=True)], pa.string())
    # Back to all rows: those that were not asked for have nothing.
    position = pc.index_in(pa.arange(0, len(core)).cast(pa.uint64()), value_set=kept.cast(pa.uint64()))
    return words.take(codes.take(position)).dictionary_encode()


def _distinct(columns: Sequence[pa.Array]) -> tuple[list[list[Any]], pa.Array]:
    """Return the different combinations of values, as columns, and which of them each row has."""
    table = pa.table(list(columns), names=[str(number) for number in range(len(columns))])
    codes = pa.repeat(pa.scalar(0, pa.int64()), table.num_rows)
    for column in columns:
        encoded = pc.dictionary_encode(column, null_encoding="encode")
        # Codes stay small: after each column they are numbered anew.
        joined = pc.add(pc.multiply(codes, len(encoded.dictionary) + 1), encoded.indices.cast(pa.int64()))
        codes = joined.dictionary_encode().indices.cast(pa.int64())
    firsts = pa.table([codes, pa.arange(0, len(codes))], names=["code", "row"])
    found = firsts.group_by("code", use_threads=False).aggregate([("row", "min")]).sort_by("code")["row_min"]
    return [column.to_pylist() for column in table.take(found).columns], codes
