"""`k8s-workload-show`: what Pods belong to, with what its Pods come to together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from podwire.catalog.k8s_workload import K8S_WORKLOAD
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.objects import Cells, listed, rows_of, stale_notes, why_none
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.support.waiting import in_thread

_Key = tuple[str, str, str, str]
"""Cluster, namespace, kind, name."""


@dataclass(slots=True)
class _Workload:
    key: _Key
    services: frozenset[str] = frozenset()
    running: list[Pod] = field(default_factory=list)
    ended: int = 0


def _is_ready(pod: Pod) -> bool:
    main = [each for each in pod.containers if not each.is_init]
    return bool(main) and all(each.is_ready for each in main)


_CELLS: Cells[_Workload] = {
    "cluster-name": lambda each: each.key[0],
    "namespace": lambda each: each.key[1],
    "kind": lambda each: each.key[2],
    "name": lambda each: each.key[3],
    "pods": lambda each: len(each.running),
    "ready": lambda each: sum(_is_ready(pod) for pod in each.running),
    "restarts": lambda each: sum(container.restarts for pod in each.running for container in pod.containers),
    "nodes": lambda each: len({pod.node for pod in each.running if pod.node}),
    "images": lambda each: listed(sorted({c.image for pod in each.running for c in pod.containers if c.image})),
    "ended": lambda each: each.ended,
    "ip": lambda each: listed(address for pod in each.running for address in pod.ips),
    "services": lambda each: listed(sorted(each.services)),
}


class WorkloadHandler:
    """Shows the workloads that have Pods."""

    noun = K8S_WORKLOAD

    def __init__(self, configurator: Configurator | None, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a workload, by cluster, namespace, kind and name."""
        services = self._services() if "services" in query.needed else {}
        # Taken here, since a thread that goes through a table must not meet a change of it.
        pods = list(self._parts.pods.all())
        return await in_thread(self._show, query, pods, services)

    def _show(self, query: Query, pods: list[tuple[str, Pod]], services: dict[str, set[str]]) -> Answer:
        found: dict[_Key, _Workload] = {}
        for cluster, pod in pods:
            key = self._key(cluster, pod)
            each = found.setdefault(key, _Workload(key))
            if not pod.holds_addresses:
                each.ended += 1
                continue
            each.running.append(pod)
            if pod.uid in services:
                each.services |= services[pod.uid]
        notes = stale_notes(self._parts) if found else why_none(self._configurator, self._parts)
        rows = rows_of(query, _ordered(found.values()), _CELLS)
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)

    def _key(self, cluster: str, pod: Pod) -> _Key:
        owner = (pod.owner_kind, pod.owner_name, pod.owner_uid)
        return cluster, pod.namespace, *self._parts.owners.workload(cluster, pod.name, owner)

    def _services(self) -> dict[str, set[str]]:
        """Return the Services of each Pod, by UID."""
        found: dict[str, set[str]] = {}
        table = self._parts.services
        for cluster, service in table.services():
            for slice_ in table.slices_of(cluster, service):
                for each in slice_.endpoints:
                    found.setdefault(each.target_uid, set()).add(service.name)
        found.pop("", None)
        return found


def _ordered(workloads: Iterable[_Workload]) -> Iterator[_Workload]:
    yield from sorted(workloads, key=lambda each: each.key)
