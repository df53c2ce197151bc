"""Changes of the whole cluster at once: another data plane, VNI or port, in the network and in the API alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.store import Key, Store, key_of
from podwire_lab.errors import LabError
from podwire_lab.objects.cluster import nodes, plugin_objects
from podwire_lab.objects.truth import Cluster, Plane

Object = dict[str, Any]

MAX_VNI = (1 << 24) - 1
"""RFC 7348 §5: 24 bits."""
MAX_PORT = 65535


def retuned(plane: Plane, vni: int | None, port: int | None) -> Plane:
    """The plane with another VNI or UDP port; LabError where it has none or the value is out of range."""
    if not plane.has_port:
        raise LabError(f"{plane.name} has no encapsulation, so no VNI or port to change.")
    new = replace(plane, vni=plane.vni if vni is None else vni, port=plane.port if port is None else port)
    if vni is not None and not plane.vni:
        raise LabError(f"{plane.name} has no VNI of its own to change.")
    if vni is not None and not 1 <= vni <= MAX_VNI:
        raise LabError(f"A VNI is 1 to {MAX_VNI}, not {vni}.")
    if not 1 <= new.port <= MAX_PORT:
        raise LabError(f"A UDP port is 1 to {MAX_PORT}, not {new.port}.")
    return new


def rewrite(store: Store, old: Cluster, new: Cluster) -> None:
    """Turns the plugin's objects and the Nodes from what `old` says to what `new` says.

    What stays keeps its UID; what does not change is not written.
    """
    before = _keyed(store, plugin_objects(old))
    wanted = plugin_objects(new)
    names = {(item["apiVersion"], item["kind"], key_of(item)) for item in wanted}
    gone = [place for place, item in before.items() if (item["apiVersion"], item["kind"], place[1]) not in names]
    for resource, key in reversed(gone):
        if store.get(resource, key) is not None:
            store.remove(resource, key)
    for item in [*wanted, *nodes(new)]:
        _put(store, item)


def _keyed(store: Store, objects: list[Object]) -> dict[tuple[Resource, Key], Object]:
    found = {}
    for item in objects:
        resource = store.kinds.by_kind(item["apiVersion"], item["kind"])
        if resource is not None:
            found[resource, key_of(item)] = item
    return found


def _put(store: Store, item: Object) -> None:
    resource = store.kinds.by_kind(item["apiVersion"], item["kind"])
    if resource is None:
        raise LabError(f"The lab's API server does not serve {item['kind']} of {item['apiVersion']}.")
    old = store.get(resource, key_of(item))
    if old is not None:
        kept = {name: old["metadata"][name] for name in ("uid", "creationTimestamp") if name in old["metadata"]}
        item = {**item, "metadata": {**item["metadata"], **kept}}
        if _content(item) == _content(old):
            return
    store.put(resource, key_of(item), item)


def _content(item: Object) -> Object:
    """What makes a difference: not the resourceVersion, not the moments in a status."""
    metadata = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    return {**item, "metadata": metadata, "status": None}
