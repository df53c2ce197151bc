"""The words behind the packet core's numbers, for records that are kept."""

from __future__ import annotations

from podwire.engine.names import REASONS, Names
from podwire.engine.parts import Parts
from podwire.history import EndpointWords
from podwire.history.services import Server
from podwire.tables.endpoints import EndpointKind


class RecordNames:
    """A `history.NameBook` over the tables. It is asked from the writer's thread and only looks up."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._names = Names(parts)

    def endpoint(self, number: int) -> EndpointWords | None:
        """Return the words of an endpoint; a node has no Pod and no namespace."""
        found = self._parts.endpoints.get(number)
        return None if found is None else EndpointWords(*self._names.of_endpoint(found), found.cluster)

    def cluster(self, number: int) -> str | None:
        """Return the name of a cluster; None for 0 and for one that is not known."""
        return self._parts.clusters.name(number) or None

    def reason(self, code: str, words: EndpointWords | None) -> str | None:
        """Say why an end has no name; None where it has one."""
        if words is not None:
            return REASONS["node"] if words.pod is None else None
        return REASONS["forgotten" if code == "named" else code]

    def may_serve(self, endpoint: int, address: str) -> bool:
        """Say whether a server may belong to a Service: its address is one's or a backend's, or it is a node."""
        known = self._parts.endpoints.get(endpoint) if endpoint else None
        if known is not None and known.kind is EndpointKind.NODE:
            return True
        return self._parts.services.knows(address)

    def services(self, server: Server) -> str | None:
        """Return the Services that a server belongs to now."""
        if self._names.is_in_doubt(server.reason):
            return None
        clusters = (server.overlay_cluster,) if server.overlay_cluster else self._parts.clusters.numbers()
        place = (server.address, server.port, server.proto or "")
        return ",".join(self._names.services(server.endpoint, *place, clusters)) or None
