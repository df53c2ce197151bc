"""What podwire tells of a cluster is what kubectl tells of it: on the lab, and unchanged on any real cluster.

`PODWIRE_TEST_KUBECONFIG` names the kubeconfig of a real one. The test makes a namespace of its own there, and removes
it; it needs the rights to do that, and to read what podwire reads.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podwire_lab import Lab

from .conftest import PODWIRE, Row, Switch, eventually, running_switch

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

REAL = os.environ.get("PODWIRE_TEST_KUBECONFIG")
IMAGE = "registry.k8s.io/pause:3.10"
"""It need not be pulled: a Pod has its address before its containers start."""


class Cluster:
    """A cluster, a namespace in it, and a daemon that follows it."""

    def __init__(self, kubeconfig: Path, switch: Switch) -> None:
        self.kubeconfig = kubeconfig
        self.switch = switch
        self.namespace = f"podwire-test-{secrets.token_hex(4)}"

    def kubectl(self, *words: str, given: Any = None) -> str:
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *words]
        text = None if given is None else json.dumps(given)
        done = subprocess.run(command, input=text, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def judge(self, *words: str) -> list[dict[str, Any]]:
        """Return the objects that kubectl gets."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", *words, "-o", "json"))["items"]
        return found

    def rows(self, noun: str, **filters: str) -> list[Row]:
        """Return podwire's rows, in this namespace."""
        words = "".join(f" {name.replace('_', '-')} {value}" for name, value in filters.items())
        return self.switch.rows(f"{noun}-show namespace {self.namespace}{words}")

    def put_pod(self, name: str, **labels: str) -> None:
        meta = {"name": name, "namespace": self.namespace, "labels": {"app": name, **labels}}
        spec = {"containers": [{"name": "pause", "image": IMAGE, "ports": [{"containerPort": 8080}]}]}
        self.kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def delete_pod(self, name: str) -> None:
        self.kubectl("delete", "pod", name, "-n", self.namespace, "--grace-period", "1", "--wait=true")

    def addressed(self, name: str) -> Row:
        """Wait until a Pod has its address in the vPort table; return that row."""
        eventually(lambda: bool(self.rows("vport", entity=name)))
        return self.rows("vport", entity=name)[0]


@contextlib.contextmanager
def _switch(folder: Path) -> Iterator[tuple[Path, Switch]]:
    if REAL is not None:
        with running_switch(Switch(folder, subprocess.Popen)) as switch:
            yield Path(REAL), switch
        return
    with Lab("flannel-vxlan") as lab, running_switch(Switch(folder, lab.run_in_switch)) as switch:
        yield lab.kubeconfig_admin, switch


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with _switch(tmp_path_factory.mktemp("switch")) as (kubeconfig, switch):
        made = Cluster(kubeconfig, switch)
        made.kubectl("apply", "-f", "-", given=_namespace(made.namespace))
        try:
            switch.cli(f"k8s-connection-create cluster-name it kube-config {kubeconfig} enable create-vport")
            eventually(lambda: [row["state"] for row in switch.rows("k8s-connection-show")] == ["connected"])
            yield made
        finally:
            made.kubectl("delete", "namespace", made.namespace, "--wait=false")


def test_a_pod_comes_changes_and_goes(cluster: Cluster) -> None:
    cluster.put_pod("first")
    row = cluster.addressed("first")
    (there,) = cluster.judge("pods", "-n", cluster.namespace)
    assert (row["ip"], row["uid"], row["hostname"]) == (
        there["status"]["podIP"],
        there["metadata"]["uid"],
        there["spec"]["nodeName"],
    )
    (pod,) = cluster.rows("k8s-pod", name="first")
    assert (pod["ports"], pod["images"], pod["containers"]) == ("8080/TCP", IMAGE, "pause")
    cluster.put_pod("first", tier="gold")
    eventually(lambda: "tier:gold" in cluster.rows("vport", entity="first")[0]["portgroup"])
    cluster.delete_pod("first")
    eventually(lambda: not cluster.rows("k8s-pod", name="first"))
    assert cluster.rows("vport", entity="first") == []


def test_a_name_that_is_used_again_is_another_pod(cluster: Cluster) -> None:
    uids = []
    for _ in range(2):
        cluster.put_pod("again")
        uids.append(cluster.addressed("again")["uid"])
        cluster.delete_pod("again")
        eventually(lambda: not cluster.rows("vport", entity="again"))
        # Kubernetes tells in whole seconds since when a Pod is there: who of two had an address within one is not told.
        time.sleep(1)
    assert len(set(uids)) == 2
    assert {row["uid"] for row in cluster.rows("vport-history", entity="again")} == set(uids)


def test_all_pods_and_nodes_are_those_of_kubectl(cluster: Cluster) -> None:
    cluster.put_pod("counted")
    cluster.addressed("counted")

    def pods() -> set[tuple[str, str, str, str]]:
        return {
            (each["metadata"]["uid"], each["metadata"]["name"], each["status"]["phase"], each["spec"]["nodeName"])
            for each in cluster.judge("pods", "-A")
        }

    def shown() -> set[tuple[str, str, str, str]]:
        rows = cluster.switch.rows("k8s-pod-show")
        return {(row["uid"], row["name"], row["phase"], row["node"]) for row in rows}

    eventually(lambda: pods() == shown())
    nodes = {row["name"]: row for row in cluster.switch.rows("k8s-node-show")}
    judged = cluster.judge("nodes")
    assert nodes.keys() == {each["metadata"]["name"] for each in judged}
    for each in judged:
        row = nodes[each["metadata"]["name"]]
        assert row["version"] == each["status"]["nodeInfo"]["kubeletVersion"]
        own = {at["address"] for at in each["status"]["addresses"] if at["type"] in ("InternalIP", "ExternalIP")}
        assert set(row["ip"].split(",")) == own


def test_a_service_is_shown_with_its_address(cluster: Cluster) -> None:
    meta = {"name": "web", "namespace": cluster.namespace}
    spec = {"selector": {"app": "counted"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
    cluster.kubectl("apply", "-f", "-", given=service)
    eventually(lambda: bool(cluster.rows("k8s-service", name="web")))
    (row,) = cluster.rows("k8s-service", name="web")
    (there,) = cluster.judge("services", "-n", cluster.namespace)
    assert (row["type"], row["ports"]) == ("ClusterIP", "80/TCP")
    assert row["cluster-ip"] == (",".join(there["spec"].get("clusterIPs", ())) or None)


def test_the_network_is_judged_alike_before_and_after_it_is_configured(cluster: Cluster) -> None:
    eventually(lambda: bool(cluster.switch.rows("k8s-cni-show")))
    command = [str(PODWIRE), "k8s-check", "--kube-config", str(cluster.kubeconfig), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    checked = [json.loads(line) for line in done.stdout.splitlines()]
    found = {row["cni-plugin"] for row in cluster.switch.rows("k8s-cni-show")}
    assert found == {row["cni-plugin"] for row in checked if row.get("cni-plugin")}
