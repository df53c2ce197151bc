"""The lab's truth: one typed description of a cluster from which its network and its Kubernetes objects are built."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field, replace

from podwire_lab.errors import LabError

CLUSTER_CIDR = "10.10.0.0/16"
GATEWAY = "192.0.2.1"
NODE_MTU = 1500
OVERHEADS = {"vxlan": 50, "geneve": 50, "ipip": 20, "wireguard": 60}
"""Bytes: outer IPv4 (20), but for IPIP also UDP (8), the header (8; WireGuard 32) and Ethernet (14; WireGuard 0)."""
MAX_PODS_PER_NODE = 20
"""The lab's bound: each Pod is a network namespace of its own."""


def mac_for(what: str) -> str:
    """A locally administered unicast MAC that is always the same for `what`."""
    return "0e:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(what.encode()).digest()[:5])


@dataclass(frozen=True)
class Plane:
    """How Pod packets cross between nodes."""

    name: str
    plugin: str
    """`flannel` or `calico`."""
    backend: str
    """`host-gw`, `vxlan` or `bgp`."""
    vni: int = 0
    """VXLAN network identifier, 1–16777215; 0 without an encapsulation."""
    port: int = 0
    """UDP destination port of the encapsulation; 0 without one."""
    options: int = 0
    """Bytes of Geneve's options in each packet."""

    @property
    def has_port(self) -> bool:
        """Whether Pod packets travel in UDP."""
        return self.port != 0

    @property
    def pod_mtu(self) -> int:
        return NODE_MTU - OVERHEADS.get(self.backend, 0) - self.options


PLANES = {
    plane.name: plane
    for plane in (
        Plane("flannel-host-gw", "flannel", "host-gw"),
        Plane("flannel-vxlan", "flannel", "vxlan", vni=1, port=8472),
        Plane("flannel-wireguard", "flannel", "wireguard", port=51820),
        Plane("calico-vxlan", "calico", "vxlan", vni=4096, port=4789),
        Plane("calico-vxlan-custom", "calico", "vxlan", vni=5000, port=4799),
        Plane("calico-bgp", "calico", "bgp"),
        Plane("calico-ipip", "calico", "ipip"),
        Plane("canal-vxlan", "canal", "vxlan", vni=1, port=8472),
        Plane("cilium-vxlan", "cilium", "vxlan", port=8472),
        Plane("antrea-geneve", "antrea", "geneve", port=6081),
        Plane("ovn-kubernetes-geneve", "ovn-kubernetes", "geneve", vni=0xFF0003, port=6081, options=8),
        Plane("k3s-vxlan", "k3s", "vxlan", vni=77, port=8473),
        Plane("unknown-geneve", "unknown", "geneve", vni=5, port=6082),
    )
}
PLANE_NAMES = tuple(PLANES)


def plane_named(name: str) -> Plane:
    """The data plane of that name; LabError with the known names otherwise."""
    if name not in PLANES:
        raise LabError(f"There is no data plane {name!r}; there are {', '.join(PLANE_NAMES)}.")
    return PLANES[name]


@dataclass(frozen=True)
class Node:
    """A worker node."""

    name: str
    number: int
    """1 or 2: its place on the switch."""

    @property
    def address(self) -> str:
        return f"192.0.2.{10 + self.number}"

    @property
    def mac(self) -> str:
        return f"02:42:c0:00:02:{10 + self.number:02x}"

    @property
    def pod_cidr(self) -> str:
        return f"10.10.{self.number}.0/24"

    @property
    def block(self) -> str:
        """The Calico IPAM block with affinity to this node."""
        return f"10.10.{self.number}.0/26"

    @property
    def tunnel_address(self) -> str:
        """The address of the node's VXLAN device: flannel takes the first of podCIDR, Calico the first of a block."""
        return f"10.10.{self.number}.0"

    @property
    def bridge_address(self) -> str:
        """cni0's own address; the first host address belongs to a Pod here."""
        return f"10.10.{self.number}.254"

    @property
    def vtep_mac(self) -> str:
        return mac_for(f"vtep/{self.name}")


@dataclass(frozen=True)
class Pod:
    """A Pod with a network of its own."""

    name: str
    node: str
    address: str
    namespace: str = "default"
    labels: dict[str, str] = field(default_factory=lambda: {"app": "hello-world"})

    @property
    def key(self) -> str:
        """How the lab's commands call it: its name in the default namespace, else namespace/name."""
        return self.name if self.namespace == "default" else f"{self.namespace}/{self.name}"

    @property
    def mac(self) -> str:
        return mac_for(f"pod/{self.namespace}/{self.name}")


@dataclass(frozen=True)
class Cluster:
    """All that the lab stands for at one moment."""

    plane: Plane
    nodes: tuple[Node, ...] = (Node("server1", 1), Node("server2", 2))
    pods: tuple[Pod, ...] = (Pod("pod-A", "server2", "10.10.2.1"), Pod("pod-B", "server1", "10.10.1.1"))
    has_system_pods: bool = False
    """Whether the plugin's DaemonSet has Pods too; no process runs in them, so that they are left out unless wanted."""

    def node(self, name: str) -> Node:
        """The node of that name; LabError otherwise."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"There is no node {name!r}; there are {', '.join(node.name for node in self.nodes)}.")

    def pod(self, key: str) -> Pod:
        """The Pod of that key; LabError otherwise."""
        for pod in self.pods:
            if pod.key == key:
                return pod
        raise LabError(f"There is no Pod {key!r}; there are {', '.join(pod.key for pod in self.pods)}.")

    def peers_of(self, node: Node) -> tuple[Node, ...]:
        return tuple(other for other in self.nodes if other.name != node.name)

    def pods_on(self, node: Node) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.node == node.name)

    def free_address(self, node: Node) -> str:
        """The lowest free Pod address of the node's block; LabError where the lab's bound is reached."""
        taken = {pod.address for pod in self.pods}
        if len(self.pods_on(node)) >= MAX_PODS_PER_NODE:
            raise LabError(
                f"Node {node.name} has {MAX_PODS_PER_NODE} Pods, which is the lab's bound; delete one first."
            )
        for address in ipaddress.ip_network(node.block).hosts():
            if str(address) not in taken:
                return str(address)
        raise LabError(f"Node {node.name} has no free Pod address.")

    def with_pod(self, pod: Pod) -> Cluster:
        return replace(self, pods=(*self.pods, pod))

    def without_pod(self, pod: Pod) -> Cluster:
        return replace(self, pods=tuple(other for other in self.pods if other.key != pod.key))

    def with_plane(self, plane: Plane) -> Cluster:
        return replace(self, plane=plane)
