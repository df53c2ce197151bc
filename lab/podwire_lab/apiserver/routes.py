"""From paths and methods to what they name: a resource and a verb, or a document about the API itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podwire_lab.apiserver import problems
from podwire_lab.apiserver.kinds import Kinds
from podwire_lab.apiserver.openapi import openapi
from podwire_lab.apiserver.problems import PlainNotFoundError
from podwire_lab.apiserver.reads import Target

Object = dict[str, Any]


def target_of(kinds: Kinds, path: str) -> Target | None:
    """What a path below /api/v1 or /apis/GROUP/VERSION names, None for any other path.

    PlainNotFoundError for a resource or subresource that is not served.
    """
    if not path.startswith(("/api/", "/apis/")):
        return None
    parts = path.split("/")[1:]
    group, rest = ("", parts[1:]) if parts[0] == "api" else (parts[1], parts[2:])
    if len(rest) < 2:
        return None
    version, rest = rest[0], rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    resource = kinds.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (len(rest) == 3 and rest[2] != "status"):
        raise PlainNotFoundError
    return Target(resource, namespace, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else "")


def verb_of(method: str, query: Mapping[str, str], target: Target | None) -> str:
    """The API's verb for a request; ApiError 405 where the resource does not know it."""
    if target is None:
        if method != "GET":
            raise problems.method_not_allowed()
        return "get"
    if method == "GET":
        if query.get("watch", "").lower() in {"1", "true"}:
            return "watch"
        return "get" if target.name else "list"
    verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, "")
    if verb == "delete" and not target.name:
        verb = "deletecollection"
    if verb not in target.resource.verbs or (verb == "create") == bool(target.name):
        raise problems.method_not_allowed()
    return verb


def about(kinds: Kinds, path: str, git_version: str) -> Object:
    """A document about the API: version, groups, resources. PlainNotFoundError where there is none at `path`."""
    parts = path.split("/")[1:]
    found: Object | None = None
    if path == "/version":
        found = _version(git_version)
    elif path == "/api":
        found = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    elif path == "/apis":
        found = kinds.groups()
    elif path == "/api/v1":
        found = kinds.resource_list("", "v1")
    elif parts[0] == "openapi":
        found = openapi(kinds, path)
    elif parts[0] == "apis" and len(parts) == 2:
        group = kinds.group(parts[1])
        found = group and {"kind": "APIGroup", "apiVersion": "v1", **group}
    elif parts[0] == "apis" and len(parts) == 3:
        found = kinds.resource_list(parts[1], parts[2])
    if found is None:
        raise PlainNotFoundError
    return found


def _version(git_version: str) -> Object:
    major, minor = git_version.removeprefix("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": git_version,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26",
        "compiler": "gc",
        "platform": "linux/amd64",
    }
