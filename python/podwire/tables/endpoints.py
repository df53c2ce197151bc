"""The names behind the numbers that the packet core stamps on connections.

An endpoint is a Pod (or a node) with an address. It gets a number when it first appears; the number is never given to
another, so that a stamped connection keeps the right name after its Pod is gone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

MOST_ENDED = 1_000_000
"""Ended endpoints that are remembered; beyond it the one that ended first is forgotten and its rows lose the name."""


class EndpointKind(StrEnum):
    """What holds the address."""

    POD = "pod"
    NODE = "node"


class Endpoint(Struct, frozen=True, gc=False):
    """One named holder of addresses."""

    number: int
    kind: EndpointKind
    cluster: str
    uid: str
    namespace: str
    name: str
    node: str


class EndpointTable:
    """Endpoints by number and by (cluster, kind, UID)."""

    def __init__(self, *, most_ended: int = MOST_ENDED) -> None:
        self._by_number: dict[int, Endpoint] = {}
        self._by_uid: dict[tuple[str, EndpointKind, str], Endpoint] = {}
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._most_ended = most_ended
        self._last_number = 0
        self.forgotten = 0
        """How many ended endpoints were let go to stay within the bound."""

    def put(self, cluster: str, kind: EndpointKind, uid: str, *, namespace: str, name: str, node: str) -> Endpoint:
        """Return the endpoint of this UID with its present names, numbered on first sight."""
        key = (cluster, kind, uid)
        known = self._by_uid.get(key)
        if known is not None and (known.name, known.node, known.namespace) == (name, node, namespace):
            return known
        if known is None:
            self._last_number += 1
        number = known.number if known else self._last_number
        endpoint = Endpoint(number, kind, cluster, uid, namespace, name, node)
        self._by_uid[key] = self._by_number[number] = endpoint
        return endpoint

    def get(self, number: int) -> Endpoint | None:
        """Return endpoint `number`, or None for 0 and for what was forgotten."""
        return self._by_number.get(number)

    def all(self) -> Iterable[Endpoint]:
        """Return every endpoint that is remembered."""
        return self._by_number.values()

    def find(self, cluster: str, kind: EndpointKind, uid: str) -> Endpoint | None:
        """Return the endpoint of this UID, or None."""
        return self._by_uid.get((cluster, kind, uid))

    def end(self, endpoint: Endpoint) -> None:
        """Note that the endpoint is gone: its number stays known, within the bound."""
        self._by_uid.pop((endpoint.cluster, endpoint.kind, endpoint.uid), None)
        self._ended[endpoint.number] = None
        while len(self._ended) > self._most_ended:
            oldest, _ = self._ended.popitem(last=False)
            self._by_number.pop(oldest, None)
            self.forgotten += 1

    def end_cluster(self, cluster: str) -> None:
        """Note that every endpoint of the cluster is gone."""
        for endpoint in [e for e in self._by_uid.values() if e.cluster == cluster]:
            self.end(endpoint)
