"""Objects from files: every form in which they are kept, and what is no object is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwire.kube import ObjectsError, load_objects
from podwire.kube.offline import _Objects
from podwire.model.evidence import Evidence
from podwire.model.pods import Pod

CASES = Path(__file__).parents[2] / "cases" / "kube"


def pod(name: str, version: str = "", **more: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running", **more}}


def load(folder: Path, content: str | bytes, name: str = "objects.yaml") -> tuple[list[str], Evidence]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    pods, evidence = load_objects([path])
    return [each.name for each in pods], evidence


def test_a_folder_of_manifests() -> None:
    pods, evidence = load_objects([CASES / "manifests"])
    assert [each.name for each in pods] == ["pod-a"]
    assert pods[0].created_ns == 1795374946_000000000
    assert evidence.version == "v1.36.2"
    assert evidence.api_groups == {"apps", "crd.projectcalico.org"}
    (node,) = evidence.nodes
    assert (node.name, node.pod_cidrs, node.network_reason, node.is_ready, node.os) == (
        "server1",
        ("10.10.1.0/24",),
        "FlannelIsUp",
        True,
        "linux",
    )
    assert "kubectl.kubernetes.io/last-applied-configuration" not in node.annotations
    (workload,) = evidence.daemon_sets
    assert [(each.name, each.config_map) for each in workload.volumes] == [("cfg", "kube-flannel-cfg")]
    assert [each.name for each in evidence.deployments] == ["web"]
    assert evidence.config_maps[0].data["net-conf.json"].startswith("{")
    assert [(each.resource, each.spec) for each in evidence.custom] == [
        ("ippools.crd.projectcalico.org", {"vxlanMode": "Always"}),
        ("networkpolicies.crd.projectcalico.org", {}),
    ]


def test_lists_of_all_kinds(tmp_path: Path) -> None:
    typed = {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}, 5]}
    mixed = {"kind": "List", "apiVersion": "v1", "items": [pod("b"), typed]}
    assert load(tmp_path, json.dumps(mixed))[0] == ["b", "a"]


def test_a_watch_stream_ends_as_the_cluster_did(tmp_path: Path) -> None:
    events = [
        {"type": "ADDED", "object": pod("a", "1")},
        {"type": "ADDED", "object": pod("b", "2")},
        {"type": "MODIFIED", "object": pod("a", "3", podIP="10.0.0.1")},
        {"type": "DELETED", "object": pod("b", "4")},
        {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "5"}}},
    ]
    assert load(tmp_path, "\n".join(map(json.dumps, events)), "watch.jsonl")[0] == ["a"]


def test_the_newest_version_counts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(pod("a", "10", podIP="10.0.0.2")))
    (tmp_path / "b.json").write_text(json.dumps(pod("a", "9", podIP="10.0.0.1")))
    pods, _ = load_objects([tmp_path])
    assert [each.ips for each in pods] == [("10.0.0.2",)]


def test_a_group_follows_from_its_objects(tmp_path: Path) -> None:
    text = "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: [1]\n"
    evidence = load(tmp_path, text)[1]
    assert evidence.api_groups == {"operator.tigera.io"}
    assert evidence.custom[0].resource == "installations.operator.tigera.io"
    assert evidence.custom[0].spec == {}


def test_foreign_documents_are_passed_over(tmp_path: Path) -> None:
    text = "---\n5\n---\n- a\n---\n---\nname: x\n---\nkind: Pod\n---\nkind: Pod\nmetadata: {name: 5}\n---\nkind: [1]\n"
    assert load(tmp_path, text) == ([], Evidence())


@pytest.mark.parametrize("content", ["{{ if }}\na: {{ x }}", "a: b: c", b"\x00\x01", b"\xff\xfe\xff", "[" * 5000])
def test_a_file_that_is_neither_yaml_nor_json_is_told(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ObjectsError, match="neither YAML nor JSON") as caught:
        load(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_in_a_folder_such_a_file_is_only_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "chart.yaml").write_text("a: {{ x }}")
    (tmp_path / "good.yml").write_text(json.dumps(pod("a")))
    (tmp_path / "notes.txt").write_text("a: {{ x }}")
    assert len(load_objects([tmp_path])[0]) == 1
    assert "chart.yaml is neither YAML nor JSON" in caplog.text
    assert "notes.txt" not in caplog.text


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ObjectsError, match="There is no file"):
        load_objects([tmp_path / "none.yaml"])


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = ["Pod", "Node", "DaemonSet", "ConfigMap", "IPPool", "APIGroupList", "PodList"]
KEYS = ["metadata", "spec", "status", "data", "items", "object", "groups", "gitVersion", "major", "type"]
DOCUMENT = st.dictionaries(st.sampled_from(KEYS), VALUE | st.fixed_dictionaries({"name": st.just("x"), "spec": VALUE}))


@given(DOCUMENT, st.sampled_from(KINDS), st.sampled_from(["v1", "apps/v1", "x.example/v1", None, 5]))
def test_any_document_is_taken_or_left(document: dict[str, Any], kind: str, version: Any) -> None:
    objects = _Objects()
    objects.take({**document, "kind": kind, "apiVersion": version})
    objects.all(Pod)
    objects.evidence()
