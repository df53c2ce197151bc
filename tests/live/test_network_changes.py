"""The network of a cluster changes while its Pods talk: what comes in the old way is read on."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from podwire_lab import Lab

from .conftest import Row, Switch, eventually

pytestmark = pytest.mark.live

LabSwitch = Callable[[Lab], AbstractContextManager[Switch]]
WHOLE = ("cur-state", "obytes", "ibytes", "src-pod", "dst-pod")


def told(rows: list[Row]) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in WHOLE) for row in rows]


def test_packets_of_the_old_kind_are_read_while_the_nodes_still_send_them(lab_switch: LabSwitch) -> None:
    """The ConfigMap changes at once, the nodes one after the other: until then both kinds are on the wire."""
    with Lab("flannel-vxlan") as lab, lab_switch(lab) as switch:
        switch.cli(f"k8s-connection-create cluster-name lab kube-config {lab.kubeconfig} enable create-vport")
        switch.cli("k8s-connection-modify overlay-vxlan-analytics")
        switch.cli("connection-stats-settings-modify enable")
        eventually(lambda: [row["vxlan"] for row in switch.rows("k8s-cni-show")] == [1])
        lab.traffic.short(3)
        eventually(lambda: len(switch.rows("connection-show vxlan 1 cur-state fin")) == 3)
        before = told(switch.rows("connection-show vxlan 1"))

        config = lab.api.get("ConfigMap", "kube-flannel-cfg", namespace="kube-flannel")
        network = json.loads(config["data"]["net-conf.json"])
        network["Backend"] |= {"VNI": 7, "Port": 4790}
        patch = {"data": {"net-conf.json": json.dumps(network)}}
        lab.api.patch("ConfigMap", "kube-flannel-cfg", patch, namespace="kube-flannel")
        eventually(lambda: [row["vxlan"] for row in switch.rows("k8s-cni-show")] == [7])

        lab.traffic.short(3)
        eventually(lambda: len(switch.rows("connection-show vxlan 1 cur-state fin")) == 6)
        assert told(switch.rows("connection-show vxlan 1")) == before * 2
        lab.tune(vni=7, port=4790)
        lab.traffic.short(3)
        eventually(lambda: len(switch.rows("connection-show vxlan 7 cur-state fin")) == 3)
        assert told(switch.rows("connection-show vxlan 7")) == before


def test_a_plugin_takes_the_place_of_another_while_a_connection_is_open(lab_switch: LabSwitch) -> None:
    with Lab("flannel-host-gw") as lab, lab_switch(lab) as switch:
        switch.cli(f"k8s-connection-create cluster-name lab kube-config {lab.kubeconfig} enable create-vport")
        switch.cli("k8s-connection-modify overlay-vxlan-analytics")
        switch.cli("connection-stats-settings-modify enable")
        eventually(lambda: [row["backend"] for row in switch.rows("k8s-cni-show")] == ["host-gw"])
        lab.traffic.short()
        eventually(lambda: [row["cur-state"] for row in switch.rows("connection-show")] == ["fin"])
        lab.change_plane("flannel-vxlan")
        eventually(lambda: [row["backend"] for row in switch.rows("k8s-cni-show")] == ["vxlan"])
        lab.traffic.short()
        eventually(lambda: len(switch.rows("connection-show vxlan 1 cur-state fin")) == 1)
        kinds = {(row["current"], row["backend"]) for row in switch.rows("k8s-cni-show since-start")}
        assert kinds == {(False, "host-gw"), (True, "vxlan")}
