"""Services, EndpointSlices and owners of the API → the records of `model.services` and `model.owners`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from podwire.kube.addresses import canonical_all
from podwire.kube.pods import controller_of, nanoseconds
from podwire.kube.pool import Pool
from podwire.kube.service_schema import (
    EndpointConditions,
    EndpointEntry,
    LoadBalancer,
    OwnerObject,
    RelatedMeta,
    ServiceObject,
    ServicePortEntry,
    ServiceSpec,
    ServiceStatus,
    SliceObject,
    TargetRef,
)
from podwire.model.owners import Owner
from podwire.model.pods import Pod
from podwire.model.services import EndpointSlice, Service, ServicePort, SliceEndpoint

_NO_META = RelatedMeta()
_NO_CONDITIONS = EndpointConditions()
_NO_TARGET = TargetRef()

KnownPod = Callable[[str], Pod | None]
"""Finds a Pod by its UID, so that its UID and addresses need not be kept twice."""


def service_of(api: ServiceObject, pool: Pool) -> Service:
    """Flatten a Service."""
    meta, spec, status = api.metadata or _NO_META, api.spec or ServiceSpec(), api.status or ServiceStatus()
    balancer = status.load_balancer or LoadBalancer()
    return Service(
        uid=_uid(meta),
        namespace=pool.share(meta.namespace or ""),
        name=meta.name or "",
        type=pool.share(spec.type or "ClusterIP"),
        # The text "None", which a headless Service has here, is no address and is left out with all such.
        cluster_ips=canonical_all(spec.cluster_ips or [spec.cluster_ip]),
        external_ips=canonical_all(spec.external_ips or ()),
        load_balancer_ips=canonical_all(each.ip for each in balancer.ingress or ()),
        ports=_ports(spec.ports, pool, without_number=False),
        external_name=spec.external_name or "",
        created_ns=nanoseconds(meta.creation_timestamp),
    )


def slice_of(api: SliceObject, pool: Pool, known: KnownPod) -> EndpointSlice:
    """Flatten an EndpointSlice."""
    meta = api.metadata or _NO_META
    return EndpointSlice(
        uid=_uid(meta),
        namespace=pool.share(meta.namespace or ""),
        name=meta.name or "",
        service=pool.share((meta.labels.service if meta.labels else None) or ""),
        ports=_ports(api.ports, pool, without_number=True),
        endpoints=tuple(_endpoint(each, known) for each in api.endpoints or () if each.addresses),
    )


def owner_of(api: OwnerObject, kind: str, pool: Pool) -> Owner:
    """Flatten what may own Pods; `kind` is that of the collection, whose items do not say theirs."""
    meta = api.metadata or _NO_META
    controller = controller_of(meta.owner_references)
    return Owner(
        kind=kind,
        namespace=pool.share(meta.namespace or ""),
        name=meta.name or "",
        uid=pool.share(_uid(meta)),
        owner_kind=pool.share(controller.kind or ""),
        owner_name=pool.share(controller.name or ""),
        owner_uid=pool.share(controller.uid or ""),
    )


def _uid(meta: RelatedMeta) -> str:
    return meta.uid or f"{meta.namespace or ''}/{meta.name or ''}"


def _ports(entries: Iterable[ServicePortEntry] | None, pool: Pool, *, without_number: bool) -> tuple[ServicePort, ...]:
    """Flatten ports; in an EndpointSlice one without a number stands for all (`discovery/v1.EndpointPort`)."""
    return pool.share(
        tuple(
            ServicePort(
                number=each.port or 0,
                protocol=pool.share(each.protocol or "TCP"),
                name=pool.share(each.name or ""),
                node_port=each.node_port or 0,
            )
            for each in entries or ()
            if each.port or without_number
        )
    )


def _endpoint(api: EndpointEntry, known: KnownPod) -> SliceEndpoint:
    conditions, target = api.conditions or _NO_CONDITIONS, api.target_ref or _NO_TARGET
    addresses = canonical_all(api.addresses or ())
    uid = (target.uid or "") if target.kind == "Pod" else ""
    pod = known(uid) if uid else None
    if pod is not None:
        uid = pod.uid
        addresses = pod.ips if pod.ips == addresses else tuple(_same(each, pod.ips) for each in addresses)
    return SliceEndpoint(
        addresses=addresses,
        target_uid=uid,
        is_ready=conditions.ready is not False,
        is_terminating=bool(conditions.terminating),
    )


def _same(address: str, among: tuple[str, ...]) -> str:
    return next((each for each in among if each == address), address)
