"""Work in a thread, with an event loop and without one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from podwire.support.waiting import finish, in_thread


async def _who() -> threading.Thread:
    return await in_thread(threading.current_thread)


def test_with_a_loop_it_is_another_thread() -> None:
    assert asyncio.run(_who()) is not threading.current_thread()


def test_without_one_it_is_this_thread() -> None:
    assert finish(_who()) is threading.current_thread()


def test_what_is_raised_arrives() -> None:
    with pytest.raises(ZeroDivisionError):
        finish(in_thread(divmod, 1, 0))


def test_what_waits_for_more_is_refused() -> None:
    async def endless() -> None:
        await _Pause()

    with pytest.raises(RuntimeError, match="event loop"):
        finish(endless())


class _Pause:
    def __await__(self):  # type: ignore[no-untyped-def]
        yield
