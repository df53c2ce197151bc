"""Calico with an IPPool of vxlanMode Always: vxlan.calico, and each peer's block by way of its VTEP (Felix)."""

from __future__ import annotations

from podwire_lab.links import RTPROT_CALICO, Links
from podwire_lab.objects.truth import Cluster, Node
from podwire_lab.planes import vxlan

DEVICE = "vxlan.calico"


def connect(node_links: Links, node: Node, cluster: Cluster) -> None:
    """Makes the VTEP and sends every peer's block to it."""
    vxlan.make_device(node_links, DEVICE, node, cluster)
    for peer in cluster.peers_of(node):
        vxlan.add_peer(node_links, DEVICE, peer, peer.block, RTPROT_CALICO)
