"""`k8s-service-show`: the Services, and what is behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from podwire.catalog.k8s_service import K8S_SERVICE
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.objects import Cells, listed, ports_of, rows_of, stale_notes, why_none
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.model.services import EndpointSlice, Service, SliceEndpoint


class _Entry(NamedTuple):
    cluster: str
    service: Service
    slices: list[EndpointSlice]
    parts: Parts
    now_ns: int

    def backends(self) -> Iterator[SliceEndpoint]:
        """Yield each backend once: of a dual-stack Service the slices of both families hold it."""
        seen = set()
        for slice_ in self.slices:
            for each in slice_.endpoints:
                key = each.target_uid or each.addresses[:1]
                if key not in seen:
                    seen.add(key)
                    yield each


def _outside(entry: _Entry) -> str | None:
    service = entry.service
    named = (service.external_name,) if service.external_name else ()
    return listed((*service.external_ips, *service.load_balancer_ips, *named))


def _pods(entry: _Entry) -> str | None:
    found = (entry.parts.pods.get(entry.cluster, each.target_uid) for each in entry.backends() if each.target_uid)
    return listed(sorted(pod.name for pod in found if pod is not None))


_CELLS: Cells[_Entry] = {
    "cluster-name": lambda entry: entry.cluster,
    "namespace": lambda entry: entry.service.namespace,
    "name": lambda entry: entry.service.name,
    "type": lambda entry: entry.service.type,
    "cluster-ip": lambda entry: listed(entry.service.cluster_ips),
    "external-ip": _outside,
    "ports": lambda entry: ports_of(entry.service.ports),
    "ready": lambda entry: sum(each.is_ready for each in entry.backends()),
    "backends": lambda entry: sum(1 for _ in entry.backends()),
    "age": lambda entry: max(0, entry.now_ns - entry.service.created_ns) if entry.service.created_ns else None,
    "backend-ip": lambda entry: listed(
        address for slice_ in entry.slices for each in slice_.endpoints for address in each.addresses
    ),
    "backend-pod": _pods,
    "backend-port": lambda entry: ports_of([port for slice_ in entry.slices for port in slice_.ports]),
    "create-time": lambda entry: entry.service.created_ns or None,
    "uid": lambda entry: entry.service.uid,
}


class ServiceHandler:
    """Shows the Services of every followed cluster."""

    noun = K8S_SERVICE

    def __init__(self, configurator: Configurator | None, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a Service, by cluster, namespace and name."""
        now_ns = self._parts.clock.now_ns()
        table = self._parts.services
        entries = [
            _Entry(cluster, service, table.slices_of(cluster, service), self._parts, now_ns)
            for cluster, service in table.services()
        ]
        notes = stale_notes(self._parts) if entries else why_none(self._configurator, self._parts)
        return answer_rows(query, rows_of(query, entries, _CELLS), now_ns=now_ns, notes=notes)
