"""The wire has the last word: tunnels that no API names are learned from packets between nodes, by the real core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from podwire.capture import Capture
from podwire.engine.decoding import LINGER_NS, known_tunnels, lingering_ns, wanted_overlays
from podwire.engine.learning import LearningFeed, disagreement, is_replaced
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.nodes import NodeAddresses
from podwire.model.overlays import CLOSED_VNI, Encapsulation, Overlay
from podwire.model.paths import PathNetwork
from podwire.settings.configuration import ClusterSettings, Configuration
from podwire.support.clock import FixedClock

NODES = ("192.0.2.11", "192.0.2.12")
SHOWN = Overlay(Encapsulation.VXLAN, 8472, 1)
FLANNEL = CniFinding("flannel", "vxlan", NetworkType.OVERLAY, (SHOWN,))
ASKED = Configuration(connections={"k": ClusterSettings("/c", enable=True, overlay_vxlan_analytics=True)})


@pytest.fixture
def parts(capture: Capture) -> Parts:
    parts = Parts(capture=capture, clock=FixedClock(0))
    nodes = [
        (Node(f"worker-{n}", pod_cidrs=(f"10.10.{n}.0/24",)), NodeAddresses((address,), (address,)))
        for n, address in enumerate(NODES, start=1)
    ]
    parts.nodes.replace("k", nodes)
    parts.paths.put("k", PathNetwork())
    number = parts.clusters.number("k")
    capture.set_nodes([(address, number) for address in NODES])
    return parts


def read(parts: Parts, packets: ModuleType, folder: Path, port: int, vnis: tuple[int, ...], **talk: str) -> None:
    """Have the core read conversations between Pods in these tunnels."""
    trace = packets.Trace()
    for at, vni in enumerate(vnis):
        tunnel = packets.Tunnel(vni, port, *NODES)
        each = packets.Talk(trace, sport=40_000 + at, tunnel=tunnel, **talk)
        each.open(1_000 * at)
        each.c(1_000 * at + 500, 0x18, bytes(10 + at))
        each.s(1_000 * at + 600, 0x18, bytes(50 + at))
    trace.write(folder / "t.pcap")
    parts.capture.set_overlays(known_tunnels(ASKED, parts))
    assert parts.capture.read_files([str(folder / "t.pcap")]).errors == ()


def learn(parts: Parts) -> list[Overlay]:
    LearningFeed(parts, lambda: None).judge(parts.capture.guesses())
    return [row.overlay for row in parts.learned.of("k")]


def test_a_port_that_no_api_names_is_learned_and_opened(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    parts.findings.update("k", (FLANNEL,), 0)
    read(parts, packets, tmp_path, 8473, (1,))
    assert learn(parts) == [Overlay(Encapsulation.VXLAN, 8473, 1)]
    assert next(iter(parts.learned.of("k"))).packets >= 2
    assert (Overlay(Encapsulation.VXLAN, 8473, 1), 1) in wanted_overlays(ASKED, parts)
    assert "vxlan on port 8473 with VNI 1" in disagreement((FLANNEL,), learn(parts))
    parts.capture.clear()
    read(parts, packets, tmp_path, 8473, (1,))
    rows = parts.capture.rows([], ["src-ip", "dst-ip", "encap"])
    assert rows == [{"src-ip": "10.10.1.1", "dst-ip": "10.10.2.1", "encap": "vxlan"}]


def test_threads_that_guess_alike_are_one(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    read(parts, packets, tmp_path, 8473, (1,))
    guesses = parts.capture.guesses()
    LearningFeed(parts, lambda: None).judge(guesses * 5)
    (row,) = parts.learned.of("k")
    assert row.overlay == Overlay(Encapsulation.VXLAN, 8473, 1)
    assert row.packets == 5 * sum(each["packets"] for each in guesses)


def test_another_identifier_on_a_known_port_is_learned(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    parts.findings.update("k", (FLANNEL,), 0)
    read(parts, packets, tmp_path, 8472, (7,) * 60)
    assert learn(parts) == [Overlay(Encapsulation.VXLAN, 8472, 7)]


def test_many_identifiers_are_identities(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    read(parts, packets, tmp_path, 9999, (300, 301, 302, 303, 304))
    assert learn(parts) == [Overlay(Encapsulation.VXLAN, 9999, None, vni_is_identity=True)]


@pytest.mark.parametrize("server", ["10.10.1.9", "10.99.0.1"])
def test_what_goes_to_no_pod_of_the_receiving_node_teaches_nothing(
    parts: Parts, packets: ModuleType, tmp_path: Path, server: str
) -> None:
    read(parts, packets, tmp_path, 8473, (555_000,), client="172.30.0.1", server=server)
    assert parts.capture.guesses()
    assert learn(parts) == []


def test_what_the_api_names_is_not_learned_though_nobody_looks_inside(
    parts: Parts, packets: ModuleType, tmp_path: Path
) -> None:
    parts.findings.update("k", (FLANNEL,), 0)
    closed = Configuration(connections={"k": ClusterSettings("/c", enable=True)})
    assert (Overlay(Encapsulation.VXLAN, 8472, CLOSED_VNI), 0) in known_tunnels(closed, parts)
    read(parts, packets, tmp_path, 8472, (1,))
    assert learn(parts) == []


def test_what_was_learned_under_a_plugin_goes_with_it_and_lingers(
    parts: Parts, packets: ModuleType, tmp_path: Path
) -> None:
    parts.findings.update("k", (FLANNEL,), 0)
    read(parts, packets, tmp_path, 8473, (1,))
    feed = LearningFeed(parts, lambda: None)
    feed.judge(parts.capture.guesses())
    (row,) = parts.learned.of("k")
    calico = CniFinding("calico", "vxlan", NetworkType.OVERLAY, (Overlay(Encapsulation.VXLAN, 4789, 4096),))
    assert not is_replaced(row, ())
    assert not is_replaced(row, (FLANNEL, calico))
    assert is_replaced(row, (calico,))
    ended_ns = row.last_seen_ns + 1
    parts.learned.end("k", ended_ns, is_over=lambda each: is_replaced(each, (calico,)), lingers=True)
    parts = replace(parts, clock=FixedClock(ended_ns + 5))
    assert parts.learned.of("k") == ()
    assert (row.overlay, 1) in wanted_overlays(ASKED, parts)
    assert lingering_ns(ASKED, parts) == ended_ns + LINGER_NS
    assert LearningFeed(parts, lambda: None).judge(parts.capture.guesses()) is False
    parts = replace(parts, clock=FixedClock(ended_ns + LINGER_NS))
    assert (row.overlay, 1) not in wanted_overlays(ASKED, parts)
