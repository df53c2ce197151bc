"""Holds new connections against the paths that the API makes expect: Pods of different nodes that talk bare.

A tunnel that the API tells and nobody uses is as wrong as one that it does not tell: the plugin was not restarted, or
its settings are not those that it reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from podwire.capture import Filter
from podwire.cni.paths import path_between
from podwire.engine.parts import Parts
from podwire.model.findings import NetworkType
from podwire.model.overlays import Encapsulation
from podwire.model.paths import EndKind, Path, PathEnd
from podwire.model.pods import Pod

INTERVAL_SECONDS = 30.0
LEAST_CONNECTIONS = 2
"""Connections that have to speak against the API before it is said."""
GRACE_NS = 10_000_000_000
"""After a finding began, connections may still be as before."""
RECENT_NS = 120_000_000_000
"""Connections that were silent for so long say nothing of now."""
_MOST = 200
"""Connections that are looked at: the newest ones."""
_KINDS = tuple(str(each) for each in Encapsulation)


class BareFeed:
    """Looks at the newest bare connections now and then."""

    def __init__(self, parts: Parts, changed: Callable[[], None]) -> None:
        self._parts = parts
        self._changed = changed

    async def run(self) -> None:
        """Compare until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            now_ns = self._parts.clock.now_ns()
            seen = await asyncio.to_thread(self.seen, self.asked(now_ns), now_ns)
            if self.judge(seen):
                self._changed()

    def judge(self, seen: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
        """Take over what the bare connections of each cluster say; return whether that is new."""
        is_new = False
        for name in self._parts.paths.clusters():
            is_new = self._parts.learned.tell_bare(name, self._said(name, seen.get(name, ()))) or is_new
        return is_new

    def asked(self, now_ns: int) -> dict[str, tuple[int, int]]:
        """Return the clusters whose API tells tunnels: the number of each, and from when on it should be as told."""
        since = {name: self._since(name, now_ns) for name in self._parts.paths.clusters()}
        return {name: (self._parts.clusters.number(name), at) for name, at in since.items() if at is not None}

    def seen(self, asked: Mapping[str, tuple[int, int]], now_ns: int) -> dict[str, list[dict[str, Any]]]:
        """Return the newest connections of each that began bare since then and still speak."""
        return {name: self._newest(number, since_ns, now_ns) for name, (number, since_ns) in asked.items()}

    def _newest(self, number: int, since_ns: int, now_ns: int) -> list[dict[str, Any]]:
        filters = (
            Filter("cluster", "in", (number,)),
            Filter("encap", "in", _KINDS, is_negated=True),
            Filter("started-time", "range", (since_ns, now_ns)),
            Filter("last-time", "range", (now_ns - RECENT_NS, now_ns)),
        )
        return self._parts.capture.rows(filters, ["src-ip", "dst-ip"], _MOST)

    def _since(self, cluster: str, now_ns: int) -> int | None:
        """Return from when on connections should be as the API tells; None where it tells no tunnel for all nodes."""
        current = [row for row in self._parts.findings.rows_of(cluster) if row.is_current]
        if not any(row.finding.network_type is NetworkType.OVERLAY for row in current):
            return None
        return max(now_ns - RECENT_NS, *(row.first_seen_ns + GRACE_NS for row in current))

    def _said(self, cluster: str, rows: Sequence[Mapping[str, Any]]) -> str:
        network = self._parts.paths.get(cluster)
        if not rows or network is None:
            return ""
        pods = self._pods(cluster, {row[name] for row in rows for name in ("src-ip", "dst-ip")})
        found: list[tuple[str, str, Path]] = []
        for row in rows:
            src, dst = (_end(row[name], pods) for name in ("src-ip", "dst-ip"))
            path = path_between(network, src, dst) if src.node and dst.node and src.node != dst.node else None
            if path is not None and path.tunnel is not None and "none" not in path.encapsulations:
                found.append((src.address, dst.address, path))
        if len(found) < LEAST_CONNECTIONS:
            return ""
        src_ip, dst_ip, path = min(found, key=lambda each: each[:2])
        kinds = ", ".join(path.encapsulations)
        return (
            f"The wire carries Pods of different nodes without a tunnel, {src_ip} to {dst_ip} for one, where the API "
            f"tells {kinds}: see k8s-path-show src-ip {src_ip} dst-ip {dst_ip}."
        )

    def _pods(self, cluster: str, wanted: set[str]) -> dict[str, Pod]:
        return {
            address: pod
            for pod in self._parts.pods.of(cluster).values()
            if not wanted.isdisjoint(pod.ips) and pod.holds_addresses and not pod.host_network
            for address in pod.ips
        }


def _end(address: str, pods: Mapping[str, Pod]) -> PathEnd:
    pod = pods.get(address)
    return PathEnd(address) if pod is None else PathEnd(address, EndKind.POD, pod.node, pod.name, pod.namespace)
