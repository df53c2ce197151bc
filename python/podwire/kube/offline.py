"""Reads Kubernetes objects from files instead of an API server: manifests, `kubectl get -o yaml|json`, watch streams.

The same structs decode them as decode the API's answers, so that both are judged alike. Foreign documents, templates
and objects of no interest are passed over; a file that is neither YAML nor JSON is an error, unless it was merely
found in a folder among others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from podwire.kube.documents import Document, ObjectsError, documents_in
from podwire.kube.objects import config_map_of, custom_of, node_of, workload_of
from podwire.kube.pod_schema import PodObject
from podwire.kube.pods import pod_of
from podwire.kube.pool import Pool
from podwire.kube.resources import OWNERS
from podwire.kube.schema import (
    AnyObject,
    ApiGroups,
    ConfigMapObject,
    CustomResource,
    NodeObject,
    Version,
    WorkloadObject,
)
from podwire.kube.service_schema import OwnerObject, ServiceObject, SliceObject
from podwire.kube.services import owner_of, service_of, slice_of
from podwire.model.evidence import ConfigMap, CustomObject, Evidence, Node, Workload
from podwire.model.owners import Owner
from podwire.model.pods import Pod
from podwire.model.services import EndpointSlice, Service

__all__ = ["LoadedCluster", "ObjectsError", "load_cluster", "load_objects"]

_log = logging.getLogger(__name__)

Record = Pod | Node | Workload | ConfigMap | CustomObject | Service | EndpointSlice | Owner
Convert = Callable[[Any], Record]

_MOST_DEPTH = 8

R = TypeVar("R")

_BUILT_IN: dict[str, tuple[type[Any], Convert]] = {
    "Node": (NodeObject, node_of),
    "DaemonSet": (WorkloadObject, workload_of),
    "Deployment": (WorkloadObject, workload_of),
    "ConfigMap": (ConfigMapObject, config_map_of),
}


class LoadedCluster(Struct, frozen=True):
    """All that files tell of a cluster, in the order in which it was read."""

    pods: tuple[Pod, ...] = ()
    evidence: Evidence = Evidence()
    services: tuple[Service, ...] = ()
    slices: tuple[EndpointSlice, ...] = ()
    owners: tuple[Owner, ...] = ()


def load_cluster(paths: Sequence[Path]) -> LoadedCluster:
    """Read files, and folders with all `.yaml`, `.yml`, `.json`, `.jsonl` in them.

    An object that occurs several times counts once, in its newest version where both say theirs, else as read last.
    Raises ObjectsError for a path that does not exist, may not be read, or is neither YAML nor JSON.
    """
    objects = _Objects()
    for document in documents_in(paths):
        objects.take(document)
    return LoadedCluster(
        pods=objects.all(Pod),
        evidence=objects.evidence(),
        services=objects.all(Service),
        slices=objects.all(EndpointSlice),
        owners=objects.all(Owner),
    )


def load_objects(paths: Sequence[Path]) -> tuple[list[Pod], Evidence]:
    """Read Pods and evidence alone; see `load_cluster`."""
    loaded = load_cluster(paths)
    return list(loaded.pods), loaded.evidence


class _Objects:
    """Collects the documents, by kind and name."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], tuple[int, Any]] = {}
        """(kind or resource, namespace, name) → (resourceVersion, record)."""
        pool = Pool()
        self._kinds: dict[str, tuple[type[Any], Convert]] = _BUILT_IN | {
            "Pod": (PodObject, partial(pod_of, pool=pool)),
            "Service": (ServiceObject, partial(service_of, pool=pool)),
            # There may be more of them than Pods in the files: nothing is shared between the two.
            "EndpointSlice": (SliceObject, partial(slice_of, pool=pool, known=lambda _: None)),
            **{kind: (OwnerObject, partial(owner_of, kind=kind, pool=pool)) for kind in OWNERS.values()},
        }
        self._version = ""
        self._groups: set[str] = set()

    def take(self, document: Document, depth: int = 0) -> None:
        """Take one document: an object, a list of them, a watch event, or an answer of `/version` or `/apis`."""
        if depth > _MOST_DEPTH:
            return
        kind = document.get("kind")
        items, inner = document.get("items"), document.get("object")
        if isinstance(items, list):
            for each in items:
                if isinstance(each, dict):
                    self.take(_with_kind(each, document), depth + 1)
        elif isinstance(inner, dict) and document.get("type") in ("ADDED", "MODIFIED", "DELETED"):
            self._take_object(inner, is_gone=document["type"] == "DELETED")
        elif kind == "APIGroupList":
            self._take_groups(document)
        elif "gitVersion" in document and "major" in document:
            self._version = msgspec.convert(document, Version).git_version or "" if _is(document, Version) else ""
        elif isinstance(kind, str):
            self._take_object(document, is_gone=False)

    def _take_groups(self, document: Document) -> None:
        if _is(document, ApiGroups):
            self._groups |= {each.name for each in msgspec.convert(document, ApiGroups).groups or () if each.name}

    def _take_object(self, document: Document, *, is_gone: bool) -> None:
        record = self._record(document)
        if record is None:
            return
        version = _version(document)
        kind = record.resource if isinstance(record, CustomObject) else str(document.get("kind"))
        key = (kind, getattr(record, "namespace", ""), record.name)
        known = self._found.get(key)
        if known is not None and known[0] and version and known[0] > version:
            return
        if is_gone:
            self._found.pop(key, None)
        else:
            self._found[key] = (version, record)

    def _record(self, document: Document) -> Record | None:
        """Make the record of an object of interest; None for others and for what is no proper object."""
        kind, group = document.get("kind"), str(document.get("apiVersion") or "").rpartition("/")[0]
        try:
            meta = msgspec.convert(document, AnyObject).metadata
            if not isinstance(kind, str) or meta is None or not meta.name:
                return None
            # The group comes first: Calico has a Node of its own.
            if _is_custom(group):
                return custom_of(msgspec.convert(document, CustomResource), f"{_plural(kind)}.{group}")
            if kind in self._kinds:
                api, convert = self._kinds[kind]
                return convert(msgspec.convert(document, api))
        except msgspec.ValidationError:
            _log.warning("a %s with unexpected fields is left out", kind)
        return None

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Return the records of one kind, in the order in which they were read."""
        return tuple(record for _, record in self._found.values() if isinstance(record, kind))

    def evidence(self) -> Evidence:
        """Return everything else. The API groups are those of `/apis`, or else those that the objects are of."""
        records = [(kind, record) for (kind, _, _), (_, record) in self._found.items()]
        custom = self.all(CustomObject)
        groups = self._groups or {each.resource.partition(".")[2] for each in custom}
        return Evidence(
            version=self._version,
            api_groups=frozenset(groups),
            nodes=self.all(Node),
            daemon_sets=tuple(record for kind, record in records if kind == "DaemonSet"),
            deployments=tuple(record for kind, record in records if kind == "Deployment"),
            config_maps=self.all(ConfigMap),
            custom=custom,
        )


def _with_kind(item: Document, of: Document) -> Document:
    """Give a list's item the kind and apiVersion that the API leaves out where the list says them."""
    kind = of.get("kind")
    if "kind" in item or not isinstance(kind, str) or kind == "List":
        return item
    return {"kind": kind.removesuffix("List"), "apiVersion": of.get("apiVersion"), **item}


def _is(document: Document, kind: type[Any]) -> bool:
    try:
        msgspec.convert(document, kind)
    except msgspec.ValidationError:
        return False
    return True


def _version(document: Document) -> int:
    metadata = document.get("metadata")
    text = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 20 else 0


def _is_custom(group: str) -> bool:
    """Custom resources live in groups with a domain of their own; those of Kubernetes have none or end in k8s.io."""
    return "." in group and not group.endswith("k8s.io")


def _plural(kind: str) -> str:
    """Guess the resource's name from the kind as the plugins' own definitions form it: IPPool → ippools."""
    word = kind.lower()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"
