"""A process that keeps history as fast as it can, until it is killed: python crash_writer.py FOLDER FIRST SINCE.

It prints the number of each connection that is safe, the last of a commit, as soon as the commit has returned. Its
clock runs 20,000 times too fast, so that journals are sealed, hours are over and files are merged all the time.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from podwire.history import HistoryStore, Kind, batch_of
from podwire.settings.history import HistoryLimits

ROWS = 40
_START_NS = 1_790_000_000_000_000_000


class FastClock:
    """Says an hour later after each 180 ms."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns

    def now_ns(self) -> int:
        """Return the time of this clock."""
        return _START_NS + (time.time_ns() - self._since_ns) * 20_000


def main(folder: str, first: int, since_ns: int) -> None:
    """Write without an end."""
    clock = FastClock(since_ns)
    limits = HistoryLimits(segment_rows=200, most_age_ns=1 << 62, least_free_bytes=0)
    store = HistoryStore(Path(folder), switch="switch", clock=clock, limits=limits)
    store.open()
    threading.Thread(target=_tend, args=(store,), daemon=True).start()
    while True:
        now = clock.now_ns()
        rows = [{"id": first + each, "recorded-time": now, "record": "ended"} for each in range(ROWS)]
        store.add(Kind.CONNECTION, batch_of(Kind.CONNECTION, rows))
        store.commit()
        first += ROWS
        sys.stdout.write(f"{first - 1}\n")
        sys.stdout.flush()


def _tend(store: HistoryStore) -> None:
    while True:
        store.tend()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
