"""Turns Kubernetes objects from files into Evidence, just enough for the cases of this room."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwire.model.evidence import ConfigMap, Container, CustomObject, EnvVar, Evidence, Node, Volume, Workload

_PLURALS = {
    "IPPool": "ippools",
    "FelixConfiguration": "felixconfigurations",
    "ClusterInformation": "clusterinformations",
    "Installation": "installations",
    "HelmChartConfig": "helmchartconfigs",
    "Subnet": "subnets",
    "Network": "networks",
    "CiliumNodeConfig": "ciliumnodeconfigs",
}


def _load(*paths: Path) -> Evidence:
    objects = [each for path in paths for each in _objects(path)]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for each in objects:
        kinds.setdefault(f"{each.get('kind')}:{_group(each)}", []).append(each)
    custom = [each for each in objects if each.get("kind") in _PLURALS and "." in _group(each)]
    return Evidence(
        api_groups=frozenset(_group(each) for each in custom if "." in _group(each)),
        nodes=tuple(map(_node, kinds.get("Node:", []))),
        daemon_sets=tuple(_workload(each) for each in objects if each.get("kind") == "DaemonSet"),
        deployments=tuple(_workload(each) for each in objects if each.get("kind") == "Deployment"),
        config_maps=tuple(
            ConfigMap(each["metadata"].get("namespace", ""), each["metadata"]["name"], each.get("data") or {})
            for each in kinds.get("ConfigMap:", [])
        ),
        custom=tuple(map(_custom, custom)),
    )


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    text = path.read_text()
    documents = [json.loads(text)] if path.suffix == ".json" else list(yaml.safe_load_all(text))
    for document in documents:
        if not isinstance(document, dict):
            continue
        if isinstance(document.get("items"), list):
            for each in document["items"]:
                each.setdefault("kind", str(document.get("kind", "")).removesuffix("List"))
                each.setdefault("apiVersion", document.get("apiVersion", ""))
                yield each
        else:
            yield document


def _group(each: dict[str, Any]) -> str:
    head, slash, _ = str(each.get("apiVersion", "")).rpartition("/")
    return head if slash else ""


def _node(each: dict[str, Any]) -> Node:
    meta, status = each["metadata"], each.get("status") or {}
    spec = each.get("spec") or {}
    conditions = {one["type"]: one for one in (status.get("conditions") or [])}
    return Node(
        name=meta["name"],
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
        pod_cidrs=tuple(spec.get("podCIDRs") or ([spec["podCIDR"]] if "podCIDR" in spec else [])),
        addresses=tuple((one["type"], one["address"]) for one in (status.get("addresses") or [])),
        network_reason=conditions.get("NetworkUnavailable", {}).get("reason", ""),
        os=status.get("nodeInfo", {}).get("operatingSystem", ""),
        is_ready=conditions.get("Ready", {}).get("status", "True") == "True",
    )


def _workload(each: dict[str, Any]) -> Workload:
    meta, status = each["metadata"], each.get("status") or {}
    pod = each["spec"]["template"]["spec"]
    return Workload(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        labels=meta.get("labels") or {},
        desired=status.get("desiredNumberScheduled", 0),
        ready=status.get("numberReady", 0),
        containers=tuple(map(_container, (pod.get("containers") or []))),
        init_containers=tuple(map(_container, (pod.get("initContainers") or []))),
        volumes=tuple(
            Volume(one["name"], one.get("configMap", {}).get("name", ""), one.get("secret", {}).get("secretName", ""))
            for one in (pod.get("volumes") or [])
            if "configMap" in one or "secret" in one
        ),
    )


def _container(each: dict[str, Any]) -> Container:
    return Container(
        name=each["name"],
        image=each.get("image", ""),
        command=tuple(each.get("command") or ()),
        args=tuple(each.get("args") or ()),
        env=tuple(_env(one) for one in (each.get("env") or [])),
        mounts=tuple((one["name"], one["mountPath"]) for one in (each.get("volumeMounts") or [])),
    )


def _env(each: dict[str, Any]) -> EnvVar:
    reference = each.get("valueFrom", {}).get("configMapKeyRef")
    if reference:
        return EnvVar(each["name"], None, reference["name"], reference["key"])
    value = each.get("value", "" if "valueFrom" not in each else None)
    return EnvVar(each["name"], None if value is None else str(value))


def _custom(each: dict[str, Any]) -> CustomObject:
    meta = each["metadata"]
    return CustomObject(
        resource=f"{_PLURALS[each['kind']]}.{_group(each)}",
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        spec=each.get("spec") or {},
        status=each.get("status") or {},
    )


@pytest.fixture(scope="session")
def load_evidence() -> Callable[..., Evidence]:
    """Reads files of Kubernetes objects into Evidence."""
    return _load
