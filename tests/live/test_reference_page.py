"""The reference page, on five data planes: from a kubeconfig and a mirror port to its tables."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from podwire_lab import Lab

from .conftest import Row, Switch, eventually

pytestmark = pytest.mark.live

LabSwitch = Callable[[Lab], contextlib.AbstractContextManager[Switch]]

PLANES = {
    "flannel-host-gw": ("flannel", "host-gw", "underlay", None, None),
    "flannel-vxlan": ("flannel", "vxlan", "overlay", 8472, 1),
    "calico-vxlan": ("calico", "vxlan", "overlay", 4789, 4096),
    "calico-vxlan-custom": ("calico", "vxlan", "overlay", 4799, 5000),
    "calico-bgp": ("calico", "bgp", "underlay", None, None),
}
CLIENT, SERVER = "10.10.1.1", "10.10.2.1"


def connect(switch: Switch, lab: Lab) -> None:
    """What the page types first."""
    switch.cli(f"k8s-connection-create cluster-name pluribus kube-config {lab.kubeconfig} enable")
    switch.cli("k8s-connection-modify create-vport")
    switch.cli("connection-stats-settings-modify enable")
    assert switch.rows("k8s-connection-show")[0]["state"] == "connected"


@pytest.mark.parametrize("plane", PLANES)
def test_the_pages_tables(plane: str, lab_switch: LabSwitch) -> None:
    plugin, backend, network_type, port, vni = PLANES[plane]
    with Lab(plane) as lab, lab_switch(lab) as switch:
        connect(switch, lab)
        finding = switch.rows("k8s-cni-show")[0]
        assert (finding["cluster-name"], finding["cni-plugin"]) == ("pluribus", plugin)
        assert (finding["backend"], finding["network-type"]) == (backend, network_type)
        assert (finding["udp-port"], finding["vxlan"]) == (port, vni)
        check_vports(switch)

        lab.traffic.short(2)
        if port is not None:
            eventually(lambda: switch.rows("capture-show")[0]["packets"] > 10)
            assert switch.rows("connection-show") == []
            assert "overlay-vxlan-analytics" in switch.note("connection-show")
            assert switch.rows("vflow-settings-show")[0]["inflight-vxlan-analytics"] is False
            switch.cli("k8s-connection-modify cluster-name pluribus overlay-vxlan-analytics")
            assert switch.rows("vflow-settings-show")[0]["inflight-vxlan-analytics"] is True
        else:
            note = switch.note("k8s-connection-modify cluster-name pluribus overlay-vxlan-analytics")
            assert f"{plugin} {backend} (underlay), which is not VXLAN" in note
        check_connections(switch, lab, vni)


def check_vports(switch: Switch) -> None:
    rows = switch.rows("vport-show svc-name pluribus namespace default")
    shown = [(row["ip"], row["hostname"], row["entity"], row["power"], row["portgroup"]) for row in rows]
    assert shown == [
        (SERVER, "server2", "pod-A", "Running", "app:hello-world"),
        (CLIENT, "server1", "pod-B", "Running", "app:hello-world"),
    ]
    for row in rows:
        assert (row["owner"], row["vlan"], row["status"]) == ("switch", 4090, "host,pod,k8s")
        assert row["mac"].startswith("88:88:88:")
    assert len({row["mac"] for row in rows}) == 2


def check_connections(switch: Switch, lab: Lab, vni: int | None) -> None:
    """Every kind of connection, in its right state, with what the client itself saw."""
    made = {
        "short": lab.traffic.short()[0],
        "refused": lab.traffic.refused()[0],
        "late": lab.traffic.late()[0],
        "dropped": lab.traffic.dropped()[0],
        "long": lab.traffic.long()[0],
    }
    expected = {"short": "fin", "refused": "rst", "late": "fin", "dropped": "syn", "long": "est"}

    def seen() -> dict[str, Row]:
        rows = {row["src-port"]: row for row in switch.rows("connection-show")}
        return {name: rows[outcome.src_port] for name, outcome in made.items() if outcome.src_port in rows}

    eventually(lambda: {name: row["cur-state"] for name, row in seen().items()} == expected)
    rows = seen()
    for name, row in rows.items():
        assert (row["src-ip"], row["dst-ip"], row["dst-port"]) == (CLIENT, SERVER, made[name].dst_port)
        outer = ("192.0.2.11", "192.0.2.12") if vni is not None else (None, None)
        assert (row["vxlan"], row["outer-src-ip"], row["outer-dst-ip"]) == (vni, *outer)
        assert (row["src-pod"], row["dst-pod"]) == ("pod-B", "pod-A")
    for name in ("short", "late"):
        assert (rows[name]["obytes"], rows[name]["ibytes"]) == (made[name].sent, made[name].received)
        assert rows[name]["transition-state"] == "ended"
    assert made["short"].dst_port == 8080
    assert rows["late"]["latency"] >= 1_000_000_000
    assert rows["late"]["syn-resends"] == 1
    assert rows["late"]["server-latency"] < rows["late"]["latency"]
    assert rows["dropped"]["syn-resends"] >= 1
    assert (rows["dropped"]["latency"], rows["refused"]["latency"]) == (None, None)


def test_a_changed_overlay_is_found_and_decoded_without_a_restart(lab_switch: LabSwitch) -> None:
    with Lab("calico-vxlan") as lab, lab_switch(lab) as switch:
        connect(switch, lab)
        switch.cli("k8s-connection-modify overlay-vxlan-analytics")
        lab.traffic.short()
        eventually(lambda: len(switch.rows("connection-show vxlan 4096")) == 1)
        lab.tune(vni=7000, port=4790)
        eventually(lambda: switch.rows("k8s-cni-show")[0]["vxlan"] == 7000)
        lab.traffic.short()
        eventually(lambda: len(switch.rows("connection-show vxlan 7000")) == 1)
        history = switch.rows("k8s-cni-show since-start")
        assert [(row["udp-port"], row["vxlan"], row["current"]) for row in history] == [
            (4789, 4096, False),
            (4790, 7000, True),
        ]
        assert history[0]["first-seen"] < history[0]["last-seen"] <= history[1]["first-seen"]


def test_another_plugin_is_found_while_the_cluster_runs(lab_switch: LabSwitch) -> None:
    with Lab("flannel-host-gw") as lab, lab_switch(lab) as switch:
        connect(switch, lab)
        lab.change_plane("flannel-vxlan")
        eventually(lambda: switch.rows("k8s-cni-show")[0]["backend"] == "vxlan")
        assert switch.rows("k8s-cni-show")[0]["network-type"] == "overlay"


def test_vports_follow_the_pods_and_the_settings(lab_switch: LabSwitch) -> None:
    with Lab("flannel-host-gw") as lab, lab_switch(lab) as switch:
        connect(switch, lab)

        def names() -> list[str]:
            return [row["entity"] for row in switch.rows("vport-show namespace default")]

        assert names() == ["pod-A", "pod-B"]
        lab.api.delete("Pod", "pod-B", grace=0, namespace="default")
        eventually(lambda: names() == ["pod-A"])
        lab.api.patch("Pod", "pod-A", {"metadata": {"labels": {"tier": "web"}}}, namespace="default")
        eventually(lambda: switch.rows("vport-show entity pod-A")[0]["portgroup"] == "app:hello-world,tier:web")
        assert len(switch.rows("vport-show portgroup tier:web")) == 1
        switch.cli("k8s-connection-modify no-create-vport")
        assert switch.rows("vport-show") == []
        assert "create-vport is off" in switch.note("vport-show")
        switch.cli("k8s-connection-modify create-vport")
        assert names() == ["pod-A"]
        switch.cli("k8s-connection-modify disable")
        assert switch.rows("vport-show") == []
        switch.cli("k8s-connection-modify enable")
        eventually(lambda: names() == ["pod-A"])
        switch.cli("k8s-connection-delete cluster-name pluribus")
        assert switch.rows("vport-show") == []


def test_settings_survive_a_restart(lab_switch: LabSwitch) -> None:
    with Lab("flannel-vxlan") as lab, lab_switch(lab) as switch:
        connect(switch, lab)
        switch.cli("k8s-connection-modify overlay-vxlan-analytics")
        switch.cli("k8s-settings-modify max-connections 7")
        switch.stop()
        switch.start()
        eventually(lambda: switch.rows("k8s-connection-show")[0]["state"] == "connected")
        eventually(lambda: len(switch.rows("vport-show namespace default")) == 2)
        assert switch.rows("k8s-settings-show")[0]["max-connections"] == 7
        eventually(lambda: bool(switch.rows("vflow-settings-show")[0]["overlays"]))
        lab.traffic.short()
        eventually(lambda: len(switch.rows("connection-show vxlan 1")) == 1)
