"""Turns Pods and Nodes into claims: "this address is that endpoint, from then until then".

Claims go to the packet core, which stamps connections with them at packet time. A Pod claims its addresses from its
start, and gives them up when it ends or is removed; only the same UID can end a claim.
"""

from __future__ import annotations

from collections.abc import Iterable

from podwire.capture import Claim
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.pods import Pod
from podwire.tables.endpoints import Endpoint, EndpointKind

_NODE_ADDRESS_TYPES = ("InternalIP", "ExternalIP")


class ClusterNaming:
    """The claims of one cluster."""

    def __init__(self, cluster: str, parts: Parts) -> None:
        self._cluster = cluster
        self._number = parts.clusters.number(cluster)
        self._endpoints = parts.endpoints
        self._capture = parts.capture
        self._held: dict[tuple[EndpointKind, str], dict[str, int]] = {}
        """By endpoint: the addresses that it claims now and since when, in nanoseconds."""

    def pods_replaced(self, pods: Iterable[Pod], at_ns: int) -> None:
        """Make exactly these Pods' claims stand."""
        claims: list[Claim] = []
        seen = set()
        for pod in pods:
            seen.add((EndpointKind.POD, pod.uid))
            claims += self._pod_claims(pod, at_ns)
        gone = [key for key in self._held if key[0] is EndpointKind.POD and key not in seen]
        for key in gone:
            claims += self._ended(key, at_ns)
        self._capture.add_claims(claims)

    def pod_changed(self, pod: Pod, at_ns: int) -> None:
        """Follow one Pod."""
        self._capture.add_claims(self._pod_claims(pod, at_ns))

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        """End the claims of the Pod with this UID."""
        self._capture.add_claims(self._ended((EndpointKind.POD, pod.uid), at_ns))

    def nodes_replaced(self, nodes: Iterable[Node], at_ns: int) -> None:
        """Make exactly these Nodes' claims stand."""
        claims: list[Claim] = []
        seen = set()
        for node in nodes:
            key = (EndpointKind.NODE, node.uid or node.name)
            seen.add(key)
            addresses = [address for kind, address in node.addresses if kind in _NODE_ADDRESS_TYPES]
            endpoint = self._put(EndpointKind.NODE, node.uid or node.name, "", node.name, node.name)
            # A Node had its addresses before podwire came to know them.
            claims += self._hold(key, endpoint, dict.fromkeys(addresses, 0), at_ns)
        for key in [key for key in self._held if key[0] is EndpointKind.NODE and key not in seen]:
            claims += self._ended(key, at_ns)
        self._capture.add_claims(claims)

    def end(self) -> None:
        """The cluster is no longer followed: its claims go, rows that were stamped keep their names."""
        self._held.clear()
        self._capture.drop_cluster(self._number)
        self._endpoints.end_cluster(self._cluster)

    def _pod_claims(self, pod: Pod, at_ns: int) -> list[Claim]:
        key = (EndpointKind.POD, pod.uid)
        # A Pod on its node's network shares the node's address: the node claims it, since no packet tells them apart.
        if pod.host_network or not pod.ips:
            return []
        if not pod.holds_addresses:
            return self._ended(key, at_ns)
        since = pod.started_ns or pod.created_ns or at_ns
        endpoint = self._put(EndpointKind.POD, pod.uid, pod.namespace, pod.name, pod.node)
        return self._hold(key, endpoint, dict.fromkeys(pod.ips, since), at_ns)

    def _put(self, kind: EndpointKind, uid: str, namespace: str, name: str, node: str) -> Endpoint:
        return self._endpoints.put(self._cluster, kind, uid, namespace=namespace, name=name, node=node)

    def _hold(
        self, key: tuple[EndpointKind, str], endpoint: Endpoint, addresses: dict[str, int], at_ns: int
    ) -> list[Claim]:
        """Claim what is new of `addresses` and end what is no longer among them."""
        held = self._held.setdefault(key, {})
        gone = [address for address in held if address not in addresses]
        claims = [Claim(self._number, address, endpoint.number, held.pop(address), at_ns) for address in gone]
        for address, since in addresses.items():
            if address not in held:
                held[address] = since
                claims.append(Claim(self._number, address, endpoint.number, since, None))
        return claims

    def _ended(self, key: tuple[EndpointKind, str], at_ns: int) -> list[Claim]:
        held = self._held.pop(key, None)
        endpoint = self._endpoints.find(self._cluster, *key)
        if held is None or endpoint is None:
            return []
        self._endpoints.end(endpoint)
        return [Claim(self._number, address, endpoint.number, since, at_ns) for address, since in held.items()]
