"""Long-running tasks that are restarted when they fail, and that end when their owner ends them.

A loop that dies of a fault that nobody foresaw must neither take the others down nor stay dead in silence: the fault is
logged once with its trace, and the loop runs again after a growing wait. One that had run for longer than the longest
wait had recovered: its next wait is a short one again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from podwire.support.backoff import Backoff

_log = logging.getLogger(__name__)


async def run_supervised(
    name: str,
    loop: Callable[[], Awaitable[None]],
    *,
    fatal: tuple[type[Exception], ...] = (),
    backoff: Backoff | None = None,
    seconds: Callable[[], float] = time.monotonic,
) -> None:
    """Run `loop` until it returns or is cancelled; start it again after an exception. `seconds` tells the time.

    Raises what is `fatal`: a fault that another start does not help against.
    """
    waits = backoff or Backoff()
    while True:
        started = seconds()
        try:
            await loop()
        except fatal:
            raise
        except Exception:
            if seconds() - started > waits.most_seconds:
                waits.reset()
            wait = waits.next_seconds()
            _log.exception("%s failed; it starts again in %.1f s", name, wait)
            await asyncio.sleep(wait)
        else:
            return


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel `task` and wait until it has ended; what it raises on its way out is not for the caller."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
