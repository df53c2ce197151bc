"""Services, EndpointSlices and owners as the API writes them, cut down like all in `schema`."""

from __future__ import annotations

from msgspec import field

from podwire.kube.schema import Api, OwnerReference


class ServiceLabels(Api):
    """The label of an EndpointSlice that is read (`discovery.k8s.io/v1`, LabelServiceName)."""

    service: str | None = field(name="kubernetes.io/service-name", default=None)


class RelatedMeta(Api):
    """`meta/v1.ObjectMeta`, with the one label that says which Service an EndpointSlice is of."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    labels: ServiceLabels | None = None
    owner_references: list[OwnerReference] | None = None


class ServicePortEntry(Api):
    """`v1.ServicePort`."""

    port: int | None = None
    protocol: str | None = None
    name: str | None = None
    node_port: int | None = None


class ServiceSpec(Api):
    """`v1.ServiceSpec`."""

    type: str | None = None
    cluster_ip: str | None = field(name="clusterIP", default=None)
    cluster_ips: list[str] | None = field(name="clusterIPs", default=None)
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    external_name: str | None = None
    ports: list[ServicePortEntry] | None = None


class Ingress(Api):
    """`v1.LoadBalancerIngress`; a host name in place of the address is not read."""

    ip: str | None = None


class LoadBalancer(Api):
    """`v1.LoadBalancerStatus`."""

    ingress: list[Ingress] | None = None


class ServiceStatus(Api):
    """`v1.ServiceStatus`."""

    load_balancer: LoadBalancer | None = None


class ServiceObject(Api):
    """`v1.Service`."""

    metadata: RelatedMeta | None = None
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class EndpointConditions(Api):
    """`discovery/v1.EndpointConditions`."""

    ready: bool | None = None
    terminating: bool | None = None


class TargetRef(Api):
    """`v1.ObjectReference` to what is behind an endpoint."""

    kind: str | None = None
    uid: str | None = None


class EndpointEntry(Api):
    """`discovery/v1.Endpoint`."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None


class SliceObject(Api):
    """`discovery/v1.EndpointSlice`."""

    metadata: RelatedMeta | None = None
    endpoints: list[EndpointEntry] | None = None
    ports: list[ServicePortEntry] | None = None


class OwnerObject(Api):
    """The metadata of an owner (`meta/v1.PartialObjectMetadata`): its spec is never asked for."""

    metadata: RelatedMeta | None = None
