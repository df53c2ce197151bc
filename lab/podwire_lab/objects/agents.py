"""Objects of plugins that are one agent on every node and what it reads: Canal, Cilium, Antrea, OVN-Kubernetes, k3s.

Only what tells how Pods are connected, after each project's published manifests and annotations.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from podwire_lab.objects import flannel
from podwire_lab.objects.core import Object, condition, config_map, daemon_status, meta, namespace
from podwire_lab.objects.truth import CLUSTER_CIDR, Cluster, Node, Plane

Annotations = Callable[[Node, Plane], dict[str, str]]
_KUBE_SYSTEM = "kube-system"


@dataclass(frozen=True)
class Agent:
    """A DaemonSet with one ConfigMap; `name` is empty where the agent is no Pod (k3s)."""

    name: str = ""
    containers: tuple[Object, ...] = ()
    where: str = _KUBE_SYSTEM
    config: str = ""
    """The ConfigMap's name."""
    data: Callable[[Plane], dict[str, str]] = lambda _plane: {}
    environment: Callable[[Plane], dict[str, str]] = lambda _plane: {}
    """Of the first container."""
    annotations: Annotations = lambda _node, _plane: {}
    up: tuple[str, str] = ("", "")
    """Reason and message of the condition NetworkUnavailable, for agents that set it."""
    labels: dict[str, str] = field(default_factory=dict)

    def node_annotations(self, node: Node, plane: Plane) -> dict[str, str]:
        """What the agent writes on its Node."""
        return self.annotations(node, plane)

    def network_condition(self) -> Object:
        """The condition that it sets; one of the kubelet's where it sets none."""
        if not self.up[0]:
            message = "kubelet has sufficient memory available"
            return condition("MemoryPressure", "False", "KubeletHasSufficientMemory", message)
        return condition("NetworkUnavailable", "False", *self.up)

    def objects(self, cluster: Cluster) -> list[Object]:
        """Namespace, ConfigMap and DaemonSet, as far as there are any."""
        found = [namespace(self.where)] if self.where != _KUBE_SYSTEM else []
        if self.config:
            found.append(config_map(self.where, self.config, self.data(cluster.plane), **self.labels))
        if self.name:
            found.append(self._daemon_set(cluster))
        return found

    def _daemon_set(self, cluster: Cluster) -> Object:
        first, *others = self.containers
        env = [{"name": name, "value": value} for name, value in self.environment(cluster.plane).items()]
        spec: dict[str, Any] = {
            "hostNetwork": True,
            "containers": [{**first, "env": env}, *others],
            "volumes": [{"name": "config", "configMap": {"name": self.config}}] if self.config else [],
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": meta("DaemonSet", self.name, self.where, generation=1, labels=self.labels),
            "spec": {
                "selector": {"matchLabels": self.labels},
                "template": {"metadata": {"labels": self.labels}, "spec": spec},
            },
            "status": daemon_status(len(cluster.nodes)),
        }


def _container(name: str, image: str, command: str, *args: str, mount: str = "") -> Object:
    mounts = [{"name": "config", "mountPath": mount}] if mount else []
    return {"name": name, "image": image, "command": command.split(), "args": list(args), "volumeMounts": mounts}


def _cilium_config(plane: Plane) -> dict[str, str]:
    found = {"routing-mode": "tunnel", "tunnel-protocol": plane.backend, "cluster-pool-ipv4-cidr": CLUSTER_CIDR}
    return found | ({"tunnel-port": str(plane.port)} if plane.port != flannel.DEFAULT_PORT else {})


def _antrea_config(plane: Plane) -> dict[str, str]:
    lines = ("trafficEncapMode: encap", f"tunnelType: {plane.backend}", f"tunnelPort: {plane.port}")
    return {"antrea-agent.conf": "\n".join(lines) + "\n"}


def _k3s_annotations(node: Node, plane: Plane) -> dict[str, str]:
    # The file of --flannel-conf is on the node's disk: no API shows the port in it.
    args = json.dumps(["agent", "--flannel-conf", "/etc/flannel.json"])
    return flannel.node_annotations(node, plane) | {"k3s.io/hostname": node.name, "k3s.io/node-args": args}


def _ovn_annotations(node: Node, _plane: Plane) -> dict[str, str]:
    return {
        "k8s.ovn.org/node-subnets": json.dumps({"default": [node.pod_cidr]}),
        "k8s.ovn.org/node-primary-ifaddr": json.dumps({"ipv4": f"{node.address}/24"}),
    }


def _antrea_annotations(node: Node, _plane: Plane) -> dict[str, str]:
    return {"node.antrea.io/transport-addresses": node.address, "node.antrea.io/mac-address": node.mac}


_FLANNEL_IS_UP = ("FlannelIsUp", "Flannel is running on this node")
_OVN_IMAGE = "ghcr.io/ovn-kubernetes/ovn-kubernetes/ovn-kube-ubuntu:master"

CANAL = Agent(
    "canal",
    (
        _container("calico-node", "quay.io/calico/node:v3.32.1", ""),
        _container(
            "kube-flannel",
            "docker.io/flannel/flannel:v0.28.9",
            "/opt/bin/flanneld --ip-masq --kube-subnet-mgr",
            mount="/etc/kube-flannel/",
        ),
    ),
    config="canal-config",
    data=lambda plane: {"net-conf.json": flannel.net_conf(plane)},
    environment=lambda _plane: {"CALICO_NETWORKING_BACKEND": "none", "CLUSTER_TYPE": "k8s,canal"},
    annotations=flannel.node_annotations,
    up=_FLANNEL_IS_UP,
    labels={"k8s-app": "canal"},
)
CILIUM = Agent(
    "cilium",
    (
        _container(
            "cilium-agent", "quay.io/cilium/cilium:v1.18.4", "cilium-agent", "--config-dir=/tmp/cilium/config-map"
        ),
    ),
    config="cilium-config",
    data=_cilium_config,
    up=("CiliumIsUp", "Cilium is running on this node"),
    labels={"k8s-app": "cilium"},
)
ANTREA = Agent(
    "antrea-agent",
    (
        _container(
            "antrea-agent",
            "antrea/antrea-agent-ubuntu:v2.7.0",
            "antrea-agent",
            "--config",
            "/etc/antrea/antrea-agent.conf",
            mount="/etc/antrea/antrea-agent.conf",
        ),
    ),
    config="antrea-config",
    data=_antrea_config,
    annotations=_antrea_annotations,
    labels={"app": "antrea", "component": "antrea-agent"},
)
OVN_KUBERNETES = Agent(
    "ovnkube-node",
    (_container("ovnkube-node", _OVN_IMAGE, "/root/ovnkube.sh ovn-node"),),
    where="ovn-kubernetes",
    config="ovn-config",
    data=lambda _plane: {"net_cidr": f"{CLUSTER_CIDR}/24", "svc_cidr": "10.96.0.0/16"},
    environment=lambda plane: {"OVN_ENCAP_PORT": str(plane.port)},
    annotations=_ovn_annotations,
    labels={"app": "ovnkube-node"},
)
K3S = Agent(annotations=_k3s_annotations, up=_FLANNEL_IS_UP)
UNKNOWN = Agent(
    "fabric-agent", (_container("agent", "registry.example/fabric-agent:2.1", "/agent"),), labels={"app": "fabric"}
)
"""A plugin that podwire has never heard of."""
