"""All objects in memory under one growing resourceVersion, with a bounded log of changes for watches and pages."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from podwire_lab.apiserver.kinds import CRD_KIND, Kinds, Resource

Object = dict[str, Any]
Key = tuple[str, str]
"""(namespace, name); the namespace is empty at the cluster scope. Sorted as etcd sorts its keys."""

FIRST_REVISION = 1000
LOG_SIZE = 8192
"""How many changes are remembered; older resourceVersions are answered with 410, as after a compaction."""


@dataclass(frozen=True)
class Change:
    """One write. `old` and `new` are None where the object did not exist before or does not after."""

    revision: int
    resource: Resource
    key: Key
    old: Object | None
    new: Object | None


class Store:
    """Objects by resource. Stored objects are never changed in place. One event loop only."""

    def __init__(self, kinds: Kinds, log_size: int = LOG_SIZE) -> None:
        self.kinds = kinds
        self.revision = FIRST_REVISION
        self.oldest = FIRST_REVISION
        """Changes up to this revision are forgotten: a watch may start here, not before."""
        self._objects: dict[str, dict[Key, Object]] = {}
        self._log: deque[Change] = deque()
        self._log_size = log_size
        self._changed = asyncio.Event()
        self.is_loading = False
        """True while `load` writes: objects that come as they are need nothing done for them."""
        self.observers: list[Callable[[Change], None]] = []

    def get(self, resource: Resource, key: Key) -> Object | None:
        return self._objects.get(resource.id, {}).get(key)

    def put(self, resource: Resource, key: Key, new: Object) -> Object:
        """Writes an object and returns it with its new resourceVersion."""
        old = self.get(resource, key)
        new = copy.deepcopy(new)
        new["apiVersion"], new["kind"] = resource.api_version, resource.kind
        new["metadata"]["resourceVersion"] = str(self.revision + 1)
        self._objects.setdefault(resource.id, {})[key] = new
        self._record(resource, key, old, new)
        return new

    def remove(self, resource: Resource, key: Key) -> Object:
        """Takes an object away and returns it as its DELETED event shows it; KeyError where there is none."""
        old = self._objects[resource.id].pop(key)
        self._record(resource, key, old, None)
        return at_revision(old, self.revision)

    def load(self, objects: Iterable[Object]) -> None:
        """Writes objects as they are; their resources must be served, or defined by an earlier one."""
        self.is_loading = True
        try:
            for item in objects:
                resource = self.kinds.by_kind(item["apiVersion"], item["kind"])
                if resource is None:
                    raise KeyError(f"{item['apiVersion']} {item['kind']}")
                self.put(resource, key_of(item), item)
        finally:
            self.is_loading = False

    def snapshot(self, resource: Resource, revision: int) -> list[tuple[Key, Object]]:
        """All objects of a resource as they were at `revision` (oldest ≤ revision ≤ now), sorted by key."""
        found = dict(self._objects.get(resource.id, {}))
        for change in reversed(self._log):
            if change.revision <= revision:
                break
            if change.resource.id != resource.id:
                continue
            if change.old is None:
                found.pop(change.key, None)
            else:
                found[change.key] = change.old
        return sorted(found.items())

    def changes_since(self, resource: Resource, revision: int) -> list[Change]:
        """The changes of a resource after `revision`, oldest first."""
        found = []
        for change in reversed(self._log):
            if change.revision <= revision:
                break
            if change.resource.id == resource.id:
                found.append(change)
        found.reverse()
        return found

    async def wait(self, revision: int) -> None:
        """Returns once something was written after `revision`."""
        while self.revision <= revision:
            await self._changed.wait()

    def compact(self) -> None:
        """Forgets all changes, as etcd's compaction does: older revisions and continue tokens become 410."""
        self._log.clear()
        self.oldest = self.revision

    def _record(self, resource: Resource, key: Key, old: Object | None, new: Object | None) -> None:
        self.revision += 1
        if resource.kind == CRD_KIND:
            self._define(old, new)
        change = Change(self.revision, resource, key, old, new)
        self._log.append(change)
        if len(self._log) > self._log_size:
            self.oldest = self._log.popleft().revision
        for observer in self.observers:
            observer(change)
        self._changed.set()
        self._changed = asyncio.Event()

    def _define(self, old: Object | None, new: Object | None) -> None:
        if old is not None:
            self.kinds.withdraw(old)
        if new is not None:
            self.kinds.define(new)


def at_revision(item: Object, revision: int) -> Object:
    """A copy with another resourceVersion: DELETED events show the last state at the revision of its end."""
    return {**item, "metadata": {**item["metadata"], "resourceVersion": str(revision)}}


def key_of(item: Object) -> Key:
    """An object's key."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
