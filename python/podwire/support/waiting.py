"""Work that takes a while within coroutines, for those that an event loop runs and for those that run without one.

A command is a coroutine, so that the daemon goes on while it works. In a program that answers one command and ends,
there is nothing to go on with, and to import an event loop takes longer than most answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `work` in a thread of its own and wait for it; right here where no event loop runs."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return work(*args, **kwargs)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work(*args, **kwargs)
    answer: T = await asyncio.to_thread(work, *args, **kwargs)
    return answer


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing but `in_thread`, to its end, without an event loop.

    Raises RuntimeError where it waits for something else.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: T = end.value
        return answer
    coroutine.close()
    msg = f"{coroutine!r} waits for an event loop."
    raise RuntimeError(msg)
