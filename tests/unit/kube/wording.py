"""How an API server words objects, events and refusals, for the tests' server."""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]


def status_body(code: int, reason: str = "", message: str = "", **details: Any) -> str:
    """Write a Status object."""
    status = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return json.dumps(status | ({"details": details} if details else {}))


def key_of(thing: Object) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def collection_of(path: str) -> tuple[str, str, str]:
    """Split a namespaced path: `/api/v1/namespaces/a/pods/b` is (`/api/v1/pods`, `a`, `b`)."""
    parts = path.split("/")
    if "namespaces" not in parts:
        return path, "", ""
    at = parts.index("namespaces")
    namespace, plural, *name = parts[at + 1 :]
    return "/".join([*parts[:at], plural]), namespace, name[0] if name else ""


def group_of(path: str) -> str:
    return path.split("/")[2] if path.startswith("/apis/") else ""


def api_group(name: str, versions: list[str]) -> Object:
    entries = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def event_line(kind: str, thing: Object) -> bytes:
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


def error_line(code: int, reason: str, message: str) -> bytes:
    return json.dumps({"type": "ERROR", "object": json.loads(status_body(code, reason, message))}).encode() + b"\n"
