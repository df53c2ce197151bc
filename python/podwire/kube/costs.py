"""What it costs that something may not be read, in sentences for the operator: a right is missed by what it gives."""

from __future__ import annotations

from collections.abc import Iterable

from podwire.kube.resources import CUSTOM_KINDS

_COSTS = {
    "pods": "no Pod has a name, and there are no vPorts",
    "nodes": "no node has a name, and neither the CNI plugin nor the cluster behind a tunnel is told by its nodes",
    "services": "no Service is told by its addresses",
    "endpointslices.discovery.k8s.io": "connections do not show the Service that they go to",
    "replicasets.apps": "Pods of Deployments show their ReplicaSet as their workload",
    "jobs.batch": "Pods of CronJobs show their Job as their workload",
    "daemonsets.apps": "the CNI plugin is judged without its agents: ConfigMaps of other names are not found",
    "deployments.apps": "the CNI plugin is judged without its controller's options",
    "apis": "which plugins are installed is found by trying",
    "ciliumnodes.cilium.io": "Cilium's own addresses of the nodes have no name",
}
_CUSTOM_GROUPS = frozenset(each.group for each in CUSTOM_KINDS)


def costs_of(denied: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each of `denied` (labels as in `ClusterState.denied`); those alike are put together."""
    by_cost: dict[str, list[str]] = {}
    for label in sorted(denied):
        by_cost.setdefault(_cost(label), []).append(label)
    return tuple(f"Without the right to read {_listed(labels)}, {cost}." for cost, labels in by_cost.items())


def _cost(label: str) -> str:
    if label in _COSTS:
        return _COSTS[label]
    if label.startswith("configmaps/"):
        return "the CNI plugin's settings in them are taken from elsewhere or for its defaults"
    kind, _, _ = label.partition("/")
    if kind in _COSTS:
        return _COSTS[kind]
    group = kind.partition(".")[2]
    return "the CNI plugin's settings there are not known" if group in _CUSTOM_GROUPS else "what they tell is missing"


def _listed(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
