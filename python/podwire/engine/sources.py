"""Opens the interfaces that were asked for, and tries again while one cannot be opened."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from podwire.capture import CaptureError
from podwire.engine.parts import Parts

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

    async def run(self) -> None:
        """Open every interface; return when all are open. One that fails is tried again until it opens."""
        waiting = list(self.interfaces)
        while waiting:
            waiting = [name for name in waiting if not self._open(name)]
            if waiting:
                await asyncio.sleep(RETRY_SECONDS)

    def _open(self, name: str) -> bool:
        try:
            self._parts.capture.open_interface(name, ring_bytes=self._ring_bytes)
        except CaptureError as error:
            if self.faults.get(name) != str(error):
                _log.warning("interface %s: %s", name, error)
            self.faults[name] = str(error)
            return False
        self.faults.pop(name, None)
        _log.info("interface %s: reading", name)
        return True
