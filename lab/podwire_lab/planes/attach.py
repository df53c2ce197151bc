"""The two ways in which Pods are joined to their node: a bridge (flannel's CNI chain) or one route each (Calico)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from podwire_lab.links import RT_SCOPE_LINK, RTPROT_CALICO, Links, links, offloads_off
from podwire_lab.namespaces import Namespace, write_sysctls
from podwire_lab.objects.truth import Cluster, Node, Pod, mac_for

BRIDGE = "cni0"
CALICO_MAC = "ee:ee:ee:ee:ee:ee"
"""What Calico gives the node's end of every Pod's veth."""
CALICO_GATEWAY = "169.254.1.1"
"""What a Calico Pod believes to be its gateway; the node answers for it by proxy ARP."""


@dataclass(frozen=True)
class Attachment:
    """`prepare` and `attach` run in the node's namespace; `link_name` is the node's end of the Pod's veth."""

    prepare: Callable[[Links, Node, Cluster], None]
    attach: Callable[[Links, Node, Pod, Namespace, int], None]
    link_name: Callable[[Pod], str]


def _hash(pod: Pod) -> str:
    # Calico's VethNameForWorkload: SHA-1 of "namespace.name".
    return hashlib.sha1(f"{pod.namespace}.{pod.name}".encode(), usedforsecurity=False).hexdigest()


def _bridge_link(pod: Pod) -> str:
    return f"veth{_hash(pod)[:8]}"


def _route_link(pod: Pod) -> str:
    return f"cali{_hash(pod)[:11]}"


def _make_bridge(node_links: Links, node: Node, cluster: Cluster) -> None:
    node_links.bridge(BRIDGE, mac_for(f"{BRIDGE}/{node.name}"), cluster.plane.pod_mtu)
    node_links.address(BRIDGE, node.bridge_address, 24)


def _attach_to_bridge(node_links: Links, node: Node, pod: Pod, inside: Namespace, mtu: int) -> None:
    near = (_bridge_link(pod), mac_for(f"veth/{pod.key}"))
    node_links.veth(near, ("eth0", pod.mac), mtu, inside)
    node_links.join(near[0], BRIDGE)
    # Within a second of its last word the node does not believe an announcement (the kernel's neigh/*/locktime).
    node_links.forget_neighbour(BRIDGE, pod.address)

    def finish() -> None:
        _bring_up("eth0", pod.address, 24)
        with links() as own:
            own.default_via(node.bridge_address, "eth0")

    inside.run(finish)


def _attach_by_route(node_links: Links, _node: Node, pod: Pod, inside: Namespace, mtu: int) -> None:
    name = _route_link(pod)
    node_links.veth((name, CALICO_MAC), ("eth0", pod.mac), mtu, inside)
    write_sysctls(
        {
            f"net/ipv4/conf/{name}/proxy_arp": "1",
            f"net/ipv4/neigh/{name}/proxy_delay": "0",
        }
    )
    node_links.route.route(
        "add", dst=f"{pod.address}/32", oif=node_links.index(name), scope=RT_SCOPE_LINK, proto=RTPROT_CALICO
    )

    def finish() -> None:
        _bring_up("eth0", pod.address, 32)
        with links() as own:
            own.route.route("add", dst=f"{CALICO_GATEWAY}/32", oif=own.index("eth0"), scope=RT_SCOPE_LINK)
            own.default_via(CALICO_GATEWAY, "eth0")

    inside.run(finish)


def _bring_up(name: str, address: str, length: int) -> None:
    offloads_off(name)
    # The address may have been another Pod's a moment ago: its neighbours are told, as the CNI's plugins do.
    write_sysctls({f"net/ipv4/conf/{name}/arp_notify": "1"})
    with links() as own:
        own.up("lo")
        own.address(name, address, length)
        own.up(name)


def _block_route(node_links: Links, node: Node, _cluster: Cluster) -> None:
    # Felix and BIRD hold the node's own block down, so that an address without a Pod is dropped, not sent around.
    node_links.route.route("add", dst=node.block, type="blackhole", proto=RTPROT_CALICO)


BRIDGED = Attachment(_make_bridge, _attach_to_bridge, _bridge_link)
ROUTED = Attachment(_block_route, _attach_by_route, _route_link)
