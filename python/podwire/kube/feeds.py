"""What is followed and how its objects become records: the feeds, and what hears them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from podwire.kube.cilium_schema import CiliumNodeObject
from podwire.kube.objects import (
    cilium_node_of,
    config_map_of,
    custom_of,
    node_of,
    shares_host_network,
    workload_of,
)
from podwire.kube.pod_schema import PodObject
from podwire.kube.pods import pod_of
from podwire.kube.pool import Pool
from podwire.kube.resources import CILIUM_NODES, ENDPOINT_SLICES, NODES, OWNERS, PODS, SERVICES, Resource
from podwire.kube.schema import (
    Api,
    ConfigMapObject,
    CustomResource,
    NodeObject,
    WorkloadObject,
)
from podwire.kube.service_schema import OwnerObject, ServiceObject, SliceObject
from podwire.kube.services import KnownPod, owner_of, service_of, slice_of
from podwire.model.evidence import ConfigMap, CustomObject, Node, Workload
from podwire.model.owners import Owner
from podwire.model.pods import Pod
from podwire.model.services import EndpointSlice, Service

_JSON = "application/json"
_PARTIAL = f"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{_JSON}"
_PARTIAL_LIST = f"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_JSON}"

A = TypeVar("A", bound=Api)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Feed(Generic[A, T]):
    """What is followed, and how its objects become records."""

    resource: Resource
    api: type[A]
    convert: Callable[[A], T]
    key: Callable[[T], str]
    is_metadata_only: bool = False
    """True: the server is asked for `PartialObjectMetadata`, and leaves spec and status out."""

    @property
    def list_accept(self) -> str:
        """The media types that a list is asked for in; a server that cannot leave anything out gives it whole."""
        return _PARTIAL_LIST if self.is_metadata_only else _JSON

    @property
    def watch_accept(self) -> str:
        """The media types that a watch is asked for in."""
        return _PARTIAL if self.is_metadata_only else _JSON


class Listener(Protocol[T]):
    """Hears what a follower sees; called on the event loop, must not block."""

    def replaced(self, records: dict[str, T]) -> None:
        """All records at once: after a list. The mapping is the follower's own and must not be changed."""
        ...

    def changed(self, record: T) -> None:
        """One record is new or different."""
        ...

    def removed(self, record: T) -> None:
        """One record is gone; this is its last state."""
        ...

    def phase_changed(self) -> None:
        """The follower's phase or error is another one."""
        ...


class Agents(Struct, frozen=True):
    """A DaemonSet, and whether its Pods use their node's network as the agents of every CNI plugin do."""

    workload: Workload
    share_host_network: bool = False


class Phase(StrEnum):
    """How a follower stands."""

    WAITING = "waiting"
    """Not listed yet."""
    LISTED = "listed"
    """The records are known, from a list or the last connection, but not watched yet."""
    FOLLOWING = "following"
    DENIED = "denied"
    ABSENT = "absent"
    FAILING = "failing"


def pod_feed() -> Feed[PodObject, Pod]:
    """All Pods. The feed has its own pool of repeated values: make one for each cluster."""
    return Feed(PODS, PodObject, partial(pod_of, pool=Pool()), _uid)


def service_feed(pool: Pool) -> Feed[ServiceObject, Service]:
    """All Services."""
    return Feed(SERVICES, ServiceObject, partial(service_of, pool=pool), _related_uid)


def slice_feed(pool: Pool, known: KnownPod) -> Feed[SliceObject, EndpointSlice]:
    """All EndpointSlices; `known` finds the Pods behind them."""
    return Feed(ENDPOINT_SLICES, SliceObject, partial(slice_of, pool=pool, known=known), _related_uid)


def owner_feed(resource: Resource, pool: Pool) -> Feed[OwnerObject, Owner]:
    """All objects of one of OWNERS, without their spec and status."""
    convert = partial(owner_of, kind=OWNERS[resource], pool=pool)
    return Feed(resource, OwnerObject, convert, _related_uid, is_metadata_only=True)


def evidence_feed(resource: Resource) -> Feed[Any, Any]:
    """The feed of anything that the detectors read."""
    if resource == NODES:
        return Feed(resource, NodeObject, node_of, _name)
    if resource.plural == "daemonsets":
        return Feed(resource, WorkloadObject, _agents, _agents_name)
    if resource.plural == "deployments":
        return Feed(resource, WorkloadObject, workload_of, _full_name)
    if resource.plural == "configmaps":
        return Feed(resource, ConfigMapObject, config_map_of, _full_name)
    label = f"{resource.plural}.{resource.group}"
    if resource.plural == CILIUM_NODES:
        return Feed(resource, CiliumNodeObject, partial(cilium_node_of, resource=label), _full_name)
    return Feed(resource, CustomResource, partial(custom_of, resource=label), _full_name)


def _uid(record: Pod) -> str:
    return record.uid


def _related_uid(record: Service | EndpointSlice | Owner) -> str:
    return record.uid


def _name(record: Node) -> str:
    return record.name


def _full_name(record: Workload | ConfigMap | CustomObject) -> str:
    return f"{record.namespace}/{record.name}"


def _agents(api: WorkloadObject) -> Agents:
    return Agents(workload_of(api), shares_host_network(api))


def _agents_name(record: Agents) -> str:
    return _full_name(record.workload)
