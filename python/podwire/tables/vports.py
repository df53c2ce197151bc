"""The vPort table: the Pods of every cluster that asks for it, one entry an address.

It is a view: the Pods themselves are kept once, in `tables.pods`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

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
    """Which clusters' Pods are shown. Only clusters with `create-vport` are put in here."""

    def __init__(self) -> None:
        self._pods: dict[str, Mapping[str, Pod]] = {}

    def show(self, cluster: str, pods: Mapping[str, Pod]) -> None:
        """Show these Pods (by UID) and whatever becomes of them: the mapping is its owner's and is not copied."""
        self._pods[cluster] = pods

    def replace(self, cluster: str, pods: Iterable[Pod]) -> None:
        """Show exactly these Pods in place of all that the cluster had."""
        self._pods[cluster] = {pod.uid: pod for pod in pods}

    def clear(self, cluster: str) -> None:
        """Show no Pod of the cluster."""
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
