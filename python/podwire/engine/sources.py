"""Opens the interfaces that were asked for, again while one cannot be opened, and logs when one goes or returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from podwire.capture import CaptureError
from podwire.engine.parts import Parts

WATCH_SECONDS = 1.0
"""How often the state of the open interfaces is looked at, to log when it changes."""
RETRY_SECONDS = 2.0
"""How long to wait before an interface that could not be opened is tried again."""

_log = logging.getLogger(__name__)


class SourceFeed:
    """The interfaces of one switch."""

    def __init__(self, interfaces: Sequence[str], *, parts: Parts, ring_bytes: int) -> None:
        self.interfaces = tuple(interfaces)
        self._parts = parts
        self._ring_bytes = ring_bytes
        self.faults: dict[str, str] = {}
        """By interface: why it is not being read."""
        self._states: dict[str, str] = {}

    async def run(self) -> None:
        """Open every interface, again and again while one fails, and log their changes until cancelled."""
        waiting = list(dict.fromkeys(self.interfaces))
        while True:
            waiting = [name for name in waiting if not self._open(name)]
            self._watch()
            await asyncio.sleep(RETRY_SECONDS if waiting else WATCH_SECONDS)

    def _watch(self) -> None:
        """Log each interface whose state is another than at the last look; reading goes on by itself."""
        for each in self._parts.capture.source_counters():
            name, state = str(each["interface"]), str(each.get("state", "up"))
            if self._states.get(name, "up") != state:
                level = logging.INFO if state == "up" else logging.WARNING
                _log.log(level, "interface %s: %s", name, state)
            self._states[name] = state

    def _open(self, name: str) -> bool:
        try:
            self._parts.capture.open_interface(name, ring_bytes=self._ring_bytes)
        except CaptureError as error:
            if self.faults.get(name) != str(error):
                _log.warning("interface %s: %s It is tried again every %g s.", name, error, RETRY_SECONDS)
            self.faults[name] = str(error)
            return False
        self.faults.pop(name, None)
        _log.info("interface %s: reading", name)
        return True
