"""Starts, changes and ends the feeds of the clusters so that they are what the configuration says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from podwire.capture import Scope
from podwire.engine.decoding import lingering_ns, open_tunnels
from podwire.engine.feed import ClusterFeed
from podwire.engine.parts import Parts
from podwire.kube import ClusterFollower, KubeconfigSource
from podwire.settings.configuration import ClusterSettings, Configuration
from podwire.settings.kube import KubeSettings
from podwire.support.tasks import end_task, run_supervised
from podwire.tables.endpoints import is_uuid


@dataclass(slots=True)
class _Running:
    settings: ClusterSettings
    feed: ClusterFeed
    follower: ClusterFollower
    task: asyncio.Task[None]


class ClusterManager:
    """Keeps one feed for every enabled connection of the configuration."""

    def __init__(self, *, parts: Parts, settings: KubeSettings, native_vlan: int = 1) -> None:
        self._parts = parts
        self._settings = settings
        self._native_vlan = native_vlan
        self._running: dict[str, _Running] = {}
        self._configuration = Configuration()
        self._closing: asyncio.TimerHandle | None = None
        """Closes the tunnels of a finding that no longer holds."""

    @property
    def may_run_plugins(self) -> bool:
        """Whether exec plugins may be run: the configuration lets them, and this switch does not forbid it."""
        return self._settings.kube_exec_plugins and self._configuration.limits.kube_exec_plugins

    async def apply(self, configuration: Configuration) -> None:
        """Make the feeds follow `configuration`; returns when every one that had to end has ended."""
        self._configuration = configuration
        for name in list(self._running):
            wanted = configuration.connections.get(name)
            running = self._running[name]
            if wanted is None or not wanted.enable or wanted.kube_config != running.settings.kube_config:
                await self._end(name)
        for name, wanted in configuration.connections.items():
            if not wanted.enable:
                continue
            if name not in self._running:
                self._start(name, wanted)
            self._running[name].settings = wanted
            self._running[name].follower.allow_exec_plugins(self.may_run_plugins)
            self._running[name].feed.configure(wanted)
        self.refresh_core()

    async def wait_settled(self, name: str, *, seconds: float) -> bool:
        """Wait until the cluster was reached and judged or stands in an error; return whether that came in time."""
        running = self._running.get(name)
        if running is None:
            return True
        try:
            await asyncio.wait_for(running.feed.settled.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End every feed."""
        for name in list(self._running):
            await self._end(name)
        if self._closing is not None:
            self._closing.cancel()

    def refresh_core(self) -> None:
        """Tell the packet core which tunnels to look into and which cluster each node belongs to."""
        self._note_twins()
        self._parts.capture.set_nodes(self._nodes())
        self._parts.capture.set_scopes(scopes_of(self._configuration, self._parts, native_vlan=self._native_vlan))
        open_tunnels(self._configuration, self._parts)
        if self._closing is not None:
            self._closing.cancel()
        end_ns = lingering_ns(self._configuration, self._parts)
        if end_ns is not None:
            seconds = (end_ns - self._parts.clock.now_ns()) / 1e9
            self._closing = asyncio.get_running_loop().call_later(seconds + 0.1, self.refresh_core)

    def learned(self) -> None:
        """Open the tunnels that the wire taught, and say so."""
        for running in self._running.values():
            running.feed.learned()
        self.refresh_core()

    def _start(self, name: str, settings: ClusterSettings) -> None:
        feed = ClusterFeed(name, settings, parts=self._parts, changed=self.refresh_core)
        self._parts.clusters.status(name).state = "connecting"
        follower = ClusterFollower(
            KubeconfigSource(path=settings.kube_config, context=None),
            sink=feed,
            clock=self._parts.clock,
            settings=self._settings,
            services=feed.relations,
            owners=feed.relations,
        )
        task = asyncio.create_task(run_supervised(f"cluster {name}", follower.run), name=f"cluster {name}")
        self._running[name] = _Running(settings, feed, follower, task)

    async def _end(self, name: str) -> None:
        running = self._running.pop(name)
        await end_task(running.task)
        running.feed.end()

    def _nodes(self) -> list[tuple[str, int]]:
        """Return (outer address, cluster) for every node whose address belongs to one cluster only.

        Of connections that lead to the same cluster, the first that is heard stands for all.
        """
        clusters = self._parts.clusters
        owners: dict[str, dict[str, str]] = {}
        for name in sorted(self._running, key=lambda name: clusters.away_since(name) is not None):
            for row in self._parts.nodes.of(name):
                node = row.node.uid if is_uuid(row.node.uid) else f"{name}/{row.node.name}"
                for address in row.addresses.outer:
                    owners.setdefault(address, {}).setdefault(node, name)
        found = [(address, next(iter(names.values()))) for address, names in owners.items() if len(names) == 1]
        return [(address, clusters.number(name)) for address, name in found]

    def _note_twins(self) -> None:
        """Say of connections that lead to the same cluster that they do."""
        first: dict[str, str] = {}
        for name in self._running:
            uids = [row.node.uid for row in self._parts.nodes.of(name) if is_uuid(row.node.uid)]
            twin = next((first[uid] for uid in uids if uid in first), "")
            self._parts.clusters.status(name).warn("twin", twin and f"It is the same cluster as {twin}.")
            first |= {uid: name for uid in uids if uid not in first}


def scopes_of(configuration: Configuration, parts: Parts, *, native_vlan: int) -> list[Scope]:
    """Return where the clusters are seen that are bound to interfaces or VLANs; untagged is the native VLAN."""
    scopes = []
    for name, wanted in configuration.connections.items():
        if not wanted.enable or not (wanted.interfaces or wanted.vlans):
            continue
        vlans: set[int | None] = {*wanted.vlans} or {None}
        if native_vlan in vlans:
            vlans.add(0)
        number = parts.clusters.number(name)
        scopes += [Scope(number, source, vlan) for source in wanted.interfaces or (None,) for vlan in vlans]
    return scopes
