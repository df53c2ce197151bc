"""The lab's network: a switch with a mirror port, node namespaces on it, and Pods in namespaces of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from podwire_lab.errors import LabError
from podwire_lab.links import Links, links, offloads_off
from podwire_lab.mirror import copy_port, make_mirror
from podwire_lab.namespaces import Namespace, write_sysctls
from podwire_lab.objects.truth import GATEWAY, NODE_MTU, Cluster, Node, Plane, Pod, mac_for
from podwire_lab.planes import data_plane
from podwire_lab.planes.tunnel import Endpoint

SWITCH = "switch"
BRIDGE = "br0"
RTPROT_KERNEL = 2
IPPROTO_TCP = 6
_DROP_PRIORITY = 100


class Fabric:
    """Builds and changes the network of a `Cluster`. All methods block; one change at a time."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.namespaces: dict[str, Namespace] = {}
        self._endpoints: list[Endpoint] = []
        self._lock = threading.RLock()

    def build(self) -> None:
        """Makes everything; LabError where the kernel does not allow it."""
        with self._lock:
            self._make(SWITCH).run(self._build_switch)
            for node in self.cluster.nodes:
                self._add_node(node)
            self._connect()
            for pod in self.cluster.pods:
                self._attach(pod)

    def close(self) -> None:
        """Lets go of every namespace; the kernel removes what is in them."""
        with self._lock:
            self._disconnect()
            for namespace in self.namespaces.values():
                namespace.close()
            self.namespaces.clear()

    def at(self, name: str) -> Namespace:
        """The namespace of the switch, a node or a Pod."""
        if name not in self.namespaces:
            raise LabError(f"The lab has no {name!r}; it has {', '.join(self.namespaces)}.")
        return self.namespaces[name]

    def add_pod(self, pod: Pod) -> None:
        """Gives a new Pod its network."""
        with self._lock:
            if pod.key in self.namespaces:
                raise LabError(f"There is a Pod or node {pod.key!r} already.")
            self._attach(pod)
            self.cluster = self.cluster.with_pod(pod)

    def remove_pod(self, key: str) -> None:
        """Takes a Pod's network away."""
        with self._lock:
            pod = self.cluster.pod(key)
            self._detach(pod)
            self.namespaces.pop(pod.key).close()
            self.cluster = self.cluster.without_pod(pod)

    def set_plane(self, plane: Plane) -> None:
        """Replaces the data plane; Pods keep their addresses and processes, connections meet a short outage."""
        with self._lock:
            for pod in self.cluster.pods:
                self._detach(pod)
            self._disconnect()
            for node in self.cluster.nodes:
                self.at(node.name).run(_clear_node)
            self.cluster = self.cluster.with_plane(plane)
            self._connect()
            for pod in self.cluster.pods:
                self._attach(pod)

    @contextmanager
    def dropping(self, pod: Pod, port: int) -> Iterator[None]:
        """While inside, the Pod's node drops TCP packets to `port` silently, behind the mirror.

        A routing rule with the action blackhole does it, so that no packet filter is needed.
        """
        node = self.at(pod.node)
        self._rule(node, "add", pod, port)
        try:
            yield
        finally:
            self._rule(node, "del", pod, port)

    @staticmethod
    def _rule(node: Namespace, command: str, pod: Pod, port: int) -> None:
        def work() -> None:
            with links() as own:
                own.route.rule(
                    command,
                    dst=pod.address,
                    ip_proto=IPPROTO_TCP,
                    dport_range=f"{port}:{port}",
                    action="blackhole",
                    priority=_DROP_PRIORITY,
                )

        node.run(work)

    def _make(self, name: str) -> Namespace:
        namespace = Namespace(name)
        self.namespaces[name] = namespace
        return namespace

    @staticmethod
    def _build_switch() -> None:
        with links() as own:
            own.up("lo")
            own.bridge(BRIDGE, mac_for(BRIDGE))
            own.address(BRIDGE, GATEWAY, 24)
            make_mirror(own)

    def _add_node(self, node: Node) -> None:
        inside = self._make(node.name)
        port = f"sw{node.number}"

        def plug() -> None:
            with links() as own:
                own.veth((port, mac_for(port)), ("eth0", node.mac), NODE_MTU, inside)
                own.join(port, BRIDGE)
                copy_port(own, port)

        self.at(SWITCH).run(plug)
        inside.run(lambda: _start_node(node))

    def _connect(self) -> None:
        plane = data_plane(self.cluster)
        for node in self.cluster.nodes:

            def work(node: Node = node) -> Endpoint | None:
                with links() as own:
                    plane.pods.prepare(own, node, self.cluster)
                    return plane.connect(own, node, self.cluster)

            endpoint = self.at(node.name).run(work)
            if endpoint is not None:
                self._endpoints.append(endpoint)

    def _disconnect(self) -> None:
        for endpoint in self._endpoints:
            endpoint.close()
        self._endpoints.clear()

    def _attach(self, pod: Pod) -> None:
        inside = self.namespaces.get(pod.key) or self._make(pod.key)
        node = self.cluster.node(pod.node)
        plane = data_plane(self.cluster)

        def work() -> None:
            with links() as own:
                plane.pods.attach(own, node, pod, inside, self.cluster.plane.pod_mtu)

        self.at(node.name).run(work)

    def _detach(self, pod: Pod) -> None:
        name = data_plane(self.cluster).pods.link_name(pod)

        def work() -> None:
            with links() as own:
                own.route.link("del", index=own.index(name))

        self.at(pod.node).run(work)


def _start_node(node: Node) -> None:
    write_sysctls(
        {
            "net/ipv4/ip_forward": "1",
            "net/ipv4/conf/all/rp_filter": "0",
            "net/ipv4/conf/default/rp_filter": "0",
        }
    )
    offloads_off("eth0")
    with links() as own:
        own.up("lo")
        own.up("eth0")
        own.address("eth0", node.address, 24)
        own.default_via(GATEWAY, "eth0")


def _clear_node() -> None:
    """Removes what a data plane made: all links but the node's own, and all routes but the kernel's and the default."""
    with links() as own:
        for link in own.route.get_links():
            if link.get("ifname") not in {"lo", "eth0"}:
                own.route.link("del", index=link["index"])
        _drop_routes(own)


def _drop_routes(own: Links) -> None:
    for route in own.route.get_routes(family=2, table=254):
        if route.get("dst") and route["proto"] != RTPROT_KERNEL:
            own.route.route("del", dst=f"{route.get('dst')}/{route['dst_len']}", type=route["type"])
