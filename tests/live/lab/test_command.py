"""The command `podwire-lab`, and the demonstration that it gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

PODWIRE = Path(sys.executable).with_name("podwire")


@pytest.fixture
def command(lab):
    def run(verb, *arguments):
        words = [sys.executable, "-m", "podwire_lab", verb, "--state-dir", lab.state.state_dir, *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    return run


def test_exec_runs_in_the_named_namespace(command):
    script = "import socket; print(sorted(name for _, name in socket.if_nameindex()))"
    assert "mirror0" in command("exec", "--", sys.executable, "-c", script).stdout
    assert command("exec", "--in", "pod-A", "--", sys.executable, "-c", script).stdout == "['eth0', 'lo']\n"
    refused = command("exec", "--in", "pod-Z", "--", "true")
    assert (refused.returncode, refused.stderr) == (
        1,
        "The lab has no 'pod-Z'; it has switch, server1, server2, pod-A, pod-B.\n",
    )


def test_traffic_prints_a_line_a_connection(command):
    ran = command("traffic", "--scenario", "short", "--scenario", "refused", "--count", "2")
    assert [json.loads(line)["result"] for line in ran.stdout.splitlines()] == ["answered"] * 2 + ["refused"] * 2


def test_pods_are_added_and_deleted(command, lab):
    assert command("change", "pod-add", "pod-C", "--node", "server2").returncode == 0
    while lab.api.get("Pod", "pod-C")["status"]["phase"] != "Running":
        pass
    assert lab.traffic.short(client="pod-C", server="pod-B")[0].result == "answered"
    assert command("change", "pod-delete", "pod-C").returncode == 0
    while "pod-C" in lab.status()["namespaces"]:
        pass
    assert command("change", "pod-delete", "pod-C").stderr == 'The API server refuses it: pods "pod-C" not found\n'


def test_faults(command, lab):
    assert command("fault", "503", "--resource", "pods", "--times", "2").returncode == 0
    assert [fault["code"] for fault in lab.status()["api"]["faults"]] == [503]
    assert command("fault", "clear").returncode == 0
    assert lab.status()["api"]["faults"] == []
    assert "code is 401" in command("fault", "200").stderr


def test_what_is_out_of_range_is_refused(command):
    assert command("change", "vni", "16777216").stderr == "A VNI is 1 to 16777215, not 16777216.\n"
    assert "no data plane 'x'" in command("change", "plane", "x").stderr


@pytest.mark.skipif(not PODWIRE.exists(), reason="podwire is not built")
@pytest.mark.parametrize("plane", ["flannel-host-gw", "calico-vxlan-custom"])
def test_the_demonstration(plane):
    words = [sys.executable, "-m", "podwire_lab", "demo", "--podwire", str(PODWIRE), "--plane", plane]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "connection-show" in ran.stdout
