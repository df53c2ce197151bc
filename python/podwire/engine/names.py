"""The names behind what the packet core says of a connection's ends: endpoint numbers and reasons become words.

The core judges; here is only looked up. A number stands for the same endpoint for ever, so that a batch of records
needs one look-up for each different number in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from podwire.engine.parts import Parts
from podwire.tables.endpoints import Endpoint, EndpointKind
from podwire.tables.owners import Workload

REASONS = {
    "none-claims": "no cluster claims this address",
    "ended": "the claim had ended",
    "not-yet": "the address was claimed only later",
    "ambiguous": "ambiguous between clusters",
    "unsure": "the address may have changed hands just then",
    "away": "the cluster was away",
    "node": "node address",
    "forgotten": "the name is no longer remembered",
}
"""By reason: why an end has no Pod's name, without its times."""

_DOUBTS = ("away", "unsure", "ambiguous")
"""Where it is not known who the server was, it is not known either which Service it was of."""


class EndNames(NamedTuple):
    """What is told of one end of a connection; None for what it has not."""

    pod: str | None = None
    namespace: str | None = None
    workload: str | None = None
    node: str | None = None


FIELDS = EndNames._fields
"""What is told of each end, as `src-…` and `dst-…`."""

NOBODY = EndNames()


class Names:
    """Looks names up in the tables."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def of(self, number: int) -> EndNames:
        """Return the names of endpoint `number`; none for 0 and for one that is no longer remembered."""
        endpoint = self._parts.endpoints.get(number)
        return NOBODY if endpoint is None else self.of_endpoint(endpoint)

    def of_endpoint(self, endpoint: Endpoint) -> EndNames:
        """Return the names of an endpoint; a node has no Pod, namespace and workload."""
        if endpoint.kind is EndpointKind.NODE:
            return EndNames(node=endpoint.node)
        workload = str(self.workload(endpoint))
        return EndNames(endpoint.name, endpoint.namespace or None, workload, endpoint.node or None)

    def workload(self, endpoint: Endpoint) -> Workload:
        """Return the topmost owner of a Pod; the Pod itself where it has none."""
        owner = (endpoint.owner_kind, endpoint.owner_name, endpoint.owner_uid)
        return self._parts.owners.workload(endpoint.cluster, endpoint.name, owner)

    def reason(self, number: int, core_reason: str) -> str:
        """Return the word for why an end has no Pod's name, a key of REASONS; empty where it has one."""
        if core_reason != "named":
            return core_reason
        endpoint = self._parts.endpoints.get(number)
        if endpoint is None:
            return "forgotten"
        return "node" if endpoint.kind is EndpointKind.NODE else ""

    def services(self, number: int, address: str, port: int, protocol: str, clusters: Iterable[int]) -> tuple[str, ...]:
        """Return the Services (`namespace/name`) that a server's address and port belong to now.

        Those with a backend there; else those whose own address it is, or whose port on every node. `number` is the
        server's endpoint, 0 where it has none: then `clusters` are those that it may be in.
        """
        known = self._parts.endpoints.get(number)
        names = (known.cluster,) if known else tuple(map(self._parts.clusters.name, clusters))
        found: set[str] = set()
        table, word = self._parts.services, protocol.upper()
        for cluster in names:
            here = table.behind(cluster, address, port, word, uid=known.uid if known else "")
            here = here or table.at(cluster, address, port, word)
            if not here and known is not None and known.kind is EndpointKind.NODE:
                here = table.on_node_port(cluster, port, word)
            found.update(here)
        return tuple(sorted(found))

    def is_in_doubt(self, core_reason: str) -> bool:
        """Say whether several may have been meant, so that nothing else is known of the end either."""
        return core_reason in _DOUBTS

    def rivals(self, address: str) -> list[str]:
        """Return the Pods (`cluster/namespace/name`) of which none is named, since two of one cluster say so."""
        table = self._parts.endpoints
        numbers = (
            each for cluster in self._parts.clusters.numbers() for each in self._parts.claims.rivals(cluster, address)
        )
        known = [each for number in numbers if (each := table.get(number)) is not None and table.is_live(number)]
        return sorted(f"{each.cluster}/{each.namespace}/{each.name}" for each in known)

    def claiming(self, address: str, at_ns: int) -> Iterator[str]:
        """Yield the clusters that claim an address for a time."""
        for number in self._parts.clusters.numbers():
            spans = self._parts.claims.spans(number, address)
            if any(since_ns <= at_ns and (until_ns is None or at_ns < until_ns) for _, since_ns, until_ns in spans):
                yield self._parts.clusters.name(number)
