"""How Pod packets cross between nodes: one file a data plane, and the list of them.

What enters: the truth, and the links of one node's namespace. What does not: Kubernetes objects, traffic. A plane is a
function that connects a node to its peers as the real plugin does, and a way to attach Pods (`attach`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from podwire_lab.links import Links
from podwire_lab.objects.truth import Cluster, Node
from podwire_lab.planes import calico_bgp, calico_vxlan, flannel_host_gw, flannel_vxlan
from podwire_lab.planes.attach import BRIDGED, ROUTED, Attachment
from podwire_lab.planes.tunnel import GENEVE, GENEVE_OVN, IPIP, VXLAN_BY_SENDER, WIREGUARD, Endpoint, connection


@dataclass(frozen=True)
class DataPlane:
    """`connect` runs once in each node's namespace; `pods` says how a Pod's veth is joined to it."""

    connect: Callable[[Links, Node, Cluster], Endpoint | None]
    """Returns what has to be closed, where the kernel alone does not do it."""
    pods: Attachment


DATA_PLANES = {
    ("flannel", "host-gw"): DataPlane(flannel_host_gw.connect, BRIDGED),
    ("flannel", "vxlan"): DataPlane(flannel_vxlan.connect, BRIDGED),
    ("flannel", "wireguard"): DataPlane(connection(WIREGUARD, "flannel-wg"), BRIDGED),
    ("k3s", "vxlan"): DataPlane(flannel_vxlan.connect, BRIDGED),
    ("canal", "vxlan"): DataPlane(flannel_vxlan.connect, ROUTED),
    ("calico", "vxlan"): DataPlane(calico_vxlan.connect, ROUTED),
    ("calico", "bgp"): DataPlane(calico_bgp.connect, ROUTED),
    ("calico", "ipip"): DataPlane(connection(IPIP, "tunl1"), ROUTED),
    ("cilium", "vxlan"): DataPlane(connection(VXLAN_BY_SENDER, "cilium_vxlan"), ROUTED),
    ("antrea", "geneve"): DataPlane(connection(GENEVE, "antrea-tun0"), BRIDGED),
    ("ovn-kubernetes", "geneve"): DataPlane(connection(GENEVE_OVN, "genev_sys_6081"), BRIDGED),
    ("unknown", "geneve"): DataPlane(connection(GENEVE, "tunnel0"), BRIDGED),
}


def data_plane(cluster: Cluster) -> DataPlane:
    """The data plane that the truth names."""
    return DATA_PLANES[cluster.plane.plugin, cluster.plane.backend]
