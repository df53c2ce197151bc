"""Records to keep, and a store on a real folder whose clock stands still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from podwire.history import HistoryStore, Kind, batch_of
from podwire.settings.history import HistoryLimits
from podwire.support.clock import FixedClock

SECOND = 1_000_000_000
NOW = 1_790_000_000 * SECOND
"""Thirteen minutes past an hour."""

MakeStore = Callable[..., HistoryStore]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def make_store(tmp_path: Path, clock: FixedClock) -> MakeStore:
    """Opens the store of the test's folder, again and again."""

    def make(limits: HistoryLimits | None = None) -> HistoryStore:
        store = HistoryStore(tmp_path / "history", switch="leaf 1", clock=clock, limits=limits or HistoryLimits())
        store.open()
        return store

    return make


def connections(first: int, count: int, *, pod: str = "web") -> pa.RecordBatch:
    """Make ended connections with the numbers from `first` on, recorded at NOW."""
    rows = [
        {
            "id": number,
            "recorded-time": NOW,
            "record": "ended",
            "src-pod": f"{pod}-{number % 7}",
            "src-namespace": "default",
            "src-ip": f"10.0.0.{number % 200}",
            "started-time": NOW - number,
            "dur": number,
        }
        for number in range(first, first + count)
    ]
    return batch_of(Kind.CONNECTION, rows)


def ids(store: HistoryStore, kind: Kind = Kind.CONNECTION) -> list[int]:
    """Return the number of every connection that the store has, sorted."""
    found = store.files(kind)
    tables = [pq.read_table(path, partitioning=None, columns=["id"]) for path in found.parquet]
    numbers = [number for table in tables for number in table.column("id").to_pylist()]
    return sorted(numbers + [number for batch in found.batches for number in batch.column("id").to_pylist()])
