"""flannel's vxlan backend: flannel.<VNI>, and each peer's podCIDR by way of its VTEP (flannel pkg/backend/vxlan)."""

from __future__ import annotations

from podwire_lab.links import Links
from podwire_lab.objects.truth import Cluster, Node
from podwire_lab.planes import vxlan

RTPROT_BOOT = 3
"""What flanneld's routes carry: the default of its netlink library."""


def connect(node_links: Links, node: Node, cluster: Cluster) -> None:
    """Makes the VTEP and sends every peer's Pods to it."""
    device = f"flannel.{cluster.plane.vni}"
    vxlan.make_device(node_links, device, node, cluster)
    for peer in cluster.peers_of(node):
        vxlan.add_peer(node_links, device, peer, peer.pod_cidr, RTPROT_BOOT)
