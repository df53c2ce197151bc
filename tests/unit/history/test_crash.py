"""A process that keeps history is killed at random points, again and again: what it called safe is there once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from podwire.history import HistoryStore, Kind
from podwire.settings.history import HistoryLimits
from podwire.support.clock import SystemClock

from .conftest import ids
from .crash_writer import ROWS

KILLS = int(os.environ.get("PODWIRE_CRASHES", "30"))
WRITER = Path(__file__).with_name("crash_writer.py")


def killed_run(folder: Path, first: int, seconds: float, since_ns: int) -> int:
    """Let the writer write that long after its first commit, kill it, return the last number that it called safe."""
    safe = first - 1
    command = [sys.executable, str(WRITER), str(folder), str(first), str(since_ns)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killer = threading.Timer(seconds, process.kill)
        for line in process.stdout:
            if safe < first:
                killer.start()
            # The last line may be torn, as everything else may be.
            safe = int(line) if line.endswith("\n") else safe
    assert process.returncode == -9
    return safe


def test_what_was_called_safe_is_there_once_after_every_kill(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    chance = random.Random(7)  # noqa: S311
    safe: set[int] = set()
    first, since_ns = 0, time.time_ns()
    for _ in range(KILLS):
        last = killed_run(folder, first, chance.uniform(0.0, 0.5), since_ns)
        safe |= set(range(first, last + 1))
        # The commit after the last one that was told of may be there too: all of it, or nothing.
        first = last + 1 + ROWS
    limits = HistoryLimits(most_age_ns=1 << 62, least_free_bytes=0)
    store = HistoryStore(folder, switch="switch", clock=SystemClock(), limits=limits)
    store.open()
    for stage in ("after the kill", "sealed"):
        found = ids(store)
        assert len(found) == len(set(found)), stage
        assert not safe - set(found), stage
        for each in set(found) - safe:
            start = each // ROWS * ROWS
            assert set(range(start, start + ROWS)) <= set(found), stage
        store.tend()
    assert not store.fault
    assert store.files(Kind.CONNECTION).parquet
