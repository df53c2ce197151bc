"""The wire has the last word: judges what UDP between nodes could be, and learns tunnels that no API names.

The core tries VXLAN and Geneve on it. A guess counts where what it carries goes to a Pod of the node that it is sent
to: the sender's word alone proves nothing, the agreement of the API and the wire does.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding
from podwire.model.overlays import Encapsulation, Overlay
from podwire.tables.learned import UNKNOWN_PLUGIN, LearnedRow

INTERVAL_SECONDS = 1.0
LEAST_SAMPLES = 2
"""Packets that have to agree before a tunnel is believed."""
_MOST_NETWORKS = 3
"""Identifiers on one port; where there are more, they name senders and not networks."""


class LearningFeed:
    """Asks the core now and then, and has new tunnels opened."""

    def __init__(self, parts: Parts, changed: Callable[[], None]) -> None:
        self._parts = parts
        self._changed = changed
        self._judged: dict[tuple[str, int, int], int] = {}
        """Packets by guess when they were judged last: without new ones nothing is new."""

    async def run(self) -> None:
        """Learn until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            guesses = await asyncio.to_thread(self._parts.capture.guesses)
            if guesses and self.judge(guesses):
                self._changed()

    def judge(self, guesses: list[dict[str, Any]]) -> bool:
        """Take over the guesses that hold; return whether a tunnel is new."""
        is_new = False
        guesses = _merged(guesses)
        counts = {(each["kind"], each["port"], each["vni"]): each["packets"] for each in guesses}
        if counts == self._judged:
            return False
        self._judged = counts
        for cluster in self._parts.paths.clusters():
            nodes = _Nodes(cluster, self._parts, guesses)
            held = [each for each in guesses if nodes.holds(each)]
            for overlay, guess in _overlays(held):
                known = self._parts.findings.current(cluster)
                if any(covers(each, overlay) for finding in known for each in finding.overlays):
                    continue
                plugin = known[0].plugin if known else UNKNOWN_PLUGIN
                told = (int(guess["packets"]), int(guess["last-time"]), plugin)
                is_new = self._parts.learned.note(cluster, overlay, *told) or is_new
        return is_new


def _merged(guesses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each guess once: the core's threads make theirs apart."""
    merged: dict[tuple[str, int, int], dict[str, Any]] = {}
    for each in guesses:
        known = merged.setdefault((each["kind"], each["port"], each["vni"]), {**each, "packets": 0, "samples": ""})
        known["packets"] += each["packets"]
        known["samples"] = f"{known['samples']},{each['samples']}".strip(",")
        known["last-time"] = max(known["last-time"], each["last-time"])
    return list(merged.values())


def _overlays(held: list[dict[str, Any]]) -> Iterator[tuple[Overlay, dict[str, Any]]]:
    ports: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for each in held:
        ports.setdefault((each["kind"], each["port"]), []).append(each)
    for (kind, port), group in ports.items():
        if len(group) > _MOST_NETWORKS:
            total = {**group[0], "packets": sum(each["packets"] for each in group)}
            yield Overlay(Encapsulation(kind), port, None, vni_is_identity=True), total
        else:
            yield from ((Overlay(Encapsulation(kind), port, each["vni"]), each) for each in group)


def covers(known: Overlay, overlay: Overlay) -> bool:
    """Return whether a packet of the tunnel `overlay` is looked into through `known`."""
    if (known.kind, known.port) != (overlay.kind, overlay.port):
        return False
    return known.vni in (None, overlay.vni)


def is_told(row: LearnedRow, findings: Sequence[CniFinding]) -> bool:
    """Return whether the API tells a learned tunnel now."""
    return any(covers(overlay, row.overlay) for finding in findings for overlay in finding.overlays)


def is_replaced(row: LearnedRow, findings: Sequence[CniFinding]) -> bool:
    """Return whether other plugins took the place of the one under which a tunnel was learned.

    Packets that still travel in it teach it anew, once it is no longer looked into.
    """
    plugins = {finding.plugin for finding in findings}
    return bool(plugins) and row.plugin not in {*plugins, UNKNOWN_PLUGIN}


class _Nodes:
    """Which addresses are on which node of one cluster."""

    def __init__(self, cluster: str, parts: Parts, guesses: list[dict[str, Any]]) -> None:
        self._by_address: dict[str, str] = {}
        self._ranges: dict[str, list[ipaddress.IPv4Network | ipaddress.IPv6Network]] = {}
        for row in parts.nodes.of(cluster):
            self._by_address |= dict.fromkeys(row.addresses.outer, row.node.name)
            self._ranges[row.node.name] = [each for text in row.node.pod_cidrs for each in _network(text)]
        wanted = {each[3] for guess in guesses for each in _samples(guess)}
        self._pods = {
            address: pod.node
            for pod in parts.pods.of(cluster).values()
            if not wanted.isdisjoint(pod.ips) and pod.holds_addresses and not pod.host_network
            for address in pod.ips
        }

    def holds(self, guess: Mapping[str, Any]) -> bool:
        """Return whether enough samples go to a Pod of the node that they are sent to, more than half of all."""
        mine = [each for each in _samples(guess) if each[0] in self._by_address and each[1] in self._by_address]
        fitting = [each for each in mine if self._is_on(each[3], self._by_address[each[1]])]
        return len(fitting) >= LEAST_SAMPLES and 2 * len(fitting) > len(mine)

    def _is_on(self, address: str, node: str) -> bool:
        if address in self._pods:
            return self._pods[address] == node
        parsed = ipaddress.ip_address(address)
        return any(parsed.version == each.version and parsed in each for each in self._ranges.get(node, ()))


def _samples(guess: Mapping[str, Any]) -> list[list[str]]:
    return [each.split() for each in str(guess["samples"]).split(",") if each]


def _network(text: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        yield ipaddress.ip_network(text, strict=False)
    except ValueError:
        return


def disagreement(findings: tuple[CniFinding, ...], learned: list[Overlay]) -> str:
    """Say that the wire shows what the API does not; empty where nothing was learned."""
    if not learned:
        return ""
    shown = ", ".join(f"{each.kind} on port {each.port}{_vni(each)}" for each in learned)
    if not any(finding.overlays for finding in findings):
        return f"The wire carries Pods in {shown}, which the API does not tell."
    return f"The wire carries Pods in {shown}, where the API tells another tunnel: see k8s-cni-show format all."


def _vni(overlay: Overlay) -> str:
    return "" if overlay.vni is None else f" with VNI {overlay.vni}"
