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
