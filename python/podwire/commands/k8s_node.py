"""`k8s-node-show`: the nodes, with all addresses that stand for them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from podwire.catalog.k8s_node import K8S_NODE
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.objects import Cells, labels_of, listed, rows_of, stale_notes, why_none
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.tables.nodes import NodeRow

_ROLE = "node-role.kubernetes.io/"
"""What the labels of a node's roles begin with (Kubernetes "Well-Known Labels, Annotations and Taints")."""


class _Entry(NamedTuple):
    row: NodeRow
    pods: int
    now_ns: int


def _roles(entry: _Entry) -> str | None:
    return listed(sorted(label.removeprefix(_ROLE) for label in entry.row.node.labels if label.startswith(_ROLE)))


def _age(entry: _Entry) -> int | None:
    created_ns = entry.row.node.created_ns
    return max(0, entry.now_ns - created_ns) if created_ns else None


_CELLS: Cells[_Entry] = {
    "cluster-name": lambda entry: entry.row.cluster,
    "name": lambda entry: entry.row.node.name,
    "ready": lambda entry: entry.row.node.is_ready,
    "roles": _roles,
    "ip": lambda entry: listed(entry.row.addresses.own),
    "tunnel-ip": lambda entry: listed(entry.row.addresses.tunnel),
    "pod-ranges": lambda entry: listed(entry.row.node.pod_cidrs),
    "pods": lambda entry: entry.pods,
    "version": lambda entry: entry.row.node.kubelet or None,
    "age": _age,
    "outer-ip": lambda entry: listed(entry.row.addresses.outer),
    "os": lambda entry: entry.row.node.os or None,
    "network-reason": lambda entry: entry.row.node.network_reason or None,
    "labels": lambda entry: labels_of(sorted(entry.row.node.labels.items())),
    "create-time": lambda entry: entry.row.node.created_ns or None,
    "uid": lambda entry: entry.row.node.uid or None,
}


class NodeHandler:
    """Shows the nodes of every followed cluster."""

    noun = K8S_NODE

    def __init__(self, configurator: Configurator | None, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return a row a node, by cluster and name."""
        now_ns = self._parts.clock.now_ns()
        counts = self._pods() if "pods" in query.needed else Counter()
        entries = [_Entry(row, counts[row.cluster, row.node.name], now_ns) for row in self._parts.nodes.rows()]
        notes = stale_notes(self._parts) if entries else why_none(self._configurator, self._parts)
        return answer_rows(query, rows_of(query, entries, _CELLS), now_ns=now_ns, notes=notes)

    def _pods(self) -> Counter[tuple[str, str]]:
        return Counter((cluster, pod.node) for cluster, pod in self._parts.pods.all() if pod.holds_addresses)
