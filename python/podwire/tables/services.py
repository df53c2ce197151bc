"""The Services of every cluster, and which of them an address and port belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from podwire.model.services import EndpointSlice, Service

MOST_NAMES = 16
"""Services that one lookup names; more share a backend only by mistake."""


class _Index:
    """UIDs by address (or port), most often a single one."""

    def __init__(self) -> None:
        self._uids: dict[str | int, str | tuple[str, ...]] = {}

    def add(self, key: str | int, uid: str) -> None:
        known = self.get(key)
        if uid not in known:
            self._uids[key] = (*known, uid) if known else uid

    def discard(self, key: str | int, uid: str) -> None:
        rest = tuple(each for each in self.get(key) if each != uid)
        if not rest:
            self._uids.pop(key, None)
        else:
            self._uids[key] = rest if len(rest) > 1 else rest[0]

    def get(self, key: str | int) -> tuple[str, ...]:
        found = self._uids.get(key, ())
        return (found,) if isinstance(found, str) else found


class _Cluster:
    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.slices: dict[str, EndpointSlice] = {}
        self.fronts = _Index()
        """Services by their own addresses."""
        self.node_ports = _Index()
        self.backends = _Index()
        """Slices by the addresses that they hold."""
        self.slices_of: dict[tuple[str, str], dict[str, None]] = {}
        """UIDs of slices by namespace and name of their Service."""

    def put_service(self, service: Service) -> None:
        self.remove_service(service.uid)
        self.services[service.uid] = service
        for address in _fronts(service):
            self.fronts.add(address, service.uid)
        for port in service.ports:
            if port.node_port:
                self.node_ports.add(port.node_port, service.uid)

    def remove_service(self, uid: str) -> None:
        gone = self.services.pop(uid, None)
        if gone is None:
            return
        for address in _fronts(gone):
            self.fronts.discard(address, uid)
        for port in gone.ports:
            if port.node_port:
                self.node_ports.discard(port.node_port, uid)

    def put_slice(self, slice_: EndpointSlice) -> None:
        before = self.slices.get(slice_.uid)
        had, has = _held(before), _held(slice_)
        self.slices[slice_.uid] = slice_
        for address in had - has:
            self.backends.discard(address, slice_.uid)
        for address in has - had:
            self.backends.add(address, slice_.uid)
        self.slices_of.setdefault((slice_.namespace, slice_.service), {})[slice_.uid] = None

    def remove_slice(self, uid: str) -> None:
        gone = self.slices.pop(uid, None)
        if gone is None:
            return
        for address in _held(gone):
            self.backends.discard(address, uid)
        siblings = self.slices_of.get((gone.namespace, gone.service), {})
        siblings.pop(uid, None)
        if not siblings:
            self.slices_of.pop((gone.namespace, gone.service), None)


class ServiceTable:
    """Services and EndpointSlices by cluster."""

    def __init__(self) -> None:
        self._clusters: dict[str, _Cluster] = {}

    def replace_services(self, cluster: str, services: Iterable[Service]) -> None:
        """Put `services` in place of all that the cluster had."""
        book = self._of(cluster)
        wanted = {each.uid: each for each in services}
        for uid in [uid for uid in book.services if uid not in wanted]:
            book.remove_service(uid)
        for service in wanted.values():
            if book.services.get(service.uid) != service:
                book.put_service(service)

    def put_service(self, cluster: str, service: Service) -> None:
        """Add or change one Service."""
        self._of(cluster).put_service(service)

    def remove_service(self, cluster: str, uid: str) -> None:
        """Remove the Service with this UID, if it is there."""
        self._of(cluster).remove_service(uid)

    def replace_slices(self, cluster: str, slices: Iterable[EndpointSlice]) -> None:
        """Put `slices` in place of all that the cluster had."""
        book = self._of(cluster)
        wanted = {each.uid: each for each in slices}
        for uid in [uid for uid in book.slices if uid not in wanted]:
            book.remove_slice(uid)
        for slice_ in wanted.values():
            if book.slices.get(slice_.uid) != slice_:
                book.put_slice(slice_)

    def put_slice(self, cluster: str, slice_: EndpointSlice) -> None:
        """Add or change one EndpointSlice."""
        self._of(cluster).put_slice(slice_)

    def remove_slice(self, cluster: str, uid: str) -> None:
        """Remove the EndpointSlice with this UID, if it is there."""
        self._of(cluster).remove_slice(uid)

    def clear(self, cluster: str) -> None:
        """Remove all of the cluster."""
        self._clusters.pop(cluster, None)

    def is_front(self, cluster: str, address: str) -> bool:
        """Return whether a Service has this address for its own now."""
        book = self._clusters.get(cluster)
        return book is not None and bool(book.fronts.get(address))

    def knows(self, address: str) -> bool:
        """Say whether an address is a Service's own or that of a backend, in any cluster."""
        books = list(self._clusters.values())
        return any(book.fronts.get(address) or book.backends.get(address) for book in books)

    def behind(self, cluster: str, address: str, port: int, protocol: str, *, uid: str = "") -> tuple[str, ...]:
        """Return the Services (`namespace/name`) that have a backend at this address and port now, sorted.

        Of the backends that are Pods only that with this UID counts.
        """
        book = self._clusters.get(cluster)
        if book is None:
            return ()
        found = set()
        for slice_uid in book.backends.get(address):
            slice_ = book.slices[slice_uid]
            if slice_.service and _has_port(slice_, port, protocol) and _has_backend(slice_, address, uid):
                found.add(f"{slice_.namespace}/{slice_.service}")
        return tuple(sorted(found)[:MOST_NAMES])

    def at(self, cluster: str, address: str, port: int, protocol: str) -> tuple[str, ...]:
        """Return the Services that have this address for themselves and the port, else those that have the address."""
        book = self._clusters.get(cluster)
        if book is None:
            return ()
        services = [book.services[uid] for uid in book.fronts.get(address)]
        exact = [each for each in services if any((p.number, p.protocol) == (port, protocol) for p in each.ports)]
        return tuple(sorted(f"{each.namespace}/{each.name}" for each in exact or services)[:MOST_NAMES])

    def on_node_port(self, cluster: str, port: int, protocol: str) -> tuple[str, ...]:
        """Return the Services that every node of the cluster offers at this port."""
        book = self._clusters.get(cluster)
        if book is None:
            return ()
        services = [book.services[uid] for uid in book.node_ports.get(port)]
        exact = [each for each in services if any((p.node_port, p.protocol) == (port, protocol) for p in each.ports)]
        return tuple(sorted(f"{each.namespace}/{each.name}" for each in exact)[:MOST_NAMES])

    def services(self) -> Iterator[tuple[str, Service]]:
        """Yield (cluster, Service) by cluster, namespace and name."""
        for cluster in sorted(self._clusters):
            for each in sorted(self._clusters[cluster].services.values(), key=lambda each: (each.namespace, each.name)):
                yield cluster, each

    def slices_of(self, cluster: str, service: Service) -> list[EndpointSlice]:
        """Return the EndpointSlices of a Service."""
        book = self._of(cluster)
        return [book.slices[uid] for uid in book.slices_of.get((service.namespace, service.name), ())]

    def _of(self, cluster: str) -> _Cluster:
        return self._clusters.setdefault(cluster, _Cluster())


def _fronts(service: Service) -> tuple[str, ...]:
    return (*service.cluster_ips, *service.external_ips, *service.load_balancer_ips)


def _held(slice_: EndpointSlice | None) -> set[str]:
    return {address for each in slice_.endpoints for address in each.addresses} if slice_ is not None else set()


def _has_port(slice_: EndpointSlice, port: int, protocol: str) -> bool:
    return any(each.number in (0, port) and each.protocol == protocol for each in slice_.ports)


def _has_backend(slice_: EndpointSlice, address: str, uid: str) -> bool:
    return any(address in each.addresses and each.target_uid in ("", uid) for each in slice_.endpoints)
