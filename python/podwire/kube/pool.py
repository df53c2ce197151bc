"""Keeps one copy of equal values, so that 150,000 Pods fit."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

_MOST_SHARED = 100_000

_V = TypeVar("_V", bound=Hashable)

Labels = tuple[tuple[str, str], ...]


class Pool:
    """Keeps one copy of equal values: namespaces, nodes, owners and label sets repeat thousands of times.

    Bounded: it forgets everything when it is full, which costs memory for a while and nothing else.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, Hashable] = {}

    def share(self, value: _V) -> _V:
        """Return the value that was seen first among the equal ones."""
        if len(self._values) >= _MOST_SHARED:
            self._values.clear()
        return self._values.setdefault(value, value)  # type: ignore[return-value]

    def labels(self, labels: dict[str, str] | None) -> Labels:
        """Return labels sorted by key, one copy of those that are equal, and of each pair in those that are not."""
        if not labels:
            return ()
        pairs = tuple(sorted(labels.items()))
        known = self._values.get(pairs)
        if known is None:
            known = self.share(tuple(self.share((self.share(key), self.share(value))) for key, value in pairs))
        return known  # type: ignore[return-value]
