"""A kind belongs to its group: what another group calls a Node is no Node."""

from __future__ import annotations

from pathlib import Path

from podwire.kube import load_objects


def test_a_plugins_own_node_is_not_a_kubernetes_node(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text(
        "{apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: a}, spec: {}}\n"
        "---\n{apiVersion: v1, kind: Node, metadata: {name: b}}\n"
        "---\n{apiVersion: extensions/v1beta1, kind: DaemonSet, metadata: {name: c, namespace: d}}\n",
        encoding="utf-8",
    )
    _, evidence = load_objects([path])
    assert [node.name for node in evidence.nodes] == ["b"]
    assert [each.name for each in evidence.daemon_sets] == ["c"]
    assert [each.resource for each in evidence.custom] == ["nodes.projectcalico.org"]
