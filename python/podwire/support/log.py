"""The daemon's log: one line an event on standard error, and no line more than a few times a minute."""

from __future__ import annotations

import logging
import sys
import time

BURST = 5
"""How often the same message may appear within PERIOD_SECONDS; what came more often is told as a number."""
PERIOD_SECONDS = 30.0
_MOST_TEMPLATES = 1_000


class BurstFilter(logging.Filter):
    """Lets each message template through BURST times a period."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record may pass; the first one after a pause tells how many were held back."""
        if len(self._seen) > _MOST_TEMPLATES:
            self._seen.clear()
        key = (record.name, str(record.msg))
        now = time.monotonic()
        since, count = self._seen.get(key, (now, 0))
        if now - since > PERIOD_SECONDS:
            if count > BURST:
                record.msg = f"{record.msg} ({count - BURST} more like this were not logged)"
            since, count = now, 0
        self._seen[key] = (since, count + 1)
        return count < BURST


def set_up_log(*, verbose: bool) -> None:
    """Send podwire's log to standard error, warnings of libraries too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(BurstFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("podwire").setLevel(logging.DEBUG if verbose else logging.INFO)
