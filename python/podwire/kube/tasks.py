"""Small helpers around tasks: a timer that gathers several starts, and work that ends whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from podwire.kube.errors import KubeError


class Timer:
    """Calls back once, some time after the first of several starts."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._fire)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._call()


async def alone(work: Coroutine[Any, Any, KubeError]) -> KubeError:
    """Run `work` as a task of its own, which ends with the caller's.

    A TaskGroup whose own task fails at the moment at which it is cancelled raises the failure alone (cpython issue
    117407, mended in Python 3.13); a wait from outside does not lose the request to end.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return task.result()


def first_of(group: BaseExceptionGroup) -> KubeError:
    """Return the first single error of a group, however deep it lies."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, KubeError):
        raise error
    return error
