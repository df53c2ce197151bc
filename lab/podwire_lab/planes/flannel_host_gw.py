"""flannel's host-gw backend: each peer's podCIDR by way of its node address, not encapsulated."""

from __future__ import annotations

from podwire_lab.links import Links
from podwire_lab.objects.truth import Cluster, Node


def connect(node_links: Links, node: Node, cluster: Cluster) -> None:
    """Routes every peer's Pods to its node."""
    device = node_links.index("eth0")
    for peer in cluster.peers_of(node):
        node_links.route.route("add", dst=peer.pod_cidr, gateway=peer.address, oif=device)
