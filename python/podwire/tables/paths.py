"""What each cluster's paths are worked out from, and what an address or a Pod's name means in it."""

from __future__ import annotations

import ipaddress

from podwire.model.paths import EndKind, PathEnd, PathNetwork
from podwire.tables.nodes import NodeTable
from podwire.tables.pods import PodTable
from podwire.tables.services import ServiceTable


class PathTable:
    """The networks by cluster."""

    def __init__(self) -> None:
        self._networks: dict[str, PathNetwork] = {}

    def put(self, cluster: str, network: PathNetwork) -> None:
        """Set a cluster's network."""
        self._networks[cluster] = network

    def forget(self, cluster: str) -> None:
        """Let a cluster go."""
        self._networks.pop(cluster, None)

    def get(self, cluster: str) -> PathNetwork | None:
        """Return a cluster's network, None where it is not known."""
        return self._networks.get(cluster)

    def clusters(self) -> list[str]:
        """Return the clusters, by name."""
        return sorted(self._networks)


class Ends:
    """Finds the ends that an address or a Pod's name stands for in one cluster."""

    def __init__(self, cluster: str, pods: PodTable, nodes: NodeTable, services: ServiceTable) -> None:
        self._cluster = cluster
        self._pods = pods.of(cluster)
        self._nodes = list(nodes.of(cluster))
        self._services = services

    def by_address(self, address: str) -> PathEnd:
        """Return what has the address now: a node before the Pods that share it, a Pod before a node's tunnel end."""
        for row in self._nodes:
            if address in row.addresses.outer:
                return PathEnd(address, EndKind.NODE, row.node.name)
        for pod in self._pods.values():
            if pod.holds_addresses and not pod.host_network and address in pod.ips:
                return PathEnd(address, EndKind.POD, pod.node, pod.name, pod.namespace)
        for row in self._nodes:
            if address in row.addresses.tunnel:
                return PathEnd(address, EndKind.NODE, row.node.name, is_tunnel=True)
        if self._services.is_front(self._cluster, address):
            return PathEnd(address, EndKind.SERVICE)
        return self._by_range(address)

    def _by_range(self, address: str) -> PathEnd:
        """Return an address that no Pod has but that is in a node's Pod range."""
        wanted = ipaddress.ip_address(address)
        for row in self._nodes:
            for text in row.node.pod_cidrs:
                try:
                    around = ipaddress.ip_network(text, strict=False)
                except ValueError:
                    continue
                if wanted in around:
                    return PathEnd(address, EndKind.POD, row.node.name)
        return PathEnd(address)

    def by_pod(self, name: str) -> list[PathEnd]:
        """Return the addresses of the Pods of this name, `namespace/name` or the name alone."""
        namespace, slash, alone = name.rpartition("/")
        found = []
        for pod in self._pods.values():
            if pod.name != alone or (slash and pod.namespace != namespace) or not pod.holds_addresses:
                continue
            kind = EndKind.NODE if pod.host_network else EndKind.POD
            found += [PathEnd(address, kind, pod.node, pod.name, pod.namespace) for address in pod.ips]
        return found
