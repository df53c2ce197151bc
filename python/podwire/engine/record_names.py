"""The words behind the packet core's numbers, for records that are kept."""

from __future__ import annotations

from podwire.engine.parts import Parts
from podwire.history import EndpointWords
from podwire.tables.endpoints import EndpointKind

_REASONS = {
    "none-claims": "no cluster claims this address",
    "ended": "the claim on this address had ended",
    "not-yet": "the address was claimed only later",
    "ambiguous": "several endpoints claim this address",
}
"""The core's words for a missing name, in the operator's words; `named` has none."""


class RecordNames:
    """A `history.NameBook` over the tables. It is asked from the writer's thread and only looks up."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def endpoint(self, number: int) -> EndpointWords | None:
        """Return the words of an endpoint; a node has no Pod and no namespace."""
        found = self._parts.endpoints.get(number)
        if found is None:
            return None
        if found.kind is EndpointKind.NODE:
            return EndpointWords(node=found.name, cluster=found.cluster)
        return EndpointWords(
            found.name or None, found.namespace or None, found.owner_name or None, found.node or None, found.cluster
        )

    def cluster(self, number: int) -> str | None:
        """Return the name of a cluster; None for 0 and for one that is not known."""
        return self._parts.clusters.name(number) or None

    def reason(self, code: str, words: EndpointWords | None) -> str | None:
        """Say why an end has no name; None where it has one."""
        if words is not None:
            return "node address" if words.pod is None else None
        return _REASONS.get(code)
