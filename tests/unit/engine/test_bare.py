"""Pods of different nodes that talk bare where the API tells a tunnel: told, and only then; by the real core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from podwire.capture import Capture, Claim
from podwire.engine.bare import GRACE_NS, RECENT_NS, BareFeed
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.nodes import NodeAddresses
from podwire.model.overlays import Encapsulation, Overlay
from podwire.model.paths import NodeWire, PathNetwork, PathRule, Reach
from podwire.model.pods import Pod
from podwire.support.clock import FixedClock

TUNNEL = Overlay(Encapsulation.VXLAN, 8472, 1)
FLANNEL = CniFinding("flannel", "vxlan", NetworkType.OVERLAY, (TUNNEL,))
ROUTED = CniFinding("flannel", "host-gw", NetworkType.UNDERLAY)
NODES = {"worker-1": "192.0.2.11", "worker-2": "192.0.2.12"}
PODS = ("10.10.1.1", "10.10.2.1")


@pytest.fixture
def parts(capture: Capture) -> Parts:
    parts = Parts(capture=capture, clock=FixedClock(0))
    parts.nodes.replace("k", [(Node(name), NodeAddresses((ip,), (ip,))) for name, ip in NODES.items()])
    pods = [
        Pod(ip, "default", f"pod-{ip}", node=node, phase="Running", ips=(ip,))
        for ip, node in zip(PODS, NODES, strict=True)
    ]
    parts.pods.replace("k", pods)
    rules = (PathRule(Reach.ALWAYS, "flannel vxlan wraps packets between all nodes", tunnel=TUNNEL),)
    parts.paths.put("k", PathNetwork("flannel", rules, {name: NodeWire(ip) for name, ip in NODES.items()}))
    number = parts.clusters.number("k")
    capture.set_claims([Claim(number, ip, spans=((at, 0, None),)) for at, ip in enumerate(PODS, start=1)])
    return parts


def read(parts: Parts, packets: ModuleType, folder: Path, count: int = 3, tunnel: object = None) -> int:
    """Have the core read conversations of the two Pods; return when the last packet was."""
    trace = packets.Trace()
    for at in range(count):
        each = packets.Talk(trace, sport=40_000 + at, tunnel=tunnel)
        each.open(1_000 * at)
        each.c(1_000 * at + 500, 0x18, bytes(10))
    trace.write(folder / "t.pcap")
    assert parts.capture.read_files([str(folder / "t.pcap")]).errors == ()
    return parts.capture.last_packet_ns()


def judged(parts: Parts, now_ns: int) -> str:
    feed = BareFeed(replace(parts, clock=FixedClock(now_ns)), lambda: None)
    feed.judge(feed.seen(feed.asked(now_ns), now_ns))
    return parts.learned.bare_of("k")


def test_bare_packets_are_told_until_they_end(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    now_ns = read(parts, packets, tmp_path)
    parts.findings.update("k", (FLANNEL,), now_ns - 60_000_000_000)
    text = judged(parts, now_ns)
    assert text.startswith("The wire carries Pods of different nodes without a tunnel, 10.10.1.1 to 10.10.2.1 for one")
    assert "where the API tells vxlan: see k8s-path-show src-ip 10.10.1.1 dst-ip 10.10.2.1." in text
    assert judged(parts, now_ns + RECENT_NS + 1) == ""


def test_what_began_before_the_finding_says_nothing(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    now_ns = read(parts, packets, tmp_path)
    parts.findings.update("k", (FLANNEL,), now_ns - GRACE_NS)
    assert judged(parts, now_ns + 1) == ""


def test_where_the_api_tells_no_tunnel_nothing_is_said(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    now_ns = read(parts, packets, tmp_path)
    parts.findings.update("k", (ROUTED,), now_ns - 60_000_000_000)
    assert judged(parts, now_ns) == ""


def test_one_connection_and_wrapped_ones_say_nothing(parts: Parts, packets: ModuleType, tmp_path: Path) -> None:
    parts.capture.set_overlays([(TUNNEL, parts.clusters.number("k"))])
    read(parts, packets, tmp_path, 4, packets.Tunnel(1, 8472, *NODES.values()))
    now_ns = read(parts, packets, tmp_path, 1)
    parts.findings.update("k", (FLANNEL,), now_ns - 60_000_000_000)
    assert judged(parts, now_ns) == ""
