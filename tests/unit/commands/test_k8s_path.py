"""`k8s-path-show` and what `k8s-cni-show` says of tunnels that the wire taught, asked as the console asks."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from podwire.capture import Capture
from podwire.catalog import Noun
from podwire.catalog.k8s_cni import K8S_CNI
from podwire.catalog.k8s_path import K8S_PATH
from podwire.commands.answer import Answer
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_cni import CniHandler
from podwire.commands.k8s_path import PathHandler
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.nodes import NodeAddresses
from podwire.model.overlays import Encapsulation, Overlay
from podwire.model.paths import NodeWire, PathNetwork, PathRule, Reach
from podwire.model.pods import Pod
from podwire.model.services import Service
from podwire.support.clock import FixedClock
from podwire.support.errors import UsageError

TUNNEL = Overlay(Encapsulation.VXLAN, 8472, 1)


@pytest.fixture
def parts() -> Parts:
    parts = Parts(capture=cast("Capture", None), clock=FixedClock(1_000))
    nodes = {f"worker-{n}": f"192.0.2.1{n}" for n in (1, 2)}
    parts.nodes.replace(
        "k",
        [
            (Node(name, pod_cidrs=(f"10.0.{name[-1]}.0/24",)), NodeAddresses((ip,), (ip,), (f"10.0.{name[-1]}.0",)))
            for name, ip in nodes.items()
        ],
    )
    wires = {name: NodeWire(four=ip) for name, ip in nodes.items()}
    parts.paths.put("k", PathNetwork("flannel", (PathRule(Reach.ALWAYS, "vxlan it is", tunnel=TUNNEL),), wires))
    parts.pods.replace(
        "k",
        [
            Pod("1", "default", "pod-A", node="worker-1", phase="Running", ips=("10.0.1.5", "fd00::5")),
            Pod("2", "default", "pod-B", node="worker-2", phase="Running", ips=("10.0.2.7",)),
            Pod("3", "other", "pod-B", node="worker-1", phase="Running", ips=("10.0.1.9",)),
            Pod("4", "default", "agent", node="worker-2", phase="Running", ips=("192.0.2.12",), host_network=True),
        ],
    )
    parts.services.put_service("k", Service("s", "default", "web", cluster_ips=("10.96.0.1",)))
    return parts


def ask(parts: Parts, noun: Noun, *params: tuple[str, str]) -> Answer:
    commands = Commands([PathHandler(parts), CniHandler(None, parts)], clock=parts.clock)
    return asyncio.run(commands.show(noun, params))


def paths(parts: Parts, *params: tuple[str, str]) -> list[dict[str, Any]]:
    return ask(parts, K8S_PATH, ("format", "all"), *params).as_rows()


@pytest.mark.parametrize(
    ("src", "dst"),
    [
        (("src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7")),
        (("src-pod", "default/pod-A"), ("dst-pod", "default/pod-B")),
        (("src-pod", "pod-A"), ("dst-ip", "10.0.2.7")),
    ],
)
def test_by_address_and_by_pod(parts: Parts, src: tuple[str, str], dst: tuple[str, str]) -> None:
    (row,) = paths(parts, src, dst)
    assert (row["src-pod"], row["dst-pod"], row["encap"]) == ("pod-A", "pod-B", "vxlan")
    assert (row["outer-src-ip"], row["outer-dst-ip"]) == ("192.0.2.11", "192.0.2.12")
    assert (row["udp-port"], row["vxlan"], row["because"]) == (8472, 1, "vxlan it is")


@pytest.mark.parametrize(
    ("dst", "reason"),
    [
        (("dst-pod", "other/pod-B"), "both are on node worker-1"),
        (("dst-pod", "agent"), "is the address of node worker-2"),
        (("dst-ip", "192.0.2.12"), "is the address of node worker-2"),
        (("dst-ip", "10.96.0.1"), "is a Service"),
        (("dst-ip", "203.0.113.7"), "neither a Pod's nor a node's"),
    ],
)
def test_where_nothing_is_wrapped(parts: Parts, dst: tuple[str, str], reason: str) -> None:
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), dst)
    assert row["encap"] == "none"
    assert reason in row["because"]


def test_an_address_of_a_nodes_range_and_a_tunnel_device(parts: Parts) -> None:
    (row,) = paths(parts, ("src-ip", "10.0.1.0"), ("dst-ip", "10.0.2.99"))
    assert (row["src-node"], row["dst-node"], row["encap"]) == ("worker-1", "worker-2", "vxlan")


def test_a_name_in_several_namespaces_makes_several_rows(parts: Parts) -> None:
    rows = paths(parts, ("src-pod", "pod-A"), ("dst-pod", "pod-B"))
    assert {row["dst-namespace"] for row in rows} == {"default", "other"}
    assert len(paths(parts, ("src-pod", "pod-A"), ("dst-pod", "pod-B"), ("dst-namespace", "other"))) == 1
    assert ask(parts, K8S_PATH, ("src-pod", "gone"), ("dst-ip", "10.0.2.7")).notes


@pytest.mark.parametrize(
    "params",
    [
        [],
        [("src-ip", "10.0.1.5")],
        [("src-ip", "10.0.0.0/8"), ("dst-ip", "10.0.2.7")],
        [("not src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7")],
        [("src-ip", "10.0.1.5"), ("src-pod", "pod-A"), ("dst-ip", "10.0.2.7")],
    ],
)
def test_an_end_that_is_not_named_is_refused(parts: Parts, params: list[tuple[str, str]]) -> None:
    with pytest.raises(UsageError, match="name one end with"):
        paths(parts, *params)


def test_what_the_wire_taught_is_shown_with_its_packets(parts: Parts) -> None:
    learned = Overlay(Encapsulation.VXLAN, 8473, 1)
    parts.learned.note("k", learned, 12, 500)
    (row,) = ask(parts, K8S_CNI, ("format", "all")).as_rows()
    assert (row["cni-plugin"], row["backend"], row["learned"]) == ("unknown", "vxlan", "vxlan:8473:1(12)")
    parts.findings.update("k", (CniFinding("flannel", "vxlan", NetworkType.OVERLAY, (TUNNEL,)),), 600)
    (row,) = ask(parts, K8S_CNI, ("format", "all")).as_rows()
    assert (row["cni-plugin"], row["encapsulation"]) == ("flannel", "vxlan:8472:1")
    assert row["learned"] == "vxlan:8473:1(12)"
    assert "the wire shows vxlan:8473:1: 12 packets" in row["because"]
    (note,) = ask(parts, K8S_CNI).notes
    assert note.startswith(
        "k: The wire carries Pods in vxlan on port 8473 with VNI 1, where the API tells another tunnel"
    )


def test_a_path_says_what_the_wire_shows(parts: Parts) -> None:
    parts.learned.note("k", Overlay(Encapsulation.VXLAN, 8473, 1), 12, 500)
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7"))
    assert str(row["because"]).endswith(
        "the wire shows vxlan:8473:1: 12 packets between nodes to Pods of the receiving node"
    )
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), ("dst-ip", "203.0.113.9"))
    assert (row["encap"], "the wire" in str(row["because"])) == ("none", False)


def test_the_one_tunnel_that_the_wire_shows_has_the_last_word(parts: Parts) -> None:
    parts.learned.note("k", Overlay(Encapsulation.VXLAN, 8473, 7), 12, 500)
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7"))
    assert (row["encap"], row["udp-port"], row["vxlan"]) == ("vxlan", 8473, 7)
    parts.learned.note("k", Overlay(Encapsulation.VXLAN, 8474, 7), 12, 600)
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7"))
    assert (row["udp-port"], row["vxlan"]) == (8472, 1)


def test_the_wire_tells_the_path_of_a_plugin_that_nobody_knows(parts: Parts) -> None:
    parts.paths.put("k", PathNetwork())
    parts.learned.note("k", Overlay(Encapsulation.GENEVE, 6082, 5), 12, 500)
    (row,) = paths(parts, ("src-ip", "10.0.1.5"), ("dst-ip", "10.0.2.7"))
    assert (row["encap"], row["outer-src-ip"], row["outer-dst-ip"]) == ("geneve", "192.0.2.11", "192.0.2.12")
    assert (row["udp-port"], row["vxlan"]) == (6082, 5)
