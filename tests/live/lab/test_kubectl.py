"""kubectl as the judge: what it can do with a real cluster it can do with the lab."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "extra", "labels": {"app": "hello-world"}},
    "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]},
}


@pytest.fixture
def kubectl(lab):
    def run(*arguments, config=None, text=None):
        command = ["kubectl", "--kubeconfig", str(config or lab.kubeconfig_admin), *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False)

    return run


def test_get_pods(kubectl, lab):
    for config in (lab.kubeconfig, lab.kubeconfig_cert, lab.kubeconfig_admin):
        shown = kubectl("get", "pods", "-A", "-o", "wide", config=config).stdout
        assert [line.split()[1] for line in shown.splitlines()[1:3]] == ["pod-A", "pod-B"]
        assert "10.10.2.1" in shown


def test_the_reader_cannot_delete(kubectl, lab):
    refused = kubectl("delete", "pod", "pod-A", config=lab.kubeconfig)
    assert refused.returncode == 1
    assert 'User "podwire" cannot delete resource "pods"' in refused.stderr


def test_from_inside_the_switch_too(lab):
    command = ["kubectl", "--kubeconfig", str(lab.kubeconfig), "get", "nodes", "-o", "name"]
    process = lab.run_in_switch(command, stdout=subprocess.PIPE, text=True)
    shown, _ = process.communicate()
    assert shown.split() == ["node/server1", "node/server2"]


def test_patch_a_configmap(kubectl):
    where = ("configmap", "kube-flannel-cfg", "-n", "kube-flannel")
    assert kubectl("patch", *where, "--type", "merge", "-p", '{"data":{"x":"y"}}').returncode == 0
    assert json.loads(kubectl("get", *where, "-o", "json").stdout)["data"]["x"] == "y"


def test_a_pod_comes_talks_and_goes(kubectl, lab):
    watch = [
        "kubectl",
        "--kubeconfig",
        str(lab.kubeconfig),
        "get",
        "pods",
        "-w",
        "--output-watch-events",
        "--no-headers",
    ]
    with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        seen = [watching.stdout.readline() for _ in range(2)]
        assert kubectl("apply", "-f", "-", text=json.dumps(POD)).returncode == 0
        ready = kubectl("wait", "--for=condition=Ready", "pod/extra", "--timeout=20s")
        assert ready.returncode == 0, ready.stderr
        (outcome,) = lab.traffic.short(client="extra", server="pod-A")
        assert outcome.result == "answered"
        assert outcome.src_ip == json.loads(kubectl("get", "pod", "extra", "-o", "json").stdout)["status"]["podIP"]
        slices = kubectl("get", "endpointslices", "-o", "json").stdout
        assert outcome.src_ip in slices
        assert kubectl("delete", "pod", "extra").returncode == 0
        events = []
        while not events or "DELETED" not in events[-1]:
            events.append(watching.stdout.readline())
        watching.kill()
    assert all(line.startswith("ADDED") for line in seen)
    states = [line.split()[3] for line in events]
    assert list(dict.fromkeys(states)) == ["Pending", "ContainerCreating", "Running", "Terminating"]
    assert "extra" not in lab.status()["namespaces"]


def test_discovery(kubectl):
    assert "pods" in kubectl("api-resources").stdout
    assert "v1.36.2" in kubectl("version").stdout
    assert "ippools" in kubectl("get", "ippools").stderr
