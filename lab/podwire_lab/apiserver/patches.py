"""The patch formats of the API: JSON merge patch, JSON patch, and the strategic merge of lists by their keys."""

from __future__ import annotations

import copy
from typing import Any

from podwire_lab.apiserver.problems import bad_request

Object = dict[str, Any]

MERGE_KEYS = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "containerPort",
    "tolerations": "key",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""patchMergeKey of the built-in types' lists (Kubernetes API, core/v1); other lists are replaced as a whole."""

_DIRECTIVES = ("$patch", "$retainKeys")


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merge(found.get(name), value)
    return found


def strategic(target: Any, patch: Any) -> Any:
    """Strategic merge: as `merge`, but lists with a merge key are merged by it, and `$patch: delete` removes."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {name: value for name, value in patch.items() if name not in _DIRECTIVES}
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if name in _DIRECTIVES or name.startswith("$setElementOrder/"):
            continue
        if name.startswith("$deleteFromPrimitiveList/"):
            _delete_values(found, name.partition("/")[2], value)
        elif value is None:
            found.pop(name, None)
        elif isinstance(value, list) and name in MERGE_KEYS:
            found[name] = _merge_list(found.get(name) or [], value, MERGE_KEYS[name])
        else:
            found[name] = strategic(found.get(name), value)
    return found


def _delete_values(found: Object, name: str, values: list[Any]) -> None:
    found[name] = [value for value in found.get(name, []) if value not in values]


def _merge_list(target: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(not isinstance(item, dict) or (key not in item and "$patch" not in item) for item in patch):
        return copy.deepcopy(patch)
    found = list(target)
    for item in patch:
        place = next((i for i, old in enumerate(found) if old.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del found[place]
        elif place is None:
            found.append(strategic({}, item))
        else:
            found[place] = strategic(found[place], item)
    return found


def json_patch(target: Object, operations: list[Object]) -> Object:
    """RFC 6902; ApiError 400 where an operation does not fit."""
    found = copy.deepcopy(target)
    try:
        for operation in operations:
            _operate(found, operation)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise bad_request(f"the JSON patch does not fit: {error}") from error
    return found


def _operate(document: Object, operation: Object) -> None:
    kind = operation["op"]
    if kind in {"copy", "move"}:
        value = copy.deepcopy(_find(document, operation["from"]))
        if kind == "move":
            _remove(document, operation["from"])
        _add(document, operation["path"], value)
    elif kind == "add":
        _add(document, operation["path"], operation["value"])
    elif kind == "replace":
        _find(document, operation["path"])
        _remove(document, operation["path"])
        _add(document, operation["path"], operation["value"])
    elif kind == "remove":
        _remove(document, operation["path"])
    elif kind == "test":
        if _find(document, operation["path"]) != operation["value"]:
            raise ValueError(f"test of {operation['path']} failed")
    else:
        raise ValueError(f"unknown operation {kind}")


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _find(document: Any, path: str) -> Any:
    found = document
    for step in _steps(path):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def _parent(document: Any, path: str) -> tuple[Any, str]:
    head, _, _ = path.rpartition("/")
    return _find(document, head), _steps(path)[-1]


def _add(document: Any, path: str, value: Any) -> None:
    parent, last = _parent(document, path)
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value


def _remove(document: Any, path: str) -> None:
    parent, last = _parent(document, path)
    del parent[int(last) if isinstance(parent, list) else last]
