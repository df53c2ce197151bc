"""Follows what stands around the Pods: Services, EndpointSlices and owners. Each is optional and fails by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from podwire.kube.client import ApiClient
from podwire.kube.feeds import Feed, Phase, owner_feed, service_feed, slice_feed
from podwire.kube.follow import Follower
from podwire.kube.pool import Pool
from podwire.kube.resources import OWNERS, SERVICES, Resource
from podwire.kube.services import KnownPod
from podwire.model.owners import Owner
from podwire.model.services import EndpointSlice, Service
from podwire.settings.kube import KubeSettings
from podwire.support.clock import Clock


class ServiceSink(Protocol):
    """What hears of Services and their backends. Called on the event loop, in order; must be quick and not raise."""

    def services_replaced(self, services: Sequence[Service], at_ns: int) -> None:
        """These are all Services; those that are not among them are gone."""
        ...

    def service_changed(self, service: Service, at_ns: int) -> None:
        """One Service is new or different."""
        ...

    def service_removed(self, service: Service, at_ns: int) -> None:
        """One Service is gone; this is its last state."""
        ...

    def slices_replaced(self, slices: Sequence[EndpointSlice], at_ns: int) -> None:
        """These are all EndpointSlices; those that are not among them are gone."""
        ...

    def slice_changed(self, slice_: EndpointSlice, at_ns: int) -> None:
        """One EndpointSlice is new or different."""
        ...

    def slice_removed(self, slice_: EndpointSlice, at_ns: int) -> None:
        """One EndpointSlice is gone; this is its last state."""
        ...


class OwnerSink(Protocol):
    """What hears of the owners of Pods. Called on the event loop, in order; must be quick and not raise."""

    def owners_replaced(self, kind: str, owners: Sequence[Owner], at_ns: int) -> None:
        """These are all owners of `kind`; those of other kinds stay."""
        ...

    def owner_changed(self, owner: Owner, at_ns: int) -> None:
        """One owner is new or different."""
        ...

    def owner_removed(self, owner: Owner, at_ns: int) -> None:
        """One owner is gone; this is its last state."""
        ...


class Sinks:
    """Who wants to hear of what; nothing is followed that nobody wants."""

    def __init__(self, services: ServiceSink | None, owners: OwnerSink | None, clock: Clock) -> None:
        self.services = services
        self.owners = owners
        self.clock = clock

    def feeds(self, known: KnownPod) -> Iterator[tuple[Feed[Any, Any], _Teller]]:
        """Yield what is to be followed, each with what tells it. All share one pool of repeated values."""
        pool = Pool()
        if self.services is not None:
            to = self.services
            yield service_feed(pool), _Teller(to.services_replaced, to.service_changed, to.service_removed, self.clock)
            yield slice_feed(pool, known), _Teller(to.slices_replaced, to.slice_changed, to.slice_removed, self.clock)
        if self.owners is not None:
            for resource, kind in OWNERS.items():
                yield owner_feed(resource, pool), _owner_teller(self.owners, kind, self.clock)


class Related:
    """The followers of one cluster. They outlive connections, as all followers do."""

    def __init__(self, sinks: Sinks, *, known: KnownPod, settings: KubeSettings, changed: Callable[[], None]) -> None:
        self.followers: dict[Resource, Follower[Any, Any]] = {}
        for feed, teller in sinks.feeds(known):
            teller.after = changed
            self.followers[feed.resource] = Follower(feed, listener=teller, settings=settings, clock=sinks.clock)

    @property
    def denied(self) -> set[str]:
        """What exists but may not be read."""
        return {each.feed.resource.label for each in self.followers.values() if each.phase is Phase.DENIED}

    @property
    def services(self) -> int:
        """How many Services are known."""
        follower = self.followers.get(SERVICES)
        return len(follower.records) if follower is not None else 0

    async def run(self, client: ApiClient, *, after: asyncio.Event) -> None:
        """Follow everything until cancelled, from when `after` is set: Pods come first, they are what names need."""
        await after.wait()
        async with asyncio.TaskGroup() as group:
            for follower in self.followers.values():
                group.create_task(follower.run(client), name=follower.feed.resource.label)

    def clear(self) -> None:
        """Let all records go and say so: they were another cluster's."""
        for follower in self.followers.values():
            follower.clear()

    def forget_versions(self) -> None:
        """List everything anew at the next connection."""
        for follower in self.followers.values():
            follower.forget_version()


class _Teller:
    """Hands what a follower sees to a sink, with the time."""

    def __init__(
        self,
        replaced: Callable[[Sequence[Any], int], None],
        changed: Callable[[Any, int], None],
        removed: Callable[[Any, int], None],
        clock: Clock,
    ) -> None:
        self.after: Callable[[], None] = lambda: None
        self._replaced = replaced
        self._changed = changed
        self._removed = removed
        self._clock = clock

    def replaced(self, records: dict[str, Any]) -> None:
        self._replaced(list(records.values()), self._clock.now_ns())
        self.after()

    def changed(self, record: Any) -> None:
        self._changed(record, self._clock.now_ns())

    def removed(self, record: Any) -> None:
        self._removed(record, self._clock.now_ns())

    def phase_changed(self) -> None:
        self.after()


def _owner_teller(to: OwnerSink, kind: str, clock: Clock) -> _Teller:
    def replaced(owners: Sequence[Owner], at_ns: int) -> None:
        to.owners_replaced(kind, owners, at_ns)

    return _Teller(replaced, to.owner_changed, to.owner_removed, clock)
