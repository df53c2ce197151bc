"""Who had which address when: the claims of every cluster, each address with its history, bounded.

The times are those that can be vouched for. Where two endpoints of one cluster may have had an address, it cannot be
told who had it: a missing name is better than a wrong one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from msgspec import Struct

MOST_ENDED = 200_000
"""Ended claims that are remembered; beyond it the one that ended first is forgotten, and counted."""

MOST_PER_PLACE = 16
"""Claims that are remembered of one place; with the times between them fewer than the packet core keeps."""


class AddressPort(NamedTuple):
    """One port of an address that several share."""

    address: str
    protocol: int
    """IP protocol number (IANA "Protocol Numbers")."""
    port: int


Place = str | AddressPort
"""What can be claimed: a whole address, or one port of it."""


class Held(Struct, gc=False):
    """One endpoint had one place for some time."""

    endpoint: int
    maybe_ns: int
    """Since when it may have had it, nanoseconds since the epoch."""
    from_ns: int
    """Since when it surely had it."""
    until_ns: int | None
    """Until when (not included); None while it has it."""
    seen_ns: int
    """When podwire was first told."""
    is_doubtful: bool = False
    """True where it may have had it for longer than it said: its end was not seen, or not confirmed by its node."""
    is_contested: bool = False
    """True where somebody else of the same age had it too."""


class Sight(NamedTuple):
    """What is known of the time since when somebody has a place, nanoseconds since the epoch."""

    maybe_ns: int
    """It cannot have had it before."""
    sure_ns: int
    """It surely had it from then on, unless somebody else is known to have had it."""
    at_ns: int
    """It is seen with it."""


Span = tuple[int, int, int | None]


class History(NamedTuple):
    """Who had a place when, as the packet core is told of it."""

    cluster: int
    place: Place
    spans: tuple[Span, ...]
    """(endpoint, from, until), one after the other; endpoint 0 where it cannot be told who had it."""


Entry = Held | list[Held]
"""Nearly every place has one claim: a list is made only for more."""


class ClaimTable:
    """Claims by cluster number and place. What changed is collected for the packet core; see `take_changed`."""

    def __init__(self, *, most_ended: int = MOST_ENDED) -> None:
        self._clusters: dict[int, dict[Place, Entry]] = {}
        self._ended: deque[tuple[int, Place, int]] = deque()
        """(cluster, place, endpoint) of ended claims, the one that ended first at the left."""
        self._most_ended = most_ended
        self._changed: dict[tuple[int, Place], None] = {}
        self.forgotten = 0

    def claim(self, cluster: int, place: Place, endpoint: int, sight: Sight) -> None:
        """Take it that `endpoint` has the place.

        Who had it until now can have had it until `maybe_ns` only, and the newcomer has it surely from now on: it
        cannot be told who had it in between.
        """
        book = self._clusters.setdefault(cluster, {})
        maybe_ns = min(sight.maybe_ns, sight.at_ns)
        sure_ns = min(max(maybe_ns, sight.sure_ns), sight.at_ns)
        newcomer = Held(endpoint, maybe_ns, sure_ns, None, sight.at_ns)
        entry = book.get(place)
        if entry is None:
            book[place] = newcomer
        elif (latest := _listed(entry)[-1]).endpoint != endpoint:
            self._succeed(cluster, place, newcomer)
        elif latest.until_ns is not None:
            # It has it again, and nobody had it in between.
            latest.until_ns = None
            latest.is_doubtful = False
        else:
            return
        self._changed[cluster, place] = None

    def _succeed(self, cluster: int, place: Place, newcomer: Held) -> None:
        known = _listed(self._clusters[cluster][place])
        for each in known:
            until_ns = newcomer.seen_ns if each.until_ns is None or each.is_doubtful else each.until_ns
            newcomer.from_ns = max(newcomer.from_ns, until_ns)
            if each.until_ns is None:
                self._note_end(cluster, place, each.endpoint)
            if each.until_ns is None or each.until_ns > newcomer.maybe_ns:
                each.until_ns = max(each.from_ns, newcomer.maybe_ns)
        kept = [*known, newcomer]
        if len(kept) > MOST_PER_PLACE:
            kept.pop(0)
            self.forgotten += 1
        self._clusters[cluster][place] = kept

    def contest(self, cluster: int, place: Place, endpoint: int, *, at_ns: int) -> None:
        """Take it that `endpoint` has the place like somebody else of the same age: neither is believed."""
        self.claim(cluster, place, endpoint, Sight(0, at_ns, at_ns))
        self.end(cluster, place, endpoint, until_ns=0)
        for each in _listed(self._clusters[cluster][place])[-2:]:
            each.is_contested = True

    def rivals(self, cluster: int, place: Place) -> tuple[int, ...]:
        """Return the endpoints of which none is believed to have the place, since several of one age say so."""
        entry = self._clusters.get(cluster, {}).get(place)
        return tuple(each.endpoint for each in _listed(entry) if each.is_contested) if entry is not None else ()

    def end(self, cluster: int, place: Place, endpoint: int, *, until_ns: int, is_doubtful: bool = False) -> None:
        """Take it that `endpoint` has given the place up. What had ended stays as it is."""
        entry = self._clusters.get(cluster, {}).get(place)
        for each in () if entry is None else _listed(entry):
            if each.endpoint == endpoint and each.until_ns is None:
                each.until_ns = max(each.from_ns, until_ns)
                each.is_doubtful = is_doubtful
                self._changed[cluster, place] = None
                self._note_end(cluster, place, endpoint)
                return

    def end_cluster(self, cluster: int, at_ns: int) -> None:
        """Take it that nobody of the cluster is followed any more."""
        for place, entry in list(self._clusters.get(cluster, {}).items()):
            for each in _listed(entry):
                if each.until_ns is None:
                    self.end(cluster, place, each.endpoint, until_ns=at_ns, is_doubtful=True)

    def take_changed(self, most: int = 8192) -> list[History]:
        """Return the histories of places that changed and were not taken since, at most so many; empty at the end."""
        if len(self._changed) <= most:
            changed, self._changed = list(self._changed), {}
        else:
            changed = list(islice(self._changed, most))
            for each in changed:
                del self._changed[each]
        return [History(cluster, place, self.spans(cluster, place)) for cluster, place in changed]

    def spans(self, cluster: int, place: Place) -> tuple[Span, ...]:
        """Return who of the cluster had the place when, as in `History`."""
        entry = self._clusters.get(cluster, {}).get(place)
        if entry is None:
            return ()
        if isinstance(entry, Held) and entry.maybe_ns == entry.from_ns:
            has_time = entry.until_ns is None or entry.from_ns < entry.until_ns
            return ((entry.endpoint, entry.from_ns, entry.until_ns),) if has_time else ()
        return tuple(_spans(_listed(entry)))

    def is_known(self, cluster: int, place: Place) -> bool:
        """Say whether anything is remembered of the place."""
        return place in self._clusters.get(cluster, {})

    def open_holder(self, cluster: int, place: Place) -> int:
        """Return the endpoint that has the place now; 0 for none."""
        entry = self._clusters.get(cluster, {}).get(place)
        last = _listed(entry)[-1] if entry is not None else None
        return last.endpoint if last is not None and last.until_ns is None else 0

    def places(self) -> Iterator[tuple[int, Place]]:
        """Yield (cluster, place) of all that is known as the walk begins; may be called from any thread."""
        for cluster, book in list(self._clusters.items()):
            for place in list(book):
                yield cluster, place

    def count(self) -> int:
        """Return how many places are known."""
        return sum(map(len, self._clusters.values()))

    def _note_end(self, cluster: int, place: Place, endpoint: int) -> None:
        self._ended.append((cluster, place, endpoint))
        while len(self._ended) > self._most_ended:
            self._forget(*self._ended.popleft())

    def _forget(self, cluster: int, place: Place, endpoint: int) -> None:
        book = self._clusters.get(cluster, {})
        known = _listed(book[place]) if place in book else []
        gone = next((each for each in known if each.endpoint == endpoint and each.until_ns is not None), None)
        if gone is None:
            return
        self.forgotten += 1
        self._changed[cluster, place] = None
        rest = [each for each in known if each is not gone]
        if rest:
            book[place] = rest[0] if len(rest) == 1 else rest
        else:
            del book[place]


def _listed(entry: Entry) -> list[Held]:
    return entry if isinstance(entry, list) else [entry]


def _spans(known: list[Held]) -> Iterator[Span]:
    """Yield the claims, and between them the times of which it cannot be told whose they are."""
    reach_ns, is_doubtful = 0, False
    for each in known:
        unsure_ns = reach_ns if is_doubtful else max(reach_ns, min(each.maybe_ns, each.from_ns))
        if unsure_ns < each.from_ns:
            yield 0, unsure_ns, each.from_ns
        if each.until_ns is None or each.from_ns < each.until_ns:
            yield each.endpoint, each.from_ns, each.until_ns
        reach_ns, is_doubtful = each.until_ns or each.from_ns, each.is_doubtful
