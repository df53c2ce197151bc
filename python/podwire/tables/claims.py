"""Who had which address when: the claims of every cluster, each address with its history, bounded.

The times are those that can be vouched for. Where two endpoints of one cluster may have had an address, the time in
between is nobody's: a missing name is better than a wrong one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

MOST_ENDED = 200_000
"""Ended claims that are remembered; beyond it the one that ended first is forgotten, and counted."""

MOST_PER_ADDRESS = 16
"""Claims that are remembered of one address, as many as the packet core keeps."""


class Held(Struct, gc=False):
    """One endpoint had one address for some time."""

    endpoint: int
    from_ns: int
    """Since when it surely had it, nanoseconds since the epoch."""
    until_ns: int | None
    """Until when (not included); None while it has it."""
    seen_ns: int
    """When podwire was first told."""


class Interval(NamedTuple):
    """A claim as it stands after a change, in the order of the packet core's own."""

    cluster: int
    address: str
    endpoint: int
    from_ns: int
    until_ns: int | None


class Standing(Enum):
    """What is known of an address at a time."""

    HELD = "held"
    UNKNOWN = "unknown"
    """Nothing is remembered of it."""
    ENDED = "ended"
    NOT_YET = "not-yet"
    CONTESTED = "contested"
    """Two endpoints may have had it."""


class Verdict(NamedTuple):
    """The answer to who had an address."""

    standing: Standing
    endpoint: int = 0
    """Who had it; for ENDED who had it last."""
    at_ns: int = 0
    """For ENDED: since when nobody has it. For HELD: since when the endpoint has it."""
    is_open: bool = False
    """For HELD: it goes on."""


_UNKNOWN = Verdict(Standing.UNKNOWN)

Entry = Held | list[Held]
"""Nearly every address has one claim: a list is made only for more."""


class ClaimTable:
    """Claims by cluster number and address."""

    def __init__(self, *, most_ended: int = MOST_ENDED) -> None:
        self._clusters: dict[int, dict[str, Entry]] = {}
        self._ended: deque[tuple[int, str, int]] = deque()
        """(cluster, address, endpoint) of ended claims, the one that ended first at the left."""
        self._most_ended = most_ended
        self.floor_ns = 0
        """What ended before may have been forgotten."""
        self.forgotten = 0

    def claim(
        self, cluster: int, address: str, endpoint: int, *, since_ns: int, at_ns: int, without_ns: int = 0
    ) -> list[Interval]:
        """Take it that `endpoint` has the address, seen at `at_ns` and not before `since_ns`; return what changed.

        `without_ns` is when it was last known not to have it. Who had the address until now can have had it until then
        only, and the newcomer has it surely from now on: what lies in between is nobody's.
        """
        book = self._clusters.setdefault(cluster, {})
        since_ns = min(since_ns, at_ns)
        entry = book.get(address)
        if entry is None:
            book[address] = Held(endpoint, since_ns, None, at_ns)
            return [Interval(cluster, address, endpoint, since_ns, None)]
        latest = _listed(entry)[-1]
        if latest.endpoint == endpoint:
            return self._resumed(cluster, address, latest)
        newcomer = Held(endpoint, since_ns, None, at_ns)
        return self._succeeded(cluster, address, newcomer, early_ns=max(since_ns, min(without_ns, at_ns)))

    def _resumed(self, cluster: int, address: str, latest: Held) -> list[Interval]:
        """The latest holder has it still, or again, and nobody had it in between."""
        if latest.until_ns is None:
            return []
        latest.until_ns = None
        return [Interval(cluster, address, latest.endpoint, latest.from_ns, None)]

    def _succeeded(self, cluster: int, address: str, newcomer: Held, *, early_ns: int) -> list[Interval]:
        known = _listed(self._clusters[cluster][address])
        # Who was seen with it earlier had it then: the newcomer came after that.
        early_ns = max([early_ns, *(each.seen_ns for each in known if each.seen_ns < newcomer.seen_ns)])
        changed = []
        for each in known:
            until_ns = newcomer.seen_ns if each.until_ns is None else each.until_ns
            newcomer.from_ns = max(newcomer.from_ns, until_ns)
            was_open = each.until_ns is None
            if until_ns <= early_ns and not was_open:
                continue
            each.until_ns = max(each.from_ns, early_ns)
            changed.append(Interval(cluster, address, each.endpoint, each.from_ns, each.until_ns))
            if was_open:
                self._note_end(cluster, address, each.endpoint)
        kept = [*known, newcomer]
        if len(kept) > MOST_PER_ADDRESS:
            # The oldest goes. Its rows keep the name that the core stamped.
            self.floor_ns = max(self.floor_ns, kept.pop(0).until_ns or 0)
            self.forgotten += 1
        self._clusters[cluster][address] = kept
        return [*changed, Interval(cluster, address, newcomer.endpoint, newcomer.from_ns, None)]

    def contest(self, cluster: int, address: str, endpoint: int, *, at_ns: int) -> list[Interval]:
        """Take it that `endpoint` has the address like somebody else of the same age: neither is believed."""
        changed = self.claim(cluster, address, endpoint, since_ns=0, at_ns=at_ns)
        return changed + self.end(cluster, address, endpoint, until_ns=0)

    def end(self, cluster: int, address: str, endpoint: int, *, until_ns: int) -> list[Interval]:
        """Take it that `endpoint` has given the address up; return what changed. What had ended stays as it is."""
        entry = self._clusters.get(cluster, {}).get(address)
        for each in () if entry is None else _listed(entry):
            if each.endpoint == endpoint and each.until_ns is None:
                each.until_ns = max(each.from_ns, until_ns)
                self._note_end(cluster, address, endpoint)
                return [Interval(cluster, address, endpoint, each.from_ns, each.until_ns)]
        return []

    def end_cluster(self, cluster: int, at_ns: int) -> None:
        """Take it that nobody of the cluster is followed any more."""
        for address, entry in list(self._clusters.get(cluster, {}).items()):
            for each in _listed(entry):
                if each.until_ns is None:
                    self.end(cluster, address, each.endpoint, until_ns=at_ns)

    def judge(self, cluster: int, address: str, at_ns: int) -> Verdict:
        """Say who of the cluster had the address at a time."""
        entry = self._clusters.get(cluster, {}).get(address)
        if entry is None:
            return _UNKNOWN
        before: Held | None = None
        is_later = False
        for each in _listed(entry):
            if each.from_ns > at_ns:
                is_later = True
            elif each.until_ns is None or at_ns < each.until_ns:
                return Verdict(Standing.HELD, each.endpoint, each.from_ns, is_open=each.until_ns is None)
            else:
                before = each
        if before is None:
            return Verdict(Standing.NOT_YET) if is_later else _UNKNOWN
        assert before.until_ns is not None
        kind = Standing.CONTESTED if is_later and _is_contested(_listed(entry), at_ns) else Standing.ENDED
        return Verdict(kind, before.endpoint, before.until_ns)

    def is_known(self, cluster: int, address: str) -> bool:
        """Say whether anything is remembered of the address."""
        return address in self._clusters.get(cluster, {})

    def open_holder(self, cluster: int, address: str) -> int:
        """Return the endpoint that has the address now; 0 for none."""
        entry = self._clusters.get(cluster, {}).get(address)
        last = _listed(entry)[-1] if entry is not None else None
        return last.endpoint if last is not None and last.until_ns is None else 0

    def rows(self, address: str | None = None) -> Iterator[tuple[int, str, Held]]:
        """Yield (cluster, address, claim), by cluster, of one address or of all; each address oldest first."""
        for cluster, book in self._clusters.items():
            chosen = book.items() if address is None else [(address, book[address])] if address in book else []
            for each, entry in list(chosen):
                for held in _listed(entry):
                    yield cluster, each, held

    def count(self) -> int:
        """Return how many addresses are known."""
        return sum(map(len, self._clusters.values()))

    def _note_end(self, cluster: int, address: str, endpoint: int) -> None:
        self._ended.append((cluster, address, endpoint))
        while len(self._ended) > self._most_ended:
            self._forget(*self._ended.popleft())

    def _forget(self, cluster: int, address: str, endpoint: int) -> None:
        book = self._clusters.get(cluster, {})
        entry = book.get(address)
        if entry is None:
            return
        known = _listed(entry)
        gone = next((each for each in known if each.endpoint == endpoint and each.until_ns is not None), None)
        if gone is None or gone.until_ns is None:
            return
        self.floor_ns = max(self.floor_ns, gone.until_ns)
        self.forgotten += 1
        rest = [each for each in known if each is not gone]
        if rest:
            book[address] = rest[0] if len(rest) == 1 else rest
        else:
            del book[address]


def _listed(entry: Entry) -> list[Held]:
    return entry if isinstance(entry, list) else [entry]


def _is_contested(known: list[Held], at_ns: int) -> bool:
    """Say whether the next holder may have had it already: podwire was told of it only after its claim begins."""
    following = next(each for each in known if each.from_ns > at_ns)
    return following.from_ns == following.seen_ns
