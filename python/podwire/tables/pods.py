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
        return before

    def put(self, cluster: str, pod: Pod) -> Pod | None:
        """Add or change one Pod; return what it was before, None where it is new."""
        book = self._pods.setdefault(cluster, {})
        before = book.get(pod.uid)
        book[pod.uid] = pod
        return before

    def remove(self, cluster: str, uid: str) -> Pod | None:
        """Remove the Pod with this UID; return it as it was, None where it is not there."""
        return self._pods.get(cluster, {}).pop(uid, None)

    def clear(self, cluster: str) -> None:
        """Remove every Pod of the cluster."""
        self._pods.pop(cluster, None)

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
