"""The logs of sums: whole lines at their interval, within their space."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.engine.stats_log import FILES, StatsLog, StatsLogSettings
from podwire.support.clock import FixedClock
from podwire.support.errors import UnavailableError

SECOND = 1_000_000_000
START = 1_000 * SECOND


class Sums:
    """Gives rows, or a failure, and remembers what it was asked for."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.asked: list[int] = []
        self.fault = ""

    async def __call__(self, seconds: int) -> list[dict[str, Any]]:
        self.asked.append(seconds)
        if self.fault:
            raise UnavailableError(self.fault)
        return self.rows


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_it_writes_at_its_interval_and_not_before(tmp_path: Path) -> None:
    clock, sums = FixedClock(START), Sums([{"ip": "10.0.0.1", "connections": 3}])
    log = StatsLog(tmp_path / "log" / "x.jsonl", sums, clock=clock)
    await log.tick()
    assert sums.asked == []
    log.configure(StatsLogSettings(enable=True, interval_seconds=10))
    for seconds in (0, 5, 9, 11, 12, 22):
        clock.set_ns(START + seconds * SECOND)
        await log.tick()
    assert sums.asked == [10, 10]
    assert lines(tmp_path / "log" / "x.jsonl") == [
        {"logged-time": START + 11 * SECOND, "ip": "10.0.0.1", "connections": 3},
        {"logged-time": START + 22 * SECOND, "ip": "10.0.0.1", "connections": 3},
    ]
    log.configure(StatsLogSettings(enable=False, interval_seconds=10))
    clock.set_ns(START + 99 * SECOND)
    await log.tick()
    assert sums.asked == [10, 10]


async def test_a_clock_that_is_set_back_begins_anew(tmp_path: Path) -> None:
    clock, sums = FixedClock(START), Sums([{}])
    log = StatsLog(tmp_path / "x.jsonl", sums, clock=clock)
    log.configure(StatsLogSettings(enable=True, interval_seconds=10))
    for seconds in (0, -500, -495, -489):
        clock.set_ns(START + seconds * SECOND)
        await log.tick()
    assert len(sums.asked) == 1


async def test_a_failure_is_told_once_and_over_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, sums = FixedClock(START), Sums([{"a": 1}])
    log = StatsLog(tmp_path / "x.jsonl", sums, clock=clock)
    log.configure(StatsLogSettings(enable=True, interval_seconds=10))
    sums.fault = "no room"
    with caplog.at_level(logging.ERROR):
        for seconds in (0, 11, 22, 33):
            clock.set_ns(START + seconds * SECOND)
            await log.tick()
    assert [record.message for record in caplog.records] == ["x.jsonl is not written: no room"]
    sums.fault = ""
    clock.set_ns(START + 44 * SECOND)
    await log.tick()
    assert len(lines(tmp_path / "x.jsonl")) == 1


async def test_of_more_rows_than_fit_the_first_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, sums = FixedClock(START), Sums([{"rank": rank, "x": "." * 400} for rank in range(10_000)])
    log = StatsLog(tmp_path / "x.jsonl", sums, clock=clock)
    log.configure(StatsLogSettings(enable=True, interval_seconds=10, disk_space=1 << 20))
    for seconds in (0, 11, 22):
        clock.set_ns(START + seconds * SECOND)
        await log.tick()
    kept = [row for path in files(tmp_path) for row in lines(path)]
    latest = {row["rank"] for row in kept if row["logged-time"] == max(each["logged-time"] for each in kept)}
    assert latest == set(range(len(latest)))
    assert len(latest) > 1500
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 1 << 20
    assert [record.message.split(":")[0] for record in caplog.records] == [
        f"x.jsonl has no room for {10_000 - len(latest)} of 10000 rows, those with the fewest connections"
    ]


@settings(deadline=None, max_examples=50)
@given(
    sizes=st.lists(st.integers(0, 400), max_size=60),
    space=st.integers(200, 4_000),
    later=st.integers(200, 4_000),
)
def test_files_stay_within_their_space_and_lose_the_oldest_first(
    sizes: list[int], space: int, later: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = StatsLog(folder / "x", Sums([]), clock=FixedClock(START))
    for number, size in enumerate(sizes):
        log._append([json.dumps({"n": number, "x": "." * size}).encode() + b"\n"], space if number < 30 else later)
    names = [folder / f"x.{number}" for number in range(FILES, 0, -1)] + [folder / "x"]
    kept = [row["n"] for path in names if path.exists() for row in lines(path)]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= (space if len(sizes) <= 30 else max(space, later))
    assert kept == sorted(kept)
    fitting = [n for n, size in enumerate(sizes) if size + 30 < (space if n < 30 else later) // FILES]
    if fitting and len(sizes) <= 30:
        assert kept[-1] >= fitting[-1]
