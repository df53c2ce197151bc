"""What controls what: from a Pod's ReplicaSet to its Deployment, from its Job to its CronJob."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from podwire.model.owners import Owner

MOST_ENDED = 50_000
"""Owners that are remembered after their end, for Pods that ended with them; the one that ended first goes first."""

_MOST_STEPS = 8
"""How many owners are followed upwards: Kubernetes' own chains have two."""


class Workload(NamedTuple):
    """The topmost owner of a Pod; a bare Pod itself."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class OwnerTable:
    """Owners by cluster and UID."""

    def __init__(self, *, most_ended: int = MOST_ENDED) -> None:
        self._owners: dict[str, dict[str, Owner]] = {}
        self._ended: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._most_ended = most_ended

    def replace(self, cluster: str, kind: str, owners: Iterable[Owner]) -> None:
        """Put `owners` in place of all of this kind that the cluster had."""
        wanted = {each.uid: each for each in owners}
        for each in list(self._owners.get(cluster, {}).values()):
            if each.kind == kind and each.uid not in wanted:
                self.remove(cluster, each.uid)
        for each in wanted.values():
            self.put(cluster, each)

    def put(self, cluster: str, owner: Owner) -> None:
        """Add or change one owner."""
        self._owners.setdefault(cluster, {})[owner.uid] = owner
        self._ended.pop((cluster, owner.uid), None)

    def remove(self, cluster: str, uid: str) -> None:
        """Note that an owner is gone; it stays known within the bound."""
        if uid not in self._owners.get(cluster, {}):
            return
        self._ended[cluster, uid] = None
        while len(self._ended) > self._most_ended:
            (oldest_cluster, oldest), _ = self._ended.popitem(last=False)
            self._owners[oldest_cluster].pop(oldest, None)

    def clear(self, cluster: str) -> None:
        """Note that nothing of the cluster is followed any more."""
        for uid in list(self._owners.get(cluster, {})):
            self.remove(cluster, uid)

    def workload(self, cluster: str, pod: str, owner: tuple[str, str, str]) -> Workload:
        """Return what stands at the top above `owner`, the (kind, name, UID) of the controller of Pod `pod`."""
        kind, name, uid = owner if owner[0] else ("Pod", pod, "")
        book = self._owners.get(cluster, {})
        for _ in range(_MOST_STEPS):
            above = book.get(uid)
            if above is None or not above.owner_kind:
                break
            kind, name, uid = above.owner_kind, above.owner_name, above.owner_uid
        return Workload(kind, name)

    def count(self, cluster: str) -> int:
        """Return how many owners of the cluster are known."""
        return len(self._owners.get(cluster, {}))
