"""Calico without encapsulation: each peer's block by way of its node address, as BIRD installs it."""

from __future__ import annotations

from podwire_lab.links import RTPROT_BIRD, Links
from podwire_lab.objects.truth import Cluster, Node


def connect(node_links: Links, node: Node, cluster: Cluster) -> None:
    """Routes every peer's block to its node."""
    device = node_links.index("eth0")
    for peer in cluster.peers_of(node):
        node_links.route.route("add", dst=peer.block, gateway=peer.address, oif=device, proto=RTPROT_BIRD)
