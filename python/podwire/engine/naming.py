"""Turns Pods and Nodes into claims: "this address is that endpoint, from then until then".

Claims go to the packet core, which stamps connections with them at packet time, and to the table of claims, which
keeps who had an address when. A Pod claims its addresses from its start, and gives them up when it ends or is removed;
only the same UID can end a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from podwire.capture import Claim
from podwire.cni.node_addresses import nodes_with_addresses
from podwire.engine.arrivals import Arrivals
from podwire.engine.parts import Parts
from podwire.model.evidence import Evidence, Node
from podwire.model.nodes import NodeAddresses
from podwire.model.pods import Pod
from podwire.tables.claims import Interval
from podwire.tables.endpoints import Endpoint, EndpointKind


class ClusterNaming:
    """The claims of one cluster."""

    def __init__(self, cluster: str, parts: Parts) -> None:
        self._cluster = cluster
        self._number = parts.clusters.number(cluster)
        self._endpoints = parts.endpoints
        self._claims = parts.claims
        self._capture = parts.capture
        self._arrivals = Arrivals()

    def pods_replaced(
        self, before: Mapping[str, Pod], pods: Mapping[str, Pod], at_ns: int, *, known_until_ns: int | None = None
    ) -> None:
        """Make exactly these Pods' claims stand in place of those of `before`.

        `known_until_ns` is when the Pods of `before` were last known to be there (default: now): those that are gone
        gave their addresses up at some time after it.
        """
        changed: list[Interval] = []
        until_ns = at_ns if known_until_ns is None else known_until_ns
        for uid, pod in before.items():
            if uid not in pods:
                changed += self._ended(pod, until_ns)
        # By age: of two that show the same address, the younger one has it.
        for pod in sorted(pods.values(), key=_age):
            changed += self._listed(before.get(pod.uid), pod, pods, at_ns)
        self._arrivals.clear()
        self._tell(changed)

    def pod_changed(self, before: Pod | None, pod: Pod, at_ns: int) -> None:
        """Follow one Pod; `before` is what it was, None where it is new."""
        without_ns = self._arrivals.changed(before, pod, at_ns)
        self._tell(self._changed(before, pod, at_ns, without_ns))

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        """End the claims of this Pod, given as it was last known."""
        self._arrivals.removed(pod, at_ns)
        self._tell(self._ended(pod, at_ns))

    def nodes_replaced(self, nodes: Iterable[Node], at_ns: int, *, evidence: Evidence | None = None) -> None:
        """Make the claims of exactly these Nodes stand, with the addresses that `evidence` tells of them."""
        seen = evidence if evidence is not None else Evidence(nodes=tuple(nodes))
        self.node_addresses_replaced(nodes_with_addresses(seen, ()), at_ns)

    def node_addresses_replaced(self, nodes: Iterable[tuple[Node, NodeAddresses]], at_ns: int) -> None:
        """Make the claims of exactly these Nodes stand."""
        changed: list[Interval] = []
        present = set()
        for node, addresses in nodes:
            uid = node.uid or node.name
            present.add(uid)
            earlier = self._endpoints.find(self._cluster, EndpointKind.NODE, uid)
            endpoint = self._put_node(node, uid, addresses.all)
            gone = [] if earlier is None else [each for each in earlier.addresses if each not in addresses.all]
            changed += self._end_all(endpoint, gone, at_ns)
            for address in addresses.all:
                changed += self._claim_for_node(address, endpoint, at_ns)
        for endpoint in self._endpoints.live(self._cluster, EndpointKind.NODE):
            if endpoint.uid not in present:
                changed += self._end_all(endpoint, endpoint.addresses, at_ns)
                self._endpoints.end(endpoint)
        self._tell(changed)

    def end(self, at_ns: int) -> None:
        """The cluster is no longer followed: its claims end, rows that were stamped keep their names."""
        self._claims.end_cluster(self._number, at_ns)
        self._capture.drop_cluster(self._number)
        self._endpoints.end_cluster(self._cluster)
        self._arrivals.clear()

    def _changed(self, before: Pod | None, pod: Pod, at_ns: int, without_ns: int) -> list[Interval]:
        had, has = _held(before), _held(pod)
        if not has:
            return self._ended(pod, at_ns) if had else []
        endpoint = self._put_pod(pod)
        if had == has:
            return []
        changed = self._end_all(endpoint, [each for each in had if each not in has], at_ns)
        since_ns = _age(pod) or at_ns
        for address in has:
            if address not in had:
                changed += self._claims.claim(
                    self._number, address, endpoint.number, since_ns=since_ns, at_ns=at_ns, without_ns=without_ns
                )
        return changed

    def _listed(self, before: Pod | None, pod: Pod, pods: Mapping[str, Pod], at_ns: int) -> list[Interval]:
        """Take a Pod out of a list, which says nothing of the order in which addresses changed hands."""
        had, has = _held(before), _held(pod)
        rivals = [] if had == has else [(each, self._rival(each, pod, pods)) for each in has if each not in had]
        if not any(rival for _, rival in rivals):
            return self._changed(before, pod, at_ns, 0)
        endpoint = self._put_pod(pod)
        changed = self._end_all(endpoint, [each for each in had if each not in has], at_ns)
        for address, rival in rivals:
            if rival is None or _age(rival) < _age(pod):
                changed += self._claims.claim(
                    self._number, address, endpoint.number, since_ns=_age(pod) or at_ns, at_ns=at_ns
                )
            elif _age(rival) == _age(pod):
                changed += self._claims.contest(self._number, address, endpoint.number, at_ns=at_ns)
        return changed

    def _rival(self, address: str, pod: Pod, pods: Mapping[str, Pod]) -> Pod | None:
        """Return another Pod of the list that has the address, by what is known so far."""
        holder = self._endpoints.get(self._claims.open_holder(self._number, address))
        if holder is None or holder.kind is not EndpointKind.POD or holder.uid == pod.uid:
            return None
        return pods.get(holder.uid)

    def _claim_for_node(self, address: str, endpoint: Endpoint, at_ns: int) -> list[Interval]:
        # A Node had its addresses before podwire came to know them, unless somebody else is known to have had them.
        is_new = not self._claims.is_known(self._number, address)
        since_ns = 0 if is_new else at_ns
        return self._claims.claim(self._number, address, endpoint.number, since_ns=since_ns, at_ns=at_ns)

    def _ended(self, pod: Pod, until_ns: int) -> list[Interval]:
        endpoint = self._endpoints.find(self._cluster, EndpointKind.POD, pod.uid)
        if endpoint is None:
            return []
        self._endpoints.end(endpoint)
        return self._end_all(endpoint, endpoint.addresses, until_ns)

    def _end_all(self, endpoint: Endpoint, addresses: Iterable[str], until_ns: int) -> list[Interval]:
        changed: list[Interval] = []
        for address in addresses:
            changed += self._claims.end(self._number, address, endpoint.number, until_ns=until_ns)
        return changed

    def _put_pod(self, pod: Pod) -> Endpoint:
        return self._endpoints.keep(
            Endpoint(
                number=0,
                kind=EndpointKind.POD,
                cluster=self._cluster,
                uid=pod.uid,
                namespace=pod.namespace,
                name=pod.name,
                node=pod.node,
                addresses=_held(pod),
                owner_kind=pod.owner_kind,
                owner_name=pod.owner_name,
                owner_uid=pod.owner_uid,
            )
        )

    def _put_node(self, node: Node, uid: str, addresses: tuple[str, ...]) -> Endpoint:
        return self._endpoints.keep(
            Endpoint(0, EndpointKind.NODE, self._cluster, uid, "", node.name, node.name, addresses)
        )

    def _tell(self, changed: list[Interval]) -> None:
        if changed:
            self._capture.add_claims([Claim(*each) for each in changed])


def _held(pod: Pod | None) -> tuple[str, ...]:
    """Return the addresses that are the Pod's own now.

    A Pod on its node's network shares the node's address, which the node claims.
    """
    if pod is None or pod.host_network or not pod.holds_addresses:
        return ()
    return (*pod.ips, *pod.secondary_ips) if pod.secondary_ips else pod.ips


def _age(pod: Pod) -> int:
    return pod.started_ns or pod.created_ns
