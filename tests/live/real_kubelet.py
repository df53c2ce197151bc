"""What kubelets and flannel's CNI plugin do for Pods, without containers: a network namespace each, and a report.

Each scheduled Pod gets the lowest free address of its node at once, so that addresses change hands as fast as can be.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from podwire_lab.links import links
from podwire_lab.namespaces import Namespace
from podwire_lab.objects.core import now
from podwire_lab.objects.truth import Node, mac_for

NODES = (Node("server1", 1), Node("server2", 2))
POD_MTU = 1450
LOOK_SECONDS = 0.2

Object = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a Pod runs."""

    uid: str
    name: str
    """Namespace and name."""
    node: str
    address: str
    network: Namespace


class Kubelet:
    """Looks after the Pods of all nodes, on a thread of its own from `start` to `close`."""

    def __init__(self, kubectl: Callable[..., str], networks: dict[str, Namespace]) -> None:
        """`kubectl` runs a command and raises RuntimeError where it fails; `networks` are the nodes' by name."""
        self._kubectl = kubectl
        self._networks = networks
        self._places: dict[str, Place] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kubelet")

    def start(self) -> None:
        """Begin to look after Pods."""
        self._thread.start()

    def close(self) -> None:
        """Leave all Pods without a network."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        for place in self._places.values():
            place.network.close()

    def places(self) -> list[Place]:
        """Return the Pods that run."""
        return list(self._places.values())

    def patch_status(self, kind: str, name: str, status: Object, namespace: str = "default") -> None:
        """Report on an object, as only a kubelet does."""
        patch = json.dumps({"status": status})
        self._kubectl("patch", kind, name, "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)

    def pod_cidr(self, node: Node) -> str:
        """Return the range of the node's Pods; empty before the controllers have given it one."""
        return self._kubectl("get", "node", node.name, "-o", "jsonpath={.spec.podCIDR}")

    def _work(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            # The API server may be away, or the Pod gone meanwhile: it is all looked at again.
            with contextlib.suppress(RuntimeError):
                self._look_after(json.loads(self._kubectl("get", "pods", "-A", "-o", "json"))["items"])

    def _look_after(self, pods: list[Object]) -> None:
        present = {each["metadata"]["uid"] for each in pods}
        for uid in [uid for uid in self._places if uid not in present]:
            self._places.pop(uid).network.close()
        for pod in pods:
            meta, node = pod["metadata"], pod["spec"].get("nodeName")
            if node and "deletionTimestamp" in meta:
                self._end(pod)
            elif node and "podIP" not in pod["status"]:
                self._run(pod, next(each for each in NODES if each.name == node))

    def _run(self, pod: Object, node: Node) -> None:
        meta = pod["metadata"]
        address = node.address
        if not pod["spec"].get("hostNetwork"):
            taken = {each.address for each in self._places.values()}
            gateway, *others = (str(each) for each in ipaddress.ip_network(self.pod_cidr(node)).hosts())
            address = next(each for each in others if each not in taken)
            network = self._attach(node, gateway, address)
            where = f"{meta['namespace']}/{meta['name']}"
            self._places[meta["uid"]] = Place(meta["uid"], where, node.name, address, network)
        self.patch_status("pod", meta["name"], running_status(pod, node, address), meta["namespace"])

    def _end(self, pod: Object) -> None:
        meta = pod["metadata"]
        place = self._places.pop(meta["uid"], None)
        if place is not None:
            place.network.close()
        self._kubectl("delete", "pod", meta["name"], "-n", meta["namespace"], "--grace-period=0", "--force")

    def _attach(self, node: Node, gateway: str, address: str) -> Namespace:
        inside = Namespace(address)

        def plug() -> None:
            with links() as own:
                if not own.route.link_lookup(ifname="cni0"):
                    own.bridge("cni0", mac_for(f"cni0/{node.name}"), POD_MTU)
                    own.address("cni0", gateway, 24)
                # A link whose other end's namespace is closed lives a moment longer.
                name = f"v{time.monotonic_ns() % 10**12:x}"
                own.veth((name, mac_for(name)), ("eth0", mac_for(f"{name}/{address}")), POD_MTU, inside)
                own.join(name, "cni0")
                own.forget_neighbour("cni0", address)

        def set_up() -> None:
            with links() as own:
                own.up("lo")
                own.up("eth0")
                own.address("eth0", address, 24)
                own.default_via(gateway, "eth0")

        self._networks[node.name].run(plug)
        inside.run(set_up)
        return inside


def running_status(pod: Object, node: Node, address: str) -> Object:
    """Return the status of a Pod whose containers run, with the address that it has."""
    containers = [
        {
            "name": each["name"],
            "image": each["image"],
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": now()}},
        }
        for each in pod["spec"]["containers"]
    ]
    return {
        "phase": "Running",
        "hostIP": node.address,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now(),
        "conditions": [condition(kind) for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")],
        "containerStatuses": containers,
    }


def condition(kind: str) -> Object:
    """Return a condition that holds since now."""
    return {"type": kind, "status": "True", "lastTransitionTime": now()}
