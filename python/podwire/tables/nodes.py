"""The Nodes of every cluster, each with all addresses that stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from podwire.model.evidence import Node
from podwire.model.nodes import NodeAddresses


class NodeRow(Struct, frozen=True):
    """One Node and its addresses."""

    cluster: str
    node: Node
    addresses: NodeAddresses


class NodeTable:
    """Nodes by cluster and name."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, NodeRow]] = {}

    def replace(self, cluster: str, nodes: Iterable[tuple[Node, NodeAddresses]]) -> None:
        """Put `nodes` in place of all that the cluster had."""
        self._rows[cluster] = {node.name: NodeRow(cluster, node, addresses) for node, addresses in nodes}

    def clear(self, cluster: str) -> None:
        """Remove every Node of the cluster."""
        self._rows.pop(cluster, None)

    def rows(self) -> Iterator[NodeRow]:
        """Yield every Node, by cluster and name."""
        for cluster in sorted(self._rows):
            for name in sorted(self._rows[cluster]):
                yield self._rows[cluster][name]

    def of(self, cluster: str) -> Iterable[NodeRow]:
        """Return the Nodes of a cluster."""
        return self._rows.get(cluster, {}).values()
