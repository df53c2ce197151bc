"""How long to wait: for a watch to end, learned from how long those before it lived, and after an error."""

from __future__ import annotations

import random

from podwire.kube.errors import AnswerError, KubeError
from podwire.settings.kube import KubeSettings
from podwire.support.backoff import Backoff

LEAST_SECONDS = 5.0
"""No watch is asked to be shorter: a server's last bookmark comes 2 s before the end that it was asked for."""

_MARGIN = 0.7
_GROWTH = 1.1


class Patience:
    """Asks for watches that end before something between cuts them.

    A proxy that ends every connection after half a minute ends a quiet watch before its first bookmark, which comes
    each minute or shortly before the end that was asked for (`bookmarkHeartbeat` in apiserver's cacher): it would
    never be known how far the watch had come.
    """

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._seconds = most_seconds

    def draw(self) -> int:
        """Return for how many whole seconds the next watch is to be asked for, spread around what is right."""
        return max(1, round(spread(self._seconds)))

    def cut(self, after_seconds: float) -> None:
        """Note that a watch was ended by somebody else after so long."""
        least = min(LEAST_SECONDS, self._most_seconds)
        self._seconds = min(self._most_seconds, max(least, after_seconds * _MARGIN))

    def ended(self) -> None:
        """Note that a watch lasted as long as was asked for."""
        self._seconds = min(self._most_seconds, self._seconds * _GROWTH)


def spread(seconds: float) -> float:
    """Draw a wait around `seconds`, so that what began together does not stay together."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


def wait_after(error: KubeError, backoff: Backoff, settings: KubeSettings) -> float:
    """Return for how many seconds to wait after an error: as long as the server says, else as `backoff` says."""
    retry_after = error.retry_after if isinstance(error, AnswerError) else None
    if retry_after is None:
        return backoff.next_seconds()
    # Never sooner than asked, and not all at the same moment.
    return min(retry_after, settings.most_retry_after_seconds) * random.uniform(1.0, 1.2)  # noqa: S311
