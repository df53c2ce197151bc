"""podwire beside a real API server and real flannel: what it finds, and the names while Pods come and go.

`PODWIRE_TEST_PROGRAMS` names the folder that `scripts/build-kubernetes` has built into; `make test-real` sees to both.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podwire_lab.errors import LabError

from .conftest import Row, Switch, eventually, running_switch
from .real_cluster import Place, RealCluster

pytestmark = pytest.mark.live
BACKENDS: dict[str, tuple[dict[str, Any], Row]] = {
    "vxlan": ({"Type": "vxlan"}, {"udp-port": 8472, "vxlan": 1, "network-type": "overlay"}),
    "vxlan-own": ({"Type": "vxlan", "VNI": 7777, "Port": 4789}, {"udp-port": 4789, "vxlan": 7777}),
    "direct-routing": ({"Type": "vxlan", "DirectRouting": True}, {"backend": "vxlan", "network-type": "mixed"}),
    "host-gw": ({"Type": "host-gw"}, {"backend": "host-gw", "network-type": "underlay"}),
}
PORT = 8080
TALKS = 300
PAUSE_SECONDS = 0.05
"""Between talks, so that Pods come and go meanwhile."""
SHOWN = "connection-show dst-port 8080 within-last 1h"


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def cluster(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with RealCluster(
        Path(os.environ["PODWIRE_TEST_PROGRAMS"]), tmp_path_factory.mktemp("real"), BACKENDS[backend][0]
    ) as made:
        yield made


@pytest.fixture(scope="module")
def switch(cluster: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    made = Switch(tmp_path_factory.mktemp("switch"), cluster.run_in_switch, "--interface", cluster.mirror)
    with running_switch(made) as running:
        told = f"cluster-name real kube-config {cluster.kubeconfig} enable create-vport overlay-vxlan-analytics"
        running.cli(f"k8s-connection-create {told}")
        running.cli("connection-stats-settings-modify enable")
        yield running


def test_the_backend_is_found(cluster: RealCluster, switch: Switch, backend: str) -> None:
    eventually(lambda: bool(switch.rows("k8s-cni-show")))
    (row,) = switch.rows("k8s-cni-show")
    assert row["cni-plugin"] == "flannel"
    assert {name: row[name] for name in BACKENDS[backend][1]} == BACKENDS[backend][1]
    eventually(lambda: "annotations of 2 nodes agree" in switch.cli("k8s-cni-show format because --json"))


def test_no_name_is_wrong_while_pods_come_and_go(cluster: RealCluster, switch: Switch) -> None:
    """Addresses change hands at once: the lowest free one is given, as soon as it is free."""
    deploy(cluster, 8)
    talks = Talks(cluster)
    churn = threading.Thread(target=talks.churn)
    churn.start()
    talks.run(TALKS)
    churn.join()
    judged = talks.judge(switch)
    assert judged["wrong"] == judged["missing"] == judged["bytes"] == []
    assert len(judged["named"]) > TALKS // 2, judged["unnamed"]


def test_names_are_told_after_the_api_server_was_away(cluster: RealCluster, switch: Switch) -> None:
    eventually(lambda: len([each for each in cluster.places() if "web" in each.name]) == 8)
    eventually(lambda: len(switch.rows("vport-show entity web*")) == 8)
    cluster.stop("kube-apiserver")
    talks = Talks(cluster)
    talks.run(TALKS // 3)
    eventually(lambda: switch.rows("k8s-connection-show")[0]["state"] != "connected")
    cluster.start_server()

    def are_all_named() -> bool:
        judged = talks.judge(switch)
        assert judged["wrong"] == []
        return len(judged["named"]) == len(talks.done)

    eventually(are_all_named)


def deploy(cluster: RealCluster, replicas: int) -> None:
    container = {"name": "web", "image": "web", "ports": [{"containerPort": PORT}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    meta = {"name": "web", "namespace": "default"}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    cluster.kubectl("apply", "-f", "-", given=deployment)
    eventually(lambda: len([each for each in cluster.places() if "web" in each.name]) == replicas)


class Talks:
    """Connections between Pods of different nodes, and who talked to whom how much."""

    def __init__(self, cluster: RealCluster) -> None:
        self.cluster = cluster
        self.done: list[dict[str, Any]] = []
        self._random = random.Random(7)  # noqa: S311 - a test's own
        self._ending = threading.Event()

    def run(self, count: int) -> None:
        """Talk one after the other; what fails, because a Pod has just gone, is no talk."""
        try:
            while len(self.done) < count:
                places = self.cluster.places()
                client, server = self._random.sample(places, 2)
                if client.node != server.node:
                    self._talk(client, server)
                    time.sleep(PAUSE_SECONDS)
        finally:
            self._ending.set()

    def churn(self) -> None:
        """Remove a Pod now and then, by force or with its node's word."""
        while not self._ending.wait(self._random.uniform(0.3, 1.5)):
            victim = self._random.choice(self.cluster.places()).name.split("/")[1]
            ways = (["--grace-period=0", "--force"], ["--wait=false"])
            self.cluster.kubectl("delete", "pod", victim, "--ignore-not-found", *self._random.choice(ways))

    def judge(self, switch: Switch) -> dict[str, list[Any]]:
        """Sort the talks by what podwire says of each."""
        rows = {(row["src-ip"], row["src-port"], row["dst-ip"]): row for row in switch.rows(SHOWN)}
        judged: dict[str, list[Any]] = {name: [] for name in ("missing", "wrong", "bytes", "named", "unnamed")}
        for talk in self.done:
            row = rows.get(talk["ends"])
            if row is None:
                judged["missing"].append(talk)
                continue
            said = [row["src-pod"], row["dst-pod"]]
            if any(name not in (None, each) for name, each in zip(said, talk["pods"], strict=True)):
                judged["wrong"].append((talk, row))
            judged["named" if said == talk["pods"] else "unnamed"].append(row["reason"])
            if (row["obytes"], row["ibytes"]) != talk["bytes"]:
                judged["bytes"].append((talk, row))
        return judged

    def _talk(self, client: Place, server: Place) -> None:
        asked, answered = self._random.choice((1, 1000, 50_000)), self._random.choice((1, 20_000, 300_000))
        try:
            with server.network.socket() as listening, client.network.socket() as near:
                # The port rests for a minute after a connection that its server ended.
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind((server.address, PORT))
                listening.listen()
                near.bind((client.address, 0))
                for each in (near, listening):
                    each.settimeout(1)
                near.connect((server.address, PORT))
                self._exchange(near, listening, asked, answered)
                talk = {"ends": (*near.getsockname(), server.address), "bytes": (asked, answered)}
        except (OSError, LabError):
            return
        if {client, server} - set(self.cluster.places()):
            # Its network lives as long as a socket in it: somebody else may have had the address already.
            return
        names = [each.name.split("/")[1] for each in (client, server)]
        self.done.append(talk | {"pods": names})

    @staticmethod
    def _exchange(near: socket.socket, listening: socket.socket, asked: int, answered: int) -> None:
        far, _ = listening.accept()
        with far:
            far.settimeout(1)
            for sender, receiver, size in ((near, far, asked), (far, near, answered)):
                sending = threading.Thread(target=sender.sendall, args=(b"x" * size,))
                sending.start()
                left = size
                while left > 0:
                    left -= len(receiver.recv(65536)) or left
                sending.join()
