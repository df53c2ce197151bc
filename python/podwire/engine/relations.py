"""What one cluster tells beside its Pods, moved into the tables: Services, EndpointSlices and owners.

Times are not kept: what holds is shown, not what held.
"""

# ruff: noqa: ARG002
from __future__ import annotations

from collections.abc import Sequence

from podwire.engine.parts import Parts
from podwire.model.owners import Owner
from podwire.model.services import EndpointSlice, Service


class ClusterRelations:
    """Receives the Services and owners of one cluster (`kube.ServiceSink`, `kube.OwnerSink`)."""

    def __init__(self, name: str, parts: Parts) -> None:
        self._name = name
        self._services = parts.services
        self._owners = parts.owners

    def end(self) -> None:
        """The cluster is no longer followed: its Services go, its owners stay known for the Pods that ended."""
        self._services.clear(self._name)
        self._owners.clear(self._name)

    def services_replaced(self, services: Sequence[Service], at_ns: int) -> None:
        """Take a whole list of Services as the truth."""
        self._services.replace_services(self._name, services)

    def service_changed(self, service: Service, at_ns: int) -> None:
        """Take one new or changed Service."""
        self._services.put_service(self._name, service)

    def service_removed(self, service: Service, at_ns: int) -> None:
        """Let one Service go."""
        self._services.remove_service(self._name, service.uid)

    def slices_replaced(self, slices: Sequence[EndpointSlice], at_ns: int) -> None:
        """Take a whole list of EndpointSlices as the truth."""
        self._services.replace_slices(self._name, slices)

    def slice_changed(self, slice_: EndpointSlice, at_ns: int) -> None:
        """Take one new or changed EndpointSlice."""
        self._services.put_slice(self._name, slice_)

    def slice_removed(self, slice_: EndpointSlice, at_ns: int) -> None:
        """Let one EndpointSlice go."""
        self._services.remove_slice(self._name, slice_.uid)

    def owners_replaced(self, kind: str, owners: Sequence[Owner], at_ns: int) -> None:
        """Take a whole list of owners of one kind as the truth."""
        self._owners.replace(self._name, kind, owners)

    def owner_changed(self, owner: Owner, at_ns: int) -> None:
        """Take one new or changed owner."""
        self._owners.put(self._name, owner)

    def owner_removed(self, owner: Owner, at_ns: int) -> None:
        """Let one owner go."""
        self._owners.remove(self._name, owner.uid)
