"""Work that is repeated in a thread of its own: what must go on while the event loop is busy with a long answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from podwire.support.backoff import Backoff

_log = logging.getLogger(__name__)


class RepeatingThread:
    """Calls a function again and again until it is stopped. One that raises is logged and called again later."""

    def __init__(self, name: str, work: Callable[[], object], *, seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        """The pause between two calls."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call that is under way, and wait for that. Stopping what was not started is allowed."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        waits = Backoff()
        pause = self._seconds
        while not self._stopping.wait(pause):
            try:
                self._work()
            except Exception:
                pause = max(self._seconds, waits.next_seconds())
                _log.exception("%s failed; it goes on in %.1f s", self._name, pause)
            else:
                pause = self._seconds
                waits.reset()
