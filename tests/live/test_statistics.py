"""Sums, histograms, the report and netmiko against a daemon that reads live traffic, held against what clients saw."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podwire_lab import Lab

from .conftest import PODWIRE, Switch, eventually, running_switch

pytestmark = pytest.mark.live

SSH_PORT = 2222
CLIENT, SERVER = "10.10.1.1", "10.10.2.1"
SHORT, REFUSED = 6, 3


@dataclass
class Watched:
    """A daemon that has seen some traffic."""

    lab: Lab
    switch: Switch
    sent: int
    """Bytes from all clients."""
    received: int


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("statistics")
    with Lab("flannel-host-gw") as lab:
        words = ("--interface", lab.mirror, "--ssh", str(SSH_PORT))
        with running_switch(Switch(folder, lab.run_in_switch, *words)) as switch:
            switch.cli(f"k8s-connection-create cluster-name pluribus kube-config {lab.kubeconfig} enable create-vport")
            switch.cli("connection-stats-settings-modify enable")
            eventually(lambda: len(switch.rows("vport-show namespace default")) == 2)
            made = [*lab.traffic.short(SHORT), *lab.traffic.refused(REFUSED), *lab.traffic.late()]
            ended = "connection-show transition-state ended"
            eventually(lambda: len(switch.rows(ended)) == len(made))
            yield Watched(lab, switch, sum(each.sent for each in made), sum(each.received for each in made))


ALL = SHORT + REFUSED + 1


@pytest.mark.parametrize(
    ("by", "column", "client", "server"),
    [
        ("pod", "pod", "pod-B", "pod-A"),
        ("namespace", "namespace", "default", "default"),
        ("node", "node", "server1", "server2"),
        ("workload", "workload", "Pod/pod-B", "Pod/pod-A"),
    ],
)
def test_traffic(watched: Watched, by: str, column: str, client: str | None, server: str | None) -> None:
    rows = {row["role"]: row for row in watched.switch.rows(f"traffic-show by {by}")}
    assert {role: row[column] for role, row in rows.items()} == {"client": client, "server": server}
    for row in rows.values():
        assert (row["cluster-name"], row["connections"], row["failures"]) == ("pluribus", ALL, REFUSED)
        assert (row["obytes"], row["ibytes"]) == (watched.sent, watched.received)
        assert row["latency-p50"] <= row["latency-p95"] <= row["latency-p99"]
        assert row["latency-p99"] >= 1_000_000_000
        assert row["resends"] == 1


def test_traffic_by_service(watched: Watched) -> None:
    rows = {row["service"]: row for row in watched.switch.rows("traffic-show by service")}
    assert {name: row["connections"] for name, row in rows.items()} == {"default/hello-world": SHORT, None: REFUSED + 1}


def test_pairs_hosts_and_ports(watched: Watched) -> None:
    (pair,) = watched.switch.rows("client-server-stats-show")
    assert (pair["client-ip"], pair["server-ip"], pair["connections"]) == (CLIENT, SERVER, ALL)
    assert (pair["obytes"], pair["ibytes"], pair["fin"]) == (watched.sent, watched.received, SHORT + 1)
    hosts = {row["ip"]: row for row in watched.switch.rows("connection-stats-show")}
    assert {ip: (row["as-client"], row["as-server"]) for ip, row in hosts.items()} == {
        CLIENT: (ALL, 0),
        SERVER: (0, ALL),
    }
    assert (hosts[CLIENT]["obytes"], hosts[SERVER]["obytes"]) == (watched.sent, watched.received)
    ports = {row["port"]: row["connections"] for row in watched.switch.rows("connection-stats-show by port")}
    assert ports == {8080: SHORT, 8081: REFUSED, 8083: 1}


def test_latencies(watched: Watched) -> None:
    rows = watched.switch.rows("connection-latency-show")
    assert sum(row["connections"] for row in rows) == SHORT + 1
    assert (rows[-1]["from"], rows[-1]["below"], rows[-1]["connections"]) == (1_000_000_000, 2_000_000_000, 1)
    assert rows[-1]["cumulative"] == 100
    server_alone = watched.switch.rows("connection-latency-show of server-latency")
    assert server_alone[-1]["below"] < 1_000_000_000


def test_now_and_then_say_the_same(watched: Watched) -> None:
    """The live table, and the table with history as one."""
    columns = "format id,src-port,dst-port,cur-state,transition-state,last-time,latency,obytes,src-pod,dst-pod,service"
    live = watched.switch.rows(f"connection-show {columns}")
    eventually(lambda: watched.switch.rows(f"connection-show {columns} within-last 1h") == live)
    assert len(live) == ALL
    newest = watched.switch.cli("connection-show sum-by dst-port sort-asc dst-port parsable-delim , format dst-port")
    assert newest == f"8080,{SHORT}\n8081,{REFUSED}\n8083,1\n"


def test_a_port_by_its_name(watched: Watched) -> None:
    printed = watched.switch.cli("connection-show dst-port http-alt format dst-port port-names no-show-headers")
    assert printed.split() == ["http-alt"] * SHORT


def test_the_report_has_the_names_and_the_sums(watched: Watched, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    words = [str(PODWIRE), "report", "--socket", str(watched.switch.socket), "--within-last", "1h", "-o", str(page)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    text = page.read_text(encoding="utf-8")
    assert f"{ALL:,}" in text
    assert "pod-A" in text
    assert "pod-B" in text


NETMIKO = """
import json, sys
from netmiko import ConnectHandler
port, password, *commands = sys.argv[1:]
account = {"username": "robot", "password": password}
with ConnectHandler(device_type="pluribus", host="127.0.0.1", port=int(port), **account) as it:
    print(json.dumps([it.send_command(command) for command in commands]))
"""


def test_netmiko_reads_what_the_console_prints(watched: Watched) -> None:
    watched.switch.cli("user-create name robot role read-only password mirror-7070")
    commands = [
        "connection-show parsable-delim , format src-ip,dst-port,cur-state,obytes",
        "vport-show svc-name pluribus",
        "traffic-show by pod",
        "client-server-stats-show format client-ip,server-ip,connections",
    ]
    read: list[str] = json.loads(in_switch(watched.lab, NETMIKO, str(SSH_PORT), "mirror-7070", *commands))
    for command, text in zip(commands, read, strict=True):
        assert lines(text) == lines(watched.switch.cli(command)), command


def in_switch(lab: Lab, program: str, *words: str) -> str:
    """Run a Python program in the switch's namespace, where the daemon's port is; return what it prints."""
    command: list[Any] = [sys.executable, "-W", "ignore", "-c", program, *words]
    start: Callable[..., contextlib.AbstractContextManager[subprocess.Popen[str]]] = lab.run_in_switch
    with start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
