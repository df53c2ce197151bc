"""Names on live connections: addresses that change hands, an API server that is away, clusters with equal addresses."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podwire_lab import Lab
from podwire_lab.traffic import Outcome

from .conftest import Row, Switch, eventually

pytestmark = pytest.mark.live

LabSwitch = Callable[[Lab], contextlib.AbstractContextManager[Switch]]
CLIENT, SERVER = "10.10.1.1", "10.10.2.1"
CATCHING_UP_SECONDS = 2.5
OTHER = Path(__file__).with_name("other_cluster.py")


@contextlib.contextmanager
def following(start: LabSwitch, plane: str) -> Iterator[tuple[Lab, Switch]]:
    with Lab(plane) as lab, start(lab) as switch:
        switch.cli(f"k8s-connection-create cluster-name pluribus kube-config {lab.kubeconfig} enable create-vport")
        switch.cli("connection-stats-settings-modify enable")
        eventually(lambda: state(switch) == "connected")
        yield lab, switch


def state(switch: Switch) -> str:
    return str(switch.rows("k8s-connection-show cluster-name pluribus")[0]["state"])


def add_pod(lab: Lab, name: str, node: str = "server2") -> str:
    """Start a Pod; return its address once the API server shows it."""
    lab.api.create("Pod", {"metadata": {"name": name}, "spec": {"nodeName": node}}, namespace="default")

    def address() -> str:
        return str(lab.api.get("Pod", name, namespace="default").get("status", {}).get("podIP", ""))

    eventually(lambda: bool(address()))
    return address()


def remove_pod(lab: Lab, name: str, grace: int | None = None) -> None:
    lab.api.delete("Pod", name, grace=grace, namespace="default")
    eventually(lambda: all(pod["metadata"]["name"] != name for pod in lab.api.list("Pod", namespace="default")))
    eventually(lambda: name not in lab.status()["namespaces"])


def row_of(switch: Switch, made: Outcome) -> Row:
    """Return the row of a connection, once its end was seen."""
    command = f"connection-show src-port {made.src_port} dst-ip {made.dst_ip}"
    eventually(lambda: [row["cur-state"] for row in switch.rows(command)] == ["fin"])
    return switch.rows(command)[0]


def shown(switch: Switch, name: str) -> bool:
    return bool(switch.rows(f"vport-show entity {name}"))


def test_an_address_that_goes_from_pod_to_pod_names_each_at_its_time(lab_switch: LabSwitch) -> None:
    with following(lab_switch, "flannel-host-gw") as (lab, switch):
        # So long after a beginning or a break, the times of events prove no order: within one second of the API's times
        # nothing would tell which of the two had it.
        time.sleep(CATCHING_UP_SECONDS)
        first = add_pod(lab, "web-1")
        made = lab.traffic.short(server="web-1")
        remove_pod(lab, "web-1")
        assert add_pod(lab, "web-2") == first
        made += lab.traffic.short(server="web-2")
        eventually(lambda: shown(switch, "web-2") and not shown(switch, "web-1"))
        assert [row_of(switch, each)["dst-pod"] for each in made] == ["web-1", "web-2"]
        held = switch.rows(f"vport-history-show ip {first}")
        assert [row["entity"] for row in held if row["state"] == "held"] == ["web-1", "web-2"]
        assert held[0]["until-time"] is not None
        assert held[-1]["until-time"] is None


def test_what_the_api_tells_after_the_packet_names_it(lab_switch: LabSwitch) -> None:
    with following(lab_switch, "flannel-host-gw") as (lab, switch):
        # As above: a Pod of the second in which podwire began may have taken the address over from one never seen.
        time.sleep(CATCHING_UP_SECONDS)
        lab.api.down()
        add_pod(lab, "late")
        (made,) = lab.traffic.short(server="late")
        row = row_of(switch, made)
        assert row["dst-pod"] is None
        lab.api.up()
        eventually(lambda: row_of(switch, made)["dst-pod"] == "late")


def test_while_the_api_is_away_nothing_new_is_named_and_afterwards_nothing_wrong(lab_switch: LabSwitch) -> None:
    with following(lab_switch, "flannel-host-gw") as (lab, switch):
        address = add_pod(lab, "web-1")
        eventually(lambda: shown(switch, "web-1"))
        lab.api.down()
        eventually(lambda: state(switch) != "connected")
        remove_pod(lab, "web-1", grace=0)
        assert add_pod(lab, "web-2") == address
        (hidden,) = lab.traffic.short(server="web-2")
        row = row_of(switch, hidden)
        assert row["dst-pod"] is None
        assert "dst: cluster pluribus away since" in row["reason"]
        # The watch cannot go on where it stood: only a new list tells, and not when the address changed hands.
        lab.api.compact()
        lab.api.up()
        eventually(lambda: shown(switch, "web-2"))
        (known,) = lab.traffic.short(server="web-2")
        assert row_of(switch, known)["dst-pod"] == "web-2"
        row = row_of(switch, hidden)
        assert row["dst-pod"] is None
        assert "may have changed hands" in row["reason"]
        assert row["src-pod"] == "pod-B"


@contextlib.contextmanager
def other_cluster(lab: Lab, switch: Switch, plane: str) -> Iterator[None]:
    """A second cluster that claims the same addresses."""
    folder = switch.folder / "other"
    folder.mkdir()
    command = [sys.executable, str(OTHER), str(folder), plane]
    process = lab.run_in_switch(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        switch.cli(f"k8s-connection-create cluster-name other kube-config {folder / 'kubeconfig'} enable")
        eventually(lambda: switch.rows("k8s-connection-show cluster-name other")[0]["state"] == "connected")
        yield
    finally:
        process.communicate()


def test_in_an_overlay_the_nodes_tell_equal_addresses_apart(lab_switch: LabSwitch) -> None:
    with following(lab_switch, "flannel-vxlan") as (lab, switch), other_cluster(lab, switch, "flannel-vxlan"):
        switch.cli("k8s-connection-modify cluster-name pluribus overlay-vxlan-analytics")
        row = row_of(switch, lab.traffic.short()[0])
        assert (row["src-pod"], row["dst-pod"], row["cluster-name"]) == ("pod-B", "pod-A", "pluribus")


def test_without_an_overlay_the_interface_or_the_vlan_tells_equal_addresses_apart(lab_switch: LabSwitch) -> None:
    with following(lab_switch, "flannel-host-gw") as (lab, switch), other_cluster(lab, switch, "flannel-host-gw"):
        (made,) = lab.traffic.short()
        row = row_of(switch, made)
        assert (row["src-pod"], row["dst-pod"], row["cluster-name"]) == (None, None, None)
        assert "dst: ambiguous between other and pluribus" in row["reason"]

        def names(words: str) -> tuple[str, str, str]:
            switch.cli(f"k8s-connection-modify {words}")
            row = row_of(switch, made)
            return row["src-pod"], row["dst-pod"], row["cluster-name"]

        assert names(f"cluster-name other interface {lab.mirror}") == ("other-B", "other-A", "other")
        assert names("cluster-name other interface other0") == ("pod-B", "pod-A", "pluribus")
        assert names("cluster-name pluribus vlan 1,20") == ("pod-B", "pod-A", "pluribus")
        # What began from here on has its cluster for good.
        row = row_of(switch, lab.traffic.short()[0])
        assert row["cluster-name"] == "pluribus"
        shown = switch.rows("k8s-connection-show cluster-name pluribus")[0]
        assert (shown["interface"], shown["vlan"]) == (None, "1,20")


def test_a_short_soak_names_nothing_wrong() -> None:
    command = [sys.executable, "-m", "bench.soak", "--minutes", "0.4", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong=0" in done.stdout
