"""Every data plane of the lab is found by detection alone: podwire is told a kubeconfig and nothing of the network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from podwire_lab import Lab

from .conftest import Row, Switch, eventually

pytestmark = pytest.mark.live

LabSwitch = Callable[[Lab], AbstractContextManager[Switch]]
NODES = ("192.0.2.11", "192.0.2.12")
FOUND = {
    "calico-ipip": ("calico", "ipip", "overlay", "ipip"),
    "canal-vxlan": ("canal", "vxlan", "overlay", "vxlan:8472:1"),
    "cilium-vxlan": ("cilium", "vxlan", "overlay", "vxlan:8472:identity"),
    "antrea-geneve": ("antrea", "geneve", "overlay", "geneve:6081"),
    "ovn-kubernetes-geneve": ("ovn-kubernetes", "geneve", "overlay", "geneve:6081"),
}
"""Plugin, backend, network type, encapsulation. Those of the reference page have a test of their own."""
LEARNED = {
    "k3s-vxlan": ("flannel", "vxlan:8472:77", "vxlan:8473:77", "vxlan on port 8473 with VNI 77"),
    "unknown-geneve": ("unknown", "geneve:6082:5", "geneve:6082:5", "geneve on port 6082 with VNI 5"),
}
"""Plugin, what k8s-cni-show tells, what the wire taught, and what is warned of."""


def begin(lab: Lab, switch: Switch) -> None:
    """Follow the lab's cluster; VXLAN is the one kind that has to be asked for."""
    switch.cli(f"k8s-connection-create cluster-name lab kube-config {lab.kubeconfig} enable create-vport")
    if "vxlan" in lab.plane:
        switch.cli("k8s-connection-modify overlay-vxlan-analytics")
    switch.cli("connection-stats-settings-modify enable")
    eventually(lambda: switch.rows("k8s-connection-show")[0]["state"] == "connected")


def named(switch: Switch) -> Row:
    """Return the row of the first connection that ended."""
    eventually(lambda: bool(switch.rows("connection-show cur-state fin")))
    return switch.rows("connection-show cur-state fin")[0]


@pytest.mark.parametrize("plane", FOUND)
def test_a_plane_is_found_and_its_pods_are_named(plane: str, lab_switch: LabSwitch) -> None:
    with Lab(plane) as lab, lab_switch(lab) as switch:
        begin(lab, switch)
        eventually(lambda: bool(switch.rows("k8s-cni-show")))
        (finding,) = switch.rows("k8s-cni-show")
        told = ("cni-plugin", "backend", "network-type", "encapsulation")
        assert tuple(finding[name] for name in told) == FOUND[plane]
        lab.traffic.short()
        row = named(switch)
        assert (row["src-pod"], row["dst-pod"]) == ("pod-B", "pod-A")
        assert (row["outer-src-ip"], row["outer-dst-ip"]) == NODES
        kind = FOUND[plane][3].partition(":")[0]
        (path,) = switch.rows("k8s-path-show src-pod default/pod-B dst-pod default/pod-A")
        assert (row["encap"], path["encap"], path["outer-src-ip"], path["outer-dst-ip"]) == (kind, kind, *NODES)
        assert len(switch.rows("connection-show")) == 1
        assert [row["learned"] for row in switch.rows("k8s-cni-show")] == [None]
        assert switch.rows("k8s-connection-show")[0]["warning"] is None


@pytest.mark.parametrize("plane", LEARNED)
def test_what_no_api_names_is_learned_from_the_wire(plane: str, lab_switch: LabSwitch) -> None:
    plugin, told, learned, warned = LEARNED[plane]
    with Lab(plane) as lab, lab_switch(lab) as switch:
        begin(lab, switch)

        def is_learned() -> bool:
            lab.traffic.short(2)
            return any(row["learned"] for row in switch.rows("k8s-cni-show"))

        eventually(is_learned)
        (finding,) = switch.rows("k8s-cni-show")
        assert (finding["cni-plugin"], finding["encapsulation"]) == (plugin, told)
        what, _, count = finding["learned"].rstrip(")").partition("(")
        assert what == learned
        assert int(count) >= 2
        assert f"the wire shows {learned}" in finding["because"]
        assert warned in switch.rows("k8s-connection-show")[0]["warning"]
        (path,) = switch.rows("k8s-path-show src-pod default/pod-B dst-pod default/pod-A")
        assert f"the wire shows {learned}" in path["because"]
        lab.traffic.short()
        row = named(switch)
        assert (row["src-pod"], row["dst-pod"], row["encap"]) == ("pod-B", "pod-A", learned.partition(":")[0])
        assert (row["outer-src-ip"], row["outer-dst-ip"]) == NODES
        (past,) = [row for row in switch.rows("k8s-cni-show since-start") if row["encapsulation"] == learned]
        assert (past["current"], past["learned"]) == (True, finding["learned"])
        switch.stop()
        switch.start()
        kept = [row for row in switch.rows("k8s-cni-show within-last 1h") if row["first-seen"] == past["first-seen"]]
        assert [(row["learned"], row["current"]) for row in kept] == [(finding["learned"], False)]


def test_an_encrypted_overlay_is_told_and_counted_by_pairs_of_nodes(lab_switch: LabSwitch) -> None:
    with Lab("flannel-wireguard") as lab, lab_switch(lab) as switch:
        begin(lab, switch)
        eventually(lambda: bool(switch.rows("k8s-cni-show")))
        (finding,) = switch.rows("k8s-cni-show")
        told = ("cni-plugin", "backend", "encapsulation", "encryption")
        assert tuple(finding[name] for name in told) == ("flannel", "wireguard", "wireguard:51820", "wireguard")
        (made,) = lab.traffic.short(size=20_000)
        eventually(
            lambda: any(row["node-bytes"] + row["peer-bytes"] > made.sent for row in switch.rows("encrypted-show"))
        )
        (pair,) = switch.rows("encrypted-show")
        assert (pair["kind"], pair["node-ip"], pair["peer-ip"]) == ("wireguard", *NODES)
        assert (pair["node"], pair["peer"]) == ("server1", "server2")
        assert switch.rows("connection-show") == []
        assert "talk through WireGuard, which cannot be read on the way" in switch.note("connection-show")
        (path,) = switch.rows("k8s-path-show src-pod default/pod-B dst-pod default/pod-A")
        assert (path["encap"], path["udp-port"]) == ("wireguard", 51820)
