"""The places whose claims have changed and were not written to history yet, bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict

from podwire.tables.claims import Place

MOST = 1_000_000
"""Places that may wait; beyond it the one that waited longest is let go, and counted."""


class ChangedPlaces:
    """Each place once, in the order of its first change. Every method may be called from any thread."""

    def __init__(self, *, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[tuple[int, Place], None] = OrderedDict()
        self._most = most
        self.forgotten = 0

    def note(self, cluster: int, place: Place) -> None:
        """Note that something changed about the place."""
        with self._lock:
            self._waiting[cluster, place] = None
            if len(self._waiting) > self._most:
                self._waiting.popitem(last=False)
                self.forgotten += 1

    def take(self, most: int) -> list[tuple[int, Place]]:
        """Return and forget up to `most` of them."""
        with self._lock:
            if len(self._waiting) <= most:
                taken, self._waiting = list(self._waiting), OrderedDict()
                return taken
            taken = [key for key, _ in zip(self._waiting, range(most), strict=False)]
            for key in taken:
                del self._waiting[key]
            return taken
