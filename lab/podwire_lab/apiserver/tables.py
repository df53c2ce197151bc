"""What `Accept` asks for instead of whole objects: Tables for people, and metadata alone."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from podwire_lab.apiserver import problems
from podwire_lab.apiserver.kinds import Resource

Object = dict[str, Any]
_META = "meta.k8s.io/v1"


class Form(Enum):
    """How objects are shown."""

    WHOLE = "whole"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


def form_of(accept: str) -> Form:
    """The first form in an Accept header that the server has; ApiError 406 where it has none of them."""
    if not accept:
        return Form.WHOLE
    for part in accept.split(","):
        media, _, rest = part.strip().partition(";")
        parameters = dict(item.strip().partition("=")[::2] for item in rest.split(";") if item)
        if media.strip() not in {"application/json", "application/*", "*/*"}:
            continue
        wanted = parameters.get("as", "")
        if wanted == "Table" and parameters.get("v") == "v1":
            return Form.TABLE
        if wanted in {"PartialObjectMetadata", "PartialObjectMetadataList"}:
            return Form.METADATA
        if not wanted:
            return Form.WHOLE
    raise problems.not_acceptable()


def shape_list(form: Form, resource: Resource, found: Object, include: str) -> Object:
    """A `…List` document in another form."""
    if form is Form.TABLE:
        return _table(resource, found["items"], found["metadata"], include)
    if form is Form.METADATA:
        items = [metadata_only(item) for item in found["items"]]
        return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": found["metadata"], "items": items}
    return found


def shape_one(form: Form, resource: Resource, item: Object, include: str) -> Object:
    """One object in another form."""
    if form is Form.TABLE:
        return _table(resource, [item], {"resourceVersion": item["metadata"].get("resourceVersion", "")}, include)
    return metadata_only(item) if form is Form.METADATA else item


def metadata_only(item: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": item["metadata"]}


@dataclass(frozen=True)
class Column:
    """A column of a Table; priority 1 is shown with `kubectl get -o wide` only."""

    name: str
    value: Callable[[Object], Any]
    priority: int = 0
    type_: str = "string"


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def _age(item: Object) -> str:
    created = item["metadata"].get("creationTimestamp")
    if not created:
        return "<unknown>"
    seconds = int((datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(created)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def _statuses(item: Object) -> list[Object]:
    found: list[Object] = item.get("status", {}).get("containerStatuses", [])
    return found


def _ready(item: Object) -> str:
    ready = sum(1 for state in _statuses(item) if state.get("ready"))
    return f"{ready}/{len(item.get('spec', {}).get('containers', []))}"


def _pod_status(item: Object) -> str:
    if item["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for state in _statuses(item):
        waiting = state.get("state", {}).get("waiting")
        if waiting:
            return str(waiting.get("reason", "Waiting"))
    return str(item.get("status", {}).get("phase", "Unknown"))


def _node_status(item: Object) -> str:
    for found in item.get("status", {}).get("conditions", []):
        if found["type"] == "Ready":
            return "Ready" if found["status"] == "True" else "NotReady"
    return "Unknown"


_NAME = Column("Name", _name)
_AGE = Column("Age", _age)
_COLUMNS = {
    "pods": (
        _NAME,
        Column("Ready", _ready),
        Column("Status", _pod_status),
        Column("Restarts", lambda item: str(sum(state.get("restartCount", 0) for state in _statuses(item)))),
        _AGE,
        Column("IP", lambda item: item.get("status", {}).get("podIP", "<none>"), 1),
        Column("Node", lambda item: item.get("spec", {}).get("nodeName", "<none>"), 1),
    ),
    "nodes": (
        _NAME,
        Column("Status", _node_status),
        Column("Roles", lambda _: "<none>"),
        _AGE,
        Column("Version", lambda item: item.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")),
    ),
    "configmaps": (_NAME, Column("Data", lambda item: len(item.get("data") or {}), 0, "integer"), _AGE),
    "daemonsets.apps": (
        _NAME,
        Column("Desired", lambda item: item["status"].get("desiredNumberScheduled", 0), 0, "integer"),
        Column("Ready", lambda item: item["status"].get("numberReady", 0), 0, "integer"),
        _AGE,
    ),
}


def _table(resource: Resource, items: list[Object], metadata: Object, include: str) -> Object:
    columns = _COLUMNS.get(resource.id, (_NAME, _AGE))
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": metadata,
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type_,
                "format": "name" if column is _NAME else "",
                "description": "",
                "priority": column.priority,
            }
            for column in columns
        ],
        "rows": [_row(resource, columns, item, include) for item in items],
    }


def _row(resource: Resource, columns: tuple[Column, ...], item: Object, include: str) -> Object:
    row: Object = {"cells": [column.value(item) for column in columns]}
    if include == "Object":
        row["object"] = {"kind": resource.kind, "apiVersion": resource.api_version, **item}
    elif include != "None":
        row["object"] = metadata_only(item)
    return row
