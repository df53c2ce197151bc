"""As much of the OpenAPI documents as kubectl asks for before it writes: that the server validates fields itself."""

from __future__ import annotations

from typing import Any

from podwire_lab.apiserver.kinds import Kinds, Resource

Object = dict[str, Any]
_PREFIX = "/openapi/v3"


def openapi(kinds: Kinds, path: str) -> Object | None:
    """The index at /openapi/v3, or one group version's document; None for any other path."""
    if path == _PREFIX:
        versions = {_place(item) for item in kinds.all()}
        return {"paths": {place: {"serverRelativeURL": f"{_PREFIX}/{place}"} for place in sorted(versions)}}
    place = path.removeprefix(f"{_PREFIX}/")
    served = [item for item in kinds.all() if _place(item) == place]
    if place == path or not served:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1"},
        "paths": {_path(item): {"patch": _patch(item)} for item in served},
        "components": {"schemas": {}},
    }


def _place(item: Resource) -> str:
    return f"apis/{item.group}/{item.version}" if item.group else f"api/{item.version}"


def _path(item: Resource) -> str:
    where = "namespaces/{namespace}/" if item.is_namespaced else ""
    return f"/{_place(item)}/{where}{item.plural}/{{name}}"


def _patch(item: Resource) -> Object:
    return {
        "operationId": f"patch{item.kind}",
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": item.group, "version": item.version, "kind": item.kind},
    }
