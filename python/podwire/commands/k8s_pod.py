"""`k8s-pod-show`: the Pods themselves, with their containers."""

from __future__ import annotations

from typing import NamedTuple

from podwire.catalog.k8s_pod import K8S_POD
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.objects import Cells, labels_of, listed, rows_of, stale_notes, why_none
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.model.pods import Pod, PodContainer
from podwire.support.waiting import in_thread


class _Entry(NamedTuple):
    cluster: str
    pod: Pod
    workload: str
    now_ns: int

    @property
    def main(self) -> list[PodContainer]:
        return [each for each in self.pod.containers if not each.is_init]


def _ready(entry: _Entry) -> str:
    return f"{sum(each.is_ready for each in entry.main)}/{len(entry.main)}"


def _ports(entry: _Entry) -> str | None:
    return listed(f"{each.number}/{each.protocol}" for each in entry.pod.ports)


def _states(entry: _Entry) -> str | None:
    return listed(f"{each.name}:{each.state or 'unknown'}" for each in entry.pod.containers)


def _owner(entry: _Entry) -> str | None:
    return f"{entry.pod.owner_kind}/{entry.pod.owner_name}" if entry.pod.owner_kind else None


_CELLS: Cells[_Entry] = {
    "cluster-name": lambda entry: entry.cluster,
    "namespace": lambda entry: entry.pod.namespace,
    "name": lambda entry: entry.pod.name,
    "ready": _ready,
    "status": lambda entry: entry.pod.power or entry.pod.phase,
    "restarts": lambda entry: sum(each.restarts for each in entry.pod.containers),
    "ip": lambda entry: listed(entry.pod.ips) if entry.pod.holds_addresses else None,
    "node": lambda entry: entry.pod.node or None,
    "workload": lambda entry: entry.workload or None,
    "age": lambda entry: max(0, entry.now_ns - entry.pod.created_ns) if entry.pod.created_ns else None,
    "phase": lambda entry: entry.pod.phase,
    "secondary-ip": lambda entry: listed(entry.pod.secondary_ips),
    "host-network": lambda entry: entry.pod.host_network,
    "containers": lambda entry: listed(each.name for each in entry.pod.containers),
    "images": lambda entry: listed(each.image for each in entry.pod.containers),
    "container-states": _states,
    "ports": _ports,
    "labels": lambda entry: labels_of(entry.pod.labels),
    "owner": _owner,
    "create-time": lambda entry: entry.pod.created_ns or None,
    "started-time": lambda entry: entry.pod.started_ns or None,
    "uid": lambda entry: entry.pod.uid,
}


class PodHandler:
    """Shows the Pods of every followed cluster."""

    noun = K8S_POD

    def __init__(self, configurator: Configurator | None, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a Pod, by cluster, namespace and name."""
        # Taken here, since a thread that goes through a table must not meet a change of it.
        entries = list(self._parts.pods.entries())
        return await in_thread(self._show, query, entries)

    def _show(self, query: Query, entries: list[tuple[str, Pod]]) -> Answer:
        now_ns = self._parts.clock.now_ns()
        needs_workload = "workload" in query.needed
        made = (
            _Entry(cluster, pod, self._workload(cluster, pod) if needs_workload else "", now_ns)
            for cluster, pod in entries
        )
        notes = stale_notes(self._parts) if entries else why_none(self._configurator, self._parts)
        return answer_rows(query, rows_of(query, made, _CELLS), now_ns=now_ns, notes=notes)

    def _workload(self, cluster: str, pod: Pod) -> str:
        return str(self._parts.owners.workload(cluster, pod.name, (pod.owner_kind, pod.owner_name, pod.owner_uid)))
