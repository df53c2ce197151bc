"""Gathers what the CNI detectors judge: nodes, DaemonSets, their ConfigMaps, and the plugins' custom objects.

Each kind is followed by itself, so that one that may not be read or does not exist leaves the others alone. Which
ConfigMaps are followed comes from the DaemonSets, which custom objects from the API groups; both change at run time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from podwire.kube.client import ApiClient
from podwire.kube.discovery import Discovery
from podwire.kube.errors import AbsentError, BusyError, ForbiddenError
from podwire.kube.feeds import Agents, Phase, evidence_feed
from podwire.kube.follow import Follower
from podwire.kube.objects import config_maps_named_by
from podwire.kube.resources import (
    CONTAINER_CONFIG_MAPS,
    DAEMON_SETS,
    NODES,
    WELL_KNOWN_CONFIG_MAPS,
    Resource,
    custom_resources,
)
from podwire.model.evidence import ConfigMap, CustomObject, Evidence, Node, Workload
from podwire.settings.kube import KubeSettings
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)

_READY_TRIES = 5
_READY_SECONDS = 1.0


class Gatherer:
    """The evidence of one cluster. It outlives connections, as its followers do."""

    def __init__(self, *, settings: KubeSettings, clock: Clock, changed: Callable[[], None]) -> None:
        self.version = ""
        self.followers: dict[Resource, Follower[Any, Any]] = {}
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._discovery = Discovery(settings, self._reconcile)
        self._tasks: dict[Resource, asyncio.Task[None]] = {}
        self._start: Callable[[Follower[Any, Any]], asyncio.Task[None]] | None = None
        self._reconcile()

    @property
    def is_settled(self) -> bool:
        """True when every kind has been listed, or is known to be denied or absent."""
        return self._discovery.groups is not None and all(
            each.phase not in (Phase.WAITING, Phase.FAILING) for each in self.followers.values()
        )

    @property
    def denied(self) -> frozenset[str]:
        """What exists but may not be read."""
        labels = {each.feed.resource.label for each in self.followers.values() if each.phase is Phase.DENIED}
        return frozenset(labels | {"apis"} if self._discovery.is_denied else labels)

    async def run(self, client: ApiClient) -> None:
        """Follow everything until cancelled. Raises, in a group, the error that concerns the whole connection."""
        async with asyncio.TaskGroup() as group:
            self._start = lambda follower: group.create_task(follower.run(client), name=follower.feed.resource.label)
            group.create_task(self._discovery.run(client), name="apis")
            try:
                self._reconcile()
                await asyncio.Event().wait()
            finally:
                self._start = None
                self._tasks.clear()

    async def gather_once(self, client: ApiClient) -> Evidence:
        """List everything once, without watching. Raises the first error that is no matter of one kind alone."""
        await self._discovery.read_once(client)
        done: set[Resource] = set()
        while waiting := [each for key, each in self.followers.items() if key not in done]:
            # The DaemonSets, once listed, bring the ConfigMaps that the next round reads.
            await asyncio.gather(*(_list_or_give_up(each, client) for each in waiting))
            done |= {each.feed.resource for each in waiting}
        return self.evidence()

    def forget_versions(self) -> None:
        """List everything anew at the next connection."""
        for follower in self.followers.values():
            follower.forget_version()

    def evidence(self) -> Evidence:
        """Return what is known now."""
        by_kind: dict[type[Any], list[Any]] = {each: [] for each in (Node, Agents, Workload, ConfigMap, CustomObject)}
        for follower in self.followers.values():
            for record in follower.records.values():
                by_kind[type(record)].append(record)
        return Evidence(
            version=self.version,
            api_groups=frozenset(self._discovery.groups or ()),
            nodes=tuple(sorted(by_kind[Node], key=lambda each: each.name)),
            daemon_sets=_sorted(each.workload for each in by_kind[Agents]),
            deployments=_sorted(by_kind[Workload]),
            config_maps=_sorted(by_kind[ConfigMap]),
            custom=tuple(sorted(by_kind[CustomObject], key=lambda each: (each.resource, each.namespace, each.name))),
            denied=self.denied,
        )

    @property
    def nodes(self) -> int:
        """How many nodes are known."""
        return len(self.followers[NODES].records)

    def daemon_sets_changed(self) -> None:
        """Follow the ConfigMaps that the DaemonSets name now."""
        self._reconcile()

    def _reconcile(self) -> None:
        wanted = {NODES, DAEMON_SETS} | custom_resources(self._discovery.candidates) | self._config_maps()
        for resource in [each for each in self.followers if each not in wanted]:
            del self.followers[resource]
            task = self._tasks.pop(resource, None)
            if task is not None:
                task.cancel()
        for resource in sorted(wanted - self.followers.keys(), key=lambda each: each.label):
            self.followers[resource] = self._follower(resource)
        if self._start is not None:
            for resource, follower in self.followers.items():
                if resource not in self._tasks:
                    self._tasks[resource] = self._start(follower)
            self._changed()

    def _follower(self, resource: Resource) -> Follower[Any, Any]:
        told = self.daemon_sets_changed if resource == DAEMON_SETS else self._changed
        return Follower(evidence_feed(resource), listener=_Told(told), settings=self._settings, clock=self._clock)

    def _config_maps(self) -> set[Resource]:
        daemon_sets = self.followers.get(DAEMON_SETS)
        wanted = dict.fromkeys(WELL_KNOWN_CONFIG_MAPS[:1])
        if daemon_sets is not None and daemon_sets.phase is Phase.DENIED:
            wanted |= dict.fromkeys(WELL_KNOWN_CONFIG_MAPS)
        elif daemon_sets is not None:
            agents = [each.workload for each in daemon_sets.records.values() if each.share_host_network]
            for workload in _sorted(agents):
                wanted |= dict.fromkeys(_named_by(workload))
        if len(wanted) > self._settings.most_config_maps:
            _log.warning(
                "%d ConfigMaps are named by DaemonSets, %d are read", len(wanted), self._settings.most_config_maps
            )
        chosen = list(wanted)[: self._settings.most_config_maps]
        return {Resource("configmaps", namespace=namespace, name=name) for namespace, name in chosen}


class _Told:
    """A listener to whom every change is the same."""

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told

    def replaced(self, records: dict[str, Any]) -> None:
        _ = records
        self._told()

    def changed(self, record: Any) -> None:
        _ = record
        self._told()

    def removed(self, record: Any) -> None:
        _ = record
        self._told()

    def phase_changed(self) -> None:
        self._told()


def _named_by(workload: Workload) -> Iterator[tuple[str, str]]:
    for container in workload.containers:
        if container.name in CONTAINER_CONFIG_MAPS:
            yield workload.namespace, CONTAINER_CONFIG_MAPS[container.name]
    for name in config_maps_named_by(workload):
        yield workload.namespace, name


def _sorted(records: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(records, key=lambda each: (each.namespace, each.name)))


async def _list_or_give_up(follower: Follower[Any, Any], client: ApiClient) -> None:
    async def get_instead(error: ForbiddenError) -> None:
        if not follower.feed.resource.name:
            raise error
        await _patiently(lambda: follower.get_once(client))

    try:
        try:
            await _patiently(lambda: follower.list_once(client))
        except ForbiddenError as error:
            await get_instead(error)
    except (ForbiddenError, AbsentError) as error:
        follower.give_up(error)


async def _patiently(ask: Callable[[], Awaitable[None]]) -> None:
    """Ask again where the server says when to: a CRD's storage needs a moment after a start."""
    for _ in range(_READY_TRIES):
        try:
            return await ask()
        except BusyError as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(min(error.retry_after, _READY_SECONDS))
    return await ask()
