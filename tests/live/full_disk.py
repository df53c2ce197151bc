"""Fills a small disk of its own while history is written to it: unshare --mount python full_disk.py FOLDER.

It prints, a line each: the fault, the numbers that were taken and are there, and the same after room was made and
after a new start.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from podwire.history import HistoryStore, Kind, batch_of
from podwire.settings.history import HistoryLimits
from podwire.support.clock import SystemClock

LIMITS = HistoryLimits(least_free_bytes=0, segment_rows=2_000)
ROWS = 200


def main(folder: Path) -> None:
    """Fill, make room, go on, start anew."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    filler = folder / "filler"
    filler.write_bytes(bytes(1 << 20))
    store = opened(folder)
    first = 0
    while not store.fault:
        first = add(store, first)
        store.commit()
        store.tend()
    tell(store, first)
    # More than one failure, and records that come meanwhile.
    for _ in range(3):
        first = add(store, first)
        store.commit()
    tell(store, first)
    filler.unlink()
    store.commit()
    store.tend()
    tell(store, first)
    store.close()
    tell(opened(folder), first)


def opened(folder: Path) -> HistoryStore:
    """Open the store on the disk."""
    store = HistoryStore(folder / "history", switch="switch", clock=SystemClock(), limits=LIMITS)
    store.open()
    return store


def add(store: HistoryStore, first: int) -> int:
    """Add the next records; return the number of the next one."""
    rows = [{"id": first + each, "recorded-time": 1, "record": "ended"} for each in range(ROWS)]
    assert store.add(Kind.CONNECTION, batch_of(Kind.CONNECTION, rows))
    return first + ROWS


def tell(store: HistoryStore, taken: int) -> None:
    """Print the fault and whether everything is there once."""
    found = store.files(Kind.CONNECTION)
    numbers = [number for path in found.parquet for number in pq.read_table(path, partitioning=None)["id"].to_pylist()]
    numbers += [number for batch in found.batches for number in batch.column("id").to_pylist()]
    sys.stdout.write(json.dumps([store.fault, sorted(numbers) == list(range(taken))]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
