"""The whole cluster as objects: what an API server would hold for the truth."""

from __future__ import annotations

from typing import Protocol

from podwire_lab.objects import agents, calico, core, flannel
from podwire_lab.objects.core import Object
from podwire_lab.objects.truth import Cluster, Node, Plane


class Plugin(Protocol):
    """What a CNI plugin puts into the API; a module, or an `Agent`."""

    def node_annotations(self, node: Node, plane: Plane) -> dict[str, str]: ...

    def network_condition(self) -> Object: ...

    def objects(self, cluster: Cluster) -> list[Object]: ...


PLUGINS: dict[str, Plugin] = {
    "flannel": flannel,
    "calico": calico,
    "canal": agents.CANAL,
    "cilium": agents.CILIUM,
    "antrea": agents.ANTREA,
    "ovn-kubernetes": agents.OVN_KUBERNETES,
    "k3s": agents.K3S,
    "unknown": agents.UNKNOWN,
}
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


def nodes(cluster: Cluster) -> list[Object]:
    """The Nodes with the marks of the present plugin."""
    plugin = PLUGINS[cluster.plane.plugin]
    return [
        core.node(node, plugin.node_annotations(node, cluster.plane), plugin.network_condition())
        for node in cluster.nodes
    ]


def plugin_objects(cluster: Cluster) -> list[Object]:
    """What belongs to the present CNI plugin, with its DaemonSet's Pods where the cluster has them."""
    found = PLUGINS[cluster.plane.plugin].objects(cluster)
    for item in list(found):
        if item["kind"] == "DaemonSet" and cluster.has_system_pods:
            found.extend(core.daemon_pods(item, cluster))
    return found


def base_objects(cluster: Cluster) -> list[Object]:
    """What does not depend on the CNI plugin."""
    service = core.service()
    found = [core.namespace(name) for name in SYSTEM_NAMESPACES]
    found += [core.pod(pod, cluster.node(pod.node)) for pod in cluster.pods]
    found += [service, core.endpoint_slice(cluster, service)]
    return found


def all_objects(cluster: Cluster) -> list[Object]:
    """Everything, in an order in which a real cluster could have made it."""
    return [*nodes(cluster), *base_objects(cluster), *plugin_objects(cluster)]
