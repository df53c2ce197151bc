"""A node's VXLAN device with what flanneld and Felix alike set for each peer: a route, a neighbour and an FDB entry."""

from __future__ import annotations

from podwire_lab.links import NTF_SELF, NUD_PERMANENT, Links, offloads_off
from podwire_lab.objects.truth import Cluster, Node


def make_device(node_links: Links, name: str, node: Node, cluster: Cluster) -> None:
    """The node's VTEP, without learning, with the tunnel address on it."""
    node_links.route.link(
        "add",
        ifname=name,
        kind="vxlan",
        address=node.vtep_mac,
        mtu=cluster.plane.pod_mtu,
        vxlan_id=cluster.plane.vni,
        vxlan_port=cluster.plane.port,
        vxlan_link=node_links.index("eth0"),
        vxlan_local=node.address,
        vxlan_learning=False,
    )
    offloads_off(name)
    node_links.up(name)
    node_links.address(name, node.tunnel_address, 32)


def add_peer(node_links: Links, name: str, peer: Node, destination: str, protocol: int) -> None:
    """Sends `destination` to the peer's VTEP: next hop, its MAC, and the outer address behind that MAC."""
    device = node_links.index(name)
    node_links.route.neigh("add", dst=peer.tunnel_address, lladdr=peer.vtep_mac, ifindex=device, state=NUD_PERMANENT)
    node_links.route.fdb(
        "add", lladdr=peer.vtep_mac, dst=peer.address, ifindex=device, flags=NTF_SELF, state=NUD_PERMANENT
    )
    node_links.route.route(
        "add", dst=destination, gateway=peer.tunnel_address, oif=device, flags=["onlink"], proto=protocol
    )
