"""Loops that fail are started again, after waits that grow only as long as they keep failing."""

from __future__ import annotations

import logging

import pytest

from podwire.support.backoff import Backoff
from podwire.support.tasks import run_supervised


class NoWait(Backoff):
    """Notes the waits that it was asked for, and has nobody wait."""

    def __init__(self) -> None:
        super().__init__(first_seconds=1.0, most_seconds=8.0)
        self.asked: list[float] = []

    def next_seconds(self) -> float:
        self.asked.append(super().next_seconds())
        return 0.0


class Loop:
    """Runs as long as it is told each time, fails, and returns at last."""

    def __init__(self, *lasting: float) -> None:
        self.now = 0.0
        self._lasting = iter(lasting)

    async def run(self) -> None:
        seconds = next(self._lasting, None)
        if seconds is not None:
            self.now += seconds
            raise RuntimeError("out of order")


async def waits_after(*lasting: float) -> list[float]:
    loop, backoff = Loop(*lasting), NoWait()
    await run_supervised("the loop", loop.run, backoff=backoff, seconds=lambda: loop.now)
    return backoff.asked


async def test_waits_grow_while_it_keeps_failing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        asked = await waits_after(0, 0, 0, 0, 0)
    assert [low <= wait <= 2 * low for low, wait in zip((0.5, 1, 2, 4, 4), asked, strict=True)] == [True] * 5
    assert "the loop failed; it starts again in" in caplog.text


async def test_after_a_long_run_they_are_short_again() -> None:
    asked = await waits_after(0, 0, 0, 8, 9, 0)
    assert asked[3] >= 4
    assert asked[4] <= 1
    assert asked[5] <= 2


async def test_what_is_fatal_ends_it() -> None:
    loop = Loop(0)
    with pytest.raises(RuntimeError, match="out of order"):
        await run_supervised("the loop", loop.run, fatal=(RuntimeError,))
