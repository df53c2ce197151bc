"""The write verbs: create, update, patch, delete, with optimistic concurrency and the slow death of Pods."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from podwire_lab.apiserver import patches, problems
from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.reads import Target, in_scope, read
from podwire_lab.apiserver.selectors import selector
from podwire_lab.apiserver.store import Key, Store
from podwire_lab.objects.core import now, suffix

Object = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
DEFAULT_GRACE = 30
"""Seconds: terminationGracePeriodSeconds where a Pod names none."""


class Writer:
    """Changes the store as an API server does. `has_kubelet` keeps deleted Pods until somebody removes them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.has_kubelet = False

    def create(self, target: Target, body: Object) -> Object:
        """ApiError 400 for a wrong kind or namespace, 409 where it exists already."""
        new = copy.deepcopy(body)
        _check_kind(target.resource, new)
        metadata = new.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + suffix()
        key = self._key(target, metadata)
        if self._store.get(target.resource, key) is not None:
            raise problems.already_exists(target.resource, key[1])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        if target.resource.plural == "pods":
            new["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
            new.setdefault("spec", {}).setdefault("terminationGracePeriodSeconds", DEFAULT_GRACE)
        return self._store.put(target.resource, key, new)

    def update(self, target: Target, body: Object) -> Object:
        """PUT; with a resourceVersion other than the present one ApiError 409."""
        old = read(self._store, target)
        _check_kind(target.resource, body)
        return self._replace(target, old, body)

    def patch(self, target: Target, format_: str, body: Any) -> Object:
        """PATCH in one of the four formats; apply creates what does not exist."""
        if isinstance(body, list) != (format_ == JSON):
            raise problems.bad_request(f"the body of the request is no patch of the format {format_}")
        if format_ == APPLY and self._store.get(target.resource, target.key) is None:
            return self.create(target, body)
        old = read(self._store, target)
        if format_ == JSON:
            new = patches.json_patch(old, body)
        elif format_ == MERGE:
            new = patches.merge(old, body)
        elif format_ in {STRATEGIC, APPLY}:
            if target.resource.is_custom and format_ == STRATEGIC:
                raise problems.unsupported_media(format_, f"{JSON}, {MERGE}, {APPLY}")
            new = patches.strategic(old, body)
        else:
            raise problems.unsupported_media(format_, f"{JSON}, {MERGE}, {STRATEGIC}, {APPLY}")
        return self._replace(target, old, new)

    def delete(self, target: Target, options: Mapping[str, Any]) -> Object:
        """Removes the object, or begins the end of a Pod that a kubelet still runs; returns what DELETE answers."""
        old = read(self._store, target)
        grace = options.get("gracePeriodSeconds")
        grace = old.get("spec", {}).get("terminationGracePeriodSeconds", DEFAULT_GRACE) if grace is None else int(grace)
        is_alive = target.resource.plural == "pods" and bool(old.get("spec", {}).get("nodeName"))
        if is_alive and self.has_kubelet and grace:
            if old["metadata"].get("deletionTimestamp"):
                return old
            return self._mark_deleted(target, old, grace)
        if target.resource.plural == "namespaces":
            self._empty(target.name)
        if target.resource.plural == "pods":
            self._mark_deleted(target, old, 0)
            return self._store.remove(target.resource, target.key)
        last = self._store.remove(target.resource, target.key)
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": target.name, "kind": target.resource.plural, "uid": last["metadata"].get("uid", "")},
        }

    def _mark_deleted(self, target: Target, old: Object, grace: int) -> Object:
        """Writes when a Pod is to be gone; the server does so also right before it removes one, with 0 s of grace."""
        ends = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": grace}
        return self._store.put(target.resource, target.key, {**old, "metadata": {**old["metadata"], **ends}})

    def delete_all(self, target: Target, query: Mapping[str, str], options: Mapping[str, Any]) -> Object:
        """DELETE of a collection."""
        test = selector(target.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        for key, item in self._store.snapshot(target.resource, self._store.revision):
            if in_scope(target, key) and test(item):
                self.delete(Target(target.resource, *key), options)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    def _replace(self, target: Target, old: Object, new: Object) -> Object:
        wanted = new.get("metadata", {}).get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise problems.conflict(target.resource, target.name)
        new = _keep(target, old, new)
        if new == old:
            return old
        if target.subresource != "status" and new.get("spec") != old.get("spec") and "generation" in old["metadata"]:
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        return self._store.put(target.resource, target.key, new)

    def _key(self, target: Target, metadata: Object) -> Key:
        if not metadata.get("name"):
            raise problems.invalid(
                target.resource.kind, "metadata.name: Required value: name or generateName is required"
            )
        if not target.resource.is_namespaced:
            return "", metadata["name"]
        namespace = metadata.setdefault("namespace", target.namespace or "default")
        if target.namespace and namespace != target.namespace:
            raise problems.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        return namespace, metadata["name"]

    def _empty(self, namespace: str) -> None:
        for resource in self._store.kinds.all():
            for key, _ in self._store.snapshot(resource, self._store.revision):
                if resource.is_namespaced and key[0] == namespace:
                    self._store.remove(resource, key)


def _check_kind(resource: Resource, body: Object) -> None:
    given = (body.get("apiVersion", resource.api_version), body.get("kind", resource.kind))
    if given != (resource.api_version, resource.kind):
        text = f"the object provided is unrecognized: {given[1]} in version {given[0]!r} is not {resource.kind}"
        raise problems.bad_request(text)


def _keep(target: Target, old: Object, new: Object) -> Object:
    """A write to an object leaves its status, one to its status leaves all else, and none changes its identity."""
    found = {**old, "status": new.get("status", {})} if target.subresource == "status" else dict(new)
    if target.subresource != "status" and "status" in old and target.resource.plural in {"pods", "nodes"}:
        found["status"] = old["status"]
    found["apiVersion"], found["kind"] = old["apiVersion"], old["kind"]
    kept = {name: old["metadata"][name] for name in _IDENTITY if name in old["metadata"]}
    base = old["metadata"] if target.subresource == "status" else new.get("metadata", {})
    found["metadata"] = {**base, **kept}
    return found


_IDENTITY = ("name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp")
