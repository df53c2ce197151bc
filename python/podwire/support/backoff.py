"""How long to wait before the next try: exponential, with full jitter, bounded."""

from __future__ import annotations

import random


class Backoff:
    """Doubles the bound of the wait with each failure and draws the wait below it.

    The draw is uniform between half the bound and the bound, so that many clients that failed together do not return
    together (decorrelation as in "full jitter", with a floor that keeps a dead server from being hammered).
    """

    def __init__(self, *, first_seconds: float = 0.5, most_seconds: float = 30.0, seed: int | None = None) -> None:
        self._first_seconds = first_seconds
        self.most_seconds = most_seconds
        self._bound_seconds = first_seconds
        self._random = random.Random(seed)  # noqa: S311 - spreads retries, guards nothing

    def next_seconds(self) -> float:
        """Return the next wait in seconds and double the bound for the one after it."""
        wait = self._random.uniform(self._bound_seconds / 2, self._bound_seconds)
        self._bound_seconds = min(self._bound_seconds * 2, self.most_seconds)
        return wait

    def reset(self) -> None:
        """Start again from the first bound: the other side has answered."""
        self._bound_seconds = self._first_seconds
