"""With how many threads captures are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from podwire.replay import plan
from podwire.replay.plan import read_words

LARGE = 16 << 20
OTHERS = plan._others_running


def test_the_kernel_tells_how_many_run() -> None:
    assert 0 <= OTHERS() < 10_000


@pytest.fixture
def large(tmp_path: Path) -> str:
    path = tmp_path / "large.pcap"
    path.touch()
    os.truncate(path, LARGE)
    return str(path)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_others_running", lambda: 0)


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 8])
def test_large_captures_are_read_with_a_thread_for_each_idle_cpu_up_to_four(
    large: str, cpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cpus)))
    assert read_words([large]).reading_threads() == min(cpus, 4)
    for busy in (1, 3, 7, 20):
        monkeypatch.setattr(plan, "_others_running", lambda busy=busy: busy)
        assert read_words([large]).reading_threads() == max(1, min(cpus - busy, 4))
    assert read_words([large, "--threads", "3"]).reading_threads() == 3
    assert read_words([large, "--threads", "1"]).reading_threads() == 1


def test_small_ones_and_those_without_a_size_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))
    small, pipe = tmp_path / "small.pcap", tmp_path / "pipe"
    small.write_bytes(bytes(24))
    os.mkfifo(pipe)
    for path in (small, pipe, tmp_path / "absent", tmp_path, Path("x" * 5000), Path("-")):
        assert read_words([str(path)]).reading_threads() == 1


def test_sizes_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    paths = [tmp_path / f"{number}.pcap" for number in range(4)]
    for path in paths:
        path.touch()
        os.truncate(path, LARGE // 4)
    assert read_words([str(path) for path in paths]).reading_threads() == 2
    assert read_words([str(path) for path in paths[1:]]).reading_threads() == 1
