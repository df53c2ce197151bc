"""The vPort table: the Pods of every cluster that asks for it, one entry an address.

Pods are kept by UID, so that a Pod that takes a name or an address over never removes, or is removed with, another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from podwire.model.pods import Pod

VLAN = 4090
"""The dummy VLAN of the reference product: the entry does not come from traffic."""
MAC_PREFIX = "88:88:88"
"""The first half of the reference product's dummy addresses."""


def dummy_mac(cluster: str, uid: str) -> str:
    """Derive a Pod's stable dummy MAC address from its cluster and UID."""
    tail = hashlib.blake2b(f"{cluster}/{uid}".encode(), digest_size=3).digest()
    return f"{MAC_PREFIX}:{tail[0]:02x}:{tail[1]:02x}:{tail[2]:02x}"


class VPortTable:
    """Pods by cluster. Only clusters with `create-vport` are put in here."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, Pod]] = {}

    def replace(self, cluster: str, pods: Iterable[Pod]) -> None:
        """Put `pods` in place of all that the cluster had."""
        self._pods[cluster] = {pod.uid: pod for pod in pods}

    def put(self, cluster: str, pod: Pod) -> None:
        """Add or change one Pod."""
        self._pods.setdefault(cluster, {})[pod.uid] = pod

    def remove(self, cluster: str, uid: str) -> None:
        """Remove the Pod with this UID, if it is there."""
        self._pods.get(cluster, {}).pop(uid, None)

    def clear(self, cluster: str) -> None:
        """Remove every entry of the cluster."""
        self._pods.pop(cluster, None)

    def count(self, cluster: str) -> int:
        """Return how many Pods of the cluster are in the table."""
        return len(self._pods.get(cluster, {}))

    def entries(self) -> Iterator[tuple[str, Pod, str]]:
        """Yield (cluster, Pod, address) by cluster, namespace and name; a Pod that has no address yet gives none."""
        for cluster in sorted(self._pods):
            pods = self._pods[cluster].values()
            for pod in sorted(pods, key=lambda pod: (pod.namespace, pod.name, pod.uid)):
                if pod.holds_addresses:
                    for address in pod.ips:
                        yield cluster, pod, address
