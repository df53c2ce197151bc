"""Names and tunnels from files of Kubernetes objects, of one cluster and of several."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Done = subprocess.CompletedProcess[str]
Replay = Callable[..., Done]
Written = Callable[[str], str]


def pod(name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-of-{name}"},
        "spec": {"nodeName": "worker"},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    }


def node(name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-of-{name}"},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


@pytest.fixture
def objects(tmp_path: Path) -> Callable[..., str]:
    """Writes objects to a file and returns its path."""

    def write(name: str, *items: dict[str, Any]) -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return str(path)

    return write


def rows(done: Done) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_several_files_name_both_sides(replay: Replay, written: Written, objects: Callable[..., str]) -> None:
    here, there = objects("here", pod("pod-A", "10.10.1.1")), objects("there", pod("pod-B", "10.10.2.1"))
    words = ("connection-show", "format", "src-pod,dst-pod", "--json")
    done = replay(written("handshake"), "--objects", here, f"--objects={there}", *words)
    assert rows(done) == [{"src-pod": "pod-A", "dst-pod": "pod-B"}]


@pytest.mark.parametrize("is_before", [True, False])
def test_one_name_is_that_of_all_objects(
    replay: Replay, written: Written, objects: Callable[..., str], is_before: bool
) -> None:
    given = ["--objects", objects("here", pod("pod-A", "10.10.1.1"))]
    named = ["--cluster-name", "pluribus"]
    options = [*named, *given] if is_before else [*given, *named]
    done = replay(written("handshake"), *options, "vport-show", "format", "svc-name,entity", "--json")
    assert rows(done) == [{"svc-name": "pluribus", "entity": "pod-A"}]


def test_nodes_tell_clusters_with_equal_pods_apart(
    replay: Replay, written: Written, objects: Callable[..., str]
) -> None:
    one = objects("one", pod("pod-A", "10.10.1.1"), node("node-a", "192.168.1.11"), node("node-b", "192.168.1.12"))
    two = objects("two", pod("pod-Z", "10.10.1.1"), node("node-y", "192.168.2.11"), node("node-z", "192.168.2.12"))
    clusters = ("--cluster-name", "one", "--objects", one, "--cluster-name", "two", "--objects", two)
    words = ("connection-show", "proto", "tcp", "format", "src-pod", "--json")
    done = replay(written("twin_clusters"), "--overlay", "vxlan:8472:1", *clusters, *words)
    assert sorted(row["src-pod"] for row in rows(done)) == ["pod-A", "pod-Z"]


def test_objects_that_are_not_there_are_named(replay: Replay, written: Written) -> None:
    done = replay(written("handshake"), "--objects", "nowhere.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere.yaml" in done.stderr


def owned(kind: str, name: str, owner: tuple[str, str] = ("", "")) -> dict[str, Any]:
    """An object of apps/v1 with its controller."""
    above = {"kind": owner[0], "name": owner[1], "uid": f"uid-of-{owner[1]}", "controller": True}
    meta = {"name": name, "namespace": "default", "uid": f"uid-of-{name}"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta | ({"ownerReferences": [above]} if owner[0] else {}),
    }


def under(item: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """The object with this controller."""
    return {**item, "metadata": {**item["metadata"], **owned("", "", (kind, name))["metadata"] | item["metadata"]}}


def service(name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-of-{name}"},
        "spec": {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ports": [{"port": 8080}]},
    }


def backends(name: str, pod_name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-x",
            "namespace": "default",
            "uid": f"uid-of-{name}-x",
            "labels": {"kubernetes.io/service-name": name},
        },
        "ports": [{"port": 8080, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": [address], "targetRef": {"kind": "Pod", "name": pod_name, "uid": f"uid-of-{pod_name}"}}
        ],
    }


def test_two_pods_that_say_to_have_one_address_are_told(
    replay: Replay, written: Written, objects: Callable[..., str]
) -> None:
    path = objects("here", pod("pod-A", "10.10.1.1"), pod("impostor", "10.10.1.1"), pod("pod-B", "10.10.2.1"))
    words = ("connection-show", "format", "src-pod,dst-pod,src-workload,dst-workload,reason", "--json")
    assert rows(replay(written("handshake"), "--objects", path, *words)) == [
        {
            "src-pod": None,
            "dst-pod": "pod-B",
            "src-workload": None,
            "dst-workload": "Pod/pod-B",
            "reason": "src: ambiguous between objects/default/impostor and objects/default/pod-A",
        }
    ]


def test_workloads_and_services_are_named(replay: Replay, written: Written, objects: Callable[..., str]) -> None:
    given = objects(
        "all",
        under(pod("web-7d-x", "10.10.2.1"), "ReplicaSet", "web-7d"),
        under(pod("job-1-x", "10.10.1.1"), "Workflow", "nightly"),
        owned("ReplicaSet", "web-7d", ("Deployment", "web")),
        service("web", "10.96.0.10"),
        backends("web", "web-7d-x", "10.10.2.1"),
    )
    words = ("connection-show", "format", "src-workload,dst-workload,service,reason", "--json")
    (row,) = rows(replay(written("handshake"), "--objects", given, *words))
    assert row == {
        "src-workload": "Workflow/nightly",
        "dst-workload": "Deployment/web",
        "service": "default/web",
        "reason": None,
    }


def test_an_end_without_a_pod_says_what_it_is(replay: Replay, written: Written, objects: Callable[..., str]) -> None:
    given = objects("all", node("worker", "10.10.1.1"), service("web", "10.10.2.1"))
    words = ("connection-show", "format", "src-pod,src-node,dst-pod,service,reason", "--json")
    (row,) = rows(replay(written("handshake"), "--objects", given, *words))
    assert row == {
        "src-pod": None,
        "src-node": "worker",
        "dst-pod": None,
        "service": "default/web",
        "reason": "src: node address; dst: service address",
    }


def test_a_port_of_a_node_is_that_of_the_pod_that_declares_it(
    replay: Replay, written: Written, objects: Callable[..., str]
) -> None:
    sharing = pod("exporter", "10.10.2.1")
    sharing["spec"] |= {"hostNetwork": True, "containers": [{"name": "c", "ports": [{"containerPort": 8080}]}]}
    given = objects("all", node("worker", "10.10.2.1"), sharing)
    words = ("connection-show", "format", "dst-pod,dst-node", "--json")
    (row,) = rows(replay(written("handshake"), "--objects", given, *words))
    assert row == {"dst-pod": "exporter", "dst-node": "worker"}


def test_who_had_an_address_is_shown(replay: Replay, written: Written, objects: Callable[..., str]) -> None:
    given = objects("all", pod("pod-A", "10.10.1.1"))
    words = ("vport-history-show", "format", "ip,entity,until-time", "--json")
    (row,) = rows(replay(written("handshake"), "--objects", given, *words))
    assert row == {"ip": "10.10.1.1", "entity": "pod-A", "until-time": None}
