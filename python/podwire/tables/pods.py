"""The Pods of every cluster: the one place that keeps them, whatever table shows them.

Pods are kept by UID, so that a Pod that takes a name or an address over never removes, or is removed with, another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from podwire.model.pods import Pod


class PodTable:
    """Pods by cluster and UID."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, Pod]] = {}
        self._sharing: dict[str, dict[str, dict[str, None]]] = {}
        """By cluster and node: the UIDs of the Pods that share the node's network."""

    def of(self, cluster: str) -> Mapping[str, Pod]:
        """Return the Pods of a cluster by UID: the table's own, which changes with it until the next `replace`."""
        return self._pods.setdefault(cluster, {})

    def get(self, cluster: str, uid: str) -> Pod | None:
        """Return the Pod with this UID, or None."""
        return self._pods.get(cluster, {}).get(uid)

    def replace(self, cluster: str, pods: Iterable[Pod]) -> Mapping[str, Pod]:
        """Put `pods` in place of all that the cluster had; return what it had, by UID."""
        before = self._pods.get(cluster, {})
        self._pods[cluster] = {pod.uid: pod for pod in pods}
        sharing = self._sharing[cluster] = {}
        for pod in self._pods[cluster].values():
            if pod.host_network:
                sharing.setdefault(pod.node, {})[pod.uid] = None
        return before

    def put(self, cluster: str, pod: Pod) -> Pod | None:
        """Add or change one Pod; return what it was before, None where it is new."""
        book = self._pods.setdefault(cluster, {})
        before = book.get(pod.uid)
        book[pod.uid] = pod
        if before is not None and before.host_network and before.node != pod.node:
            self._unshare(cluster, before)
        if pod.host_network:
            self._sharing.setdefault(cluster, {}).setdefault(pod.node, {})[pod.uid] = None
        return before

    def remove(self, cluster: str, uid: str) -> Pod | None:
        """Remove the Pod with this UID; return it as it was, None where it is not there."""
        gone = self._pods.get(cluster, {}).pop(uid, None)
        if gone is not None and gone.host_network:
            self._unshare(cluster, gone)
        return gone

    def clear(self, cluster: str) -> None:
        """Remove every Pod of the cluster."""
        self._pods.pop(cluster, None)
        self._sharing.pop(cluster, None)

    def on_network_of(self, cluster: str, node: str) -> list[Pod]:
        """Return the Pods that share a node's network."""
        book = self._pods.get(cluster, {})
        return [book[uid] for uid in self._sharing.get(cluster, {}).get(node, ())]

    def sharing(self, cluster: str) -> Iterator[Pod]:
        """Yield the Pods of a cluster that share their node's network."""
        for node in self._sharing.get(cluster, {}):
            yield from self.on_network_of(cluster, node)

    def all(self) -> Iterator[tuple[str, Pod]]:
        """Yield (cluster, Pod) in no order."""
        for cluster, pods in self._pods.items():
            for pod in pods.values():
                yield cluster, pod

    def entries(self) -> Iterator[tuple[str, Pod]]:
        """Yield (cluster, Pod) by cluster, namespace and name."""
        for cluster in sorted(self._pods):
            pods = self._pods[cluster].values()
            for pod in sorted(pods, key=lambda pod: (pod.namespace, pod.name, pod.uid)):
                yield cluster, pod

    def _unshare(self, cluster: str, pod: Pod) -> None:
        nodes = self._sharing.get(cluster, {})
        nodes.get(pod.node, {}).pop(pod.uid, None)
        if not nodes.get(pod.node):
            nodes.pop(pod.node, None)
