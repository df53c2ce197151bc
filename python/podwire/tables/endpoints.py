"""The names behind the numbers that the packet core has for the ends of connections.

An endpoint is a Pod (or a node) with an address. It gets a number when it first appears; the number is never given to
another, so that a connection keeps the right name after its Pod is gone.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import Struct

from podwire.tables.claims import AddressPort, Place

MOST_ENDED = 300_000
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
    addresses: tuple[str, ...] = ()
    """Every address that it has or had."""
    owner_kind: str = ""
    owner_name: str = ""
    owner_uid: str = ""
    """The controlling owner of a Pod, as its ownerReference says."""
    ports: tuple[tuple[int, int], ...] | None = None
    """(IP protocol, port) of a Pod that shares its node's addresses; None where its addresses are its own."""
    host_ports: tuple[AddressPort, ...] = ()
    """Ports of its node that lead to a Pod whose addresses are its own."""

    @property
    def places(self) -> tuple[Place, ...]:
        """What it has or had: its addresses, or its ports of them."""
        if self.ports is None:
            return (*self.addresses, *self.host_ports) if self.host_ports else self.addresses
        return tuple(AddressPort(address, *port) for address in self.addresses for port in self.ports)

    @property
    def seen_at(self) -> tuple[str, ...]:
        """Every address at which it may be seen: its own, and its node's where a port of that leads to it."""
        return (*self.addresses, *(each.address for each in self.host_ports)) if self.host_ports else self.addresses


_Key = tuple[str, EndpointKind]


class EndpointTable:
    """Endpoints by number and by cluster, kind and UID."""

    def __init__(self, *, most_ended: int = MOST_ENDED) -> None:
        self._by_number: dict[int, Endpoint] = {}
        self._by_uid: dict[_Key, dict[str, Endpoint]] = {}
        """Ended ones too, as long as they are remembered: a UID that returns is the same endpoint."""
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._most_ended = most_ended
        self._last_number = 0
        self._shared: dict[int, int] = {}
        """By number: that of the same endpoint as another cluster has it, where two connections lead to one cluster."""
        self._sharers: Counter[int] = Counter()
        """By number that stands for those of other clusters: how many they are."""
        self._outlived: set[int] = set()
        """Numbers that are let go and still stand for the same endpoint of another cluster."""
        self.forgotten = 0
        """How many ended endpoints were let go to stay within the bound."""

    def put(self, cluster: str, kind: EndpointKind, uid: str, *, namespace: str, name: str, node: str) -> Endpoint:
        """Return the endpoint of this UID with its present names, numbered on first sight."""
        return self.keep(Endpoint(0, kind, cluster, uid, namespace, name, node))

    def keep(self, holder: Endpoint) -> Endpoint:
        """Return the endpoint of the holder's UID with its present names; the number is the table's to give."""
        book = self._by_uid.setdefault((holder.cluster, holder.kind), {})
        known = book.get(holder.uid)
        addresses = holder.addresses
        if known is not None:
            self._ended.pop(known.number, None)
            addresses = _joined(known.addresses, addresses)
        number = known.number if known is not None else self._new_number(holder)
        made = msgspec.structs.replace(holder, number=number, addresses=addresses)
        if known == made:
            return known
        book[holder.uid] = self._by_number[number] = made
        return made

    def shared(self, number: int) -> int:
        """Return the number that stands for the endpoint whichever cluster tells of it: that of the first that did."""
        return self._shared.get(number, number)

    def get(self, number: int) -> Endpoint | None:
        """Return endpoint `number`, or None for 0 and for what was forgotten."""
        return self._by_number.get(number)

    def all(self) -> Iterable[Endpoint]:
        """Return every endpoint that is remembered."""
        return self._by_number.values()

    def find(self, cluster: str, kind: EndpointKind, uid: str) -> Endpoint | None:
        """Return the endpoint of this UID, live or remembered, or None."""
        return self._by_uid.get((cluster, kind), {}).get(uid)

    def live(self, cluster: str, kind: EndpointKind) -> list[Endpoint]:
        """Return the endpoints of a cluster that have not ended."""
        return [each for each in self._by_uid.get((cluster, kind), {}).values() if each.number not in self._ended]

    def is_live(self, number: int) -> bool:
        """Say whether an endpoint is known and has not ended."""
        return number in self._by_number and number not in self._ended

    def end(self, endpoint: Endpoint) -> None:
        """Note that the endpoint is gone: its number stays known, within the bound."""
        if endpoint.number in self._ended or endpoint.number not in self._by_number:
            return
        self._ended[endpoint.number] = None
        while len(self._ended) > self._most_ended:
            oldest, _ = self._ended.popitem(last=False)
            gone = self._by_number[oldest]
            self._let_go(oldest)
            self._by_uid[gone.cluster, gone.kind].pop(gone.uid, None)
            self.forgotten += 1

    def _let_go(self, number: int) -> None:
        if self._sharers[number]:
            self._outlived.add(number)
            return
        del self._by_number[number]
        first = self._shared.pop(number, 0)
        self._sharers.subtract((first,) if first else ())
        if first in self._outlived and not self._sharers[first]:
            self._outlived.discard(first)
            del self._by_number[first], self._sharers[first]

    def _new_number(self, holder: Endpoint) -> int:
        self._last_number += 1
        if is_uuid(holder.uid):
            for (cluster, kind), book in self._by_uid.items():
                if kind is holder.kind and cluster != holder.cluster and (twin := book.get(holder.uid)) is not None:
                    first = self._shared[self._last_number] = self.shared(twin.number)
                    self._sharers[first] += 1
                    break
        return self._last_number

    def end_cluster(self, cluster: str) -> None:
        """Note that every endpoint of the cluster is gone."""
        for kind in EndpointKind:
            for endpoint in self.live(cluster, kind):
                self.end(endpoint)


def is_uuid(uid: str) -> bool:
    """Say whether a UID is one as API servers make them (RFC 9562): there are no two in the world."""
    return len(uid) == _UUID_LENGTH and uid[8] == uid[13] == uid[18] == uid[23] == "-"


def _joined(earlier: tuple[str, ...], present: tuple[str, ...]) -> tuple[str, ...]:
    """Return the earlier addresses and the new ones; most often the very same tuple."""
    if earlier == present:
        return present
    return tuple(dict.fromkeys((*earlier, *present)))[-_MOST_ADDRESSES:]


_UUID_LENGTH = 36
_MOST_ADDRESSES = 64
"""Addresses that are remembered of one endpoint: a Pod keeps its own for life, a node may have some dozens."""
