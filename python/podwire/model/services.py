"""Services and their EndpointSlices, cut down to what tells which Service an address and port belongs to."""

from __future__ import annotations

from msgspec import Struct


class ServicePort(Struct, frozen=True, gc=False, omit_defaults=True):
    """One port of a Service (`core/v1.ServicePort`) or of an EndpointSlice (`discovery/v1.EndpointPort`)."""

    number: int
    """1–65535; 0 in an EndpointSlice that stands for all ports."""
    protocol: str = "TCP"
    """TCP, UDP or SCTP."""
    name: str = ""
    node_port: int = 0
    """The port on every node's addresses, 1–65535; 0 where there is none."""


class Service(Struct, frozen=True, gc=False, omit_defaults=True):
    """One Service of one cluster, flattened from `core/v1.Service`."""

    uid: str
    namespace: str
    name: str
    type: str = "ClusterIP"
    """ClusterIP, NodePort, LoadBalancer or ExternalName."""
    cluster_ips: tuple[str, ...] = ()
    """`spec.clusterIPs` in canonical form; empty where the Service is headless or an ExternalName."""
    external_ips: tuple[str, ...] = ()
    """`spec.externalIPs` in canonical form."""
    load_balancer_ips: tuple[str, ...] = ()
    """The addresses of `status.loadBalancer.ingress` in canonical form; host names are left out."""
    ports: tuple[ServicePort, ...] = ()
    external_name: str = ""
    created_ns: int = 0
    """`metadata.creationTimestamp` in nanoseconds since the epoch; 0 where it is not set."""


class SliceEndpoint(Struct, frozen=True, gc=False, omit_defaults=True):
    """One backend of an EndpointSlice (`discovery/v1.Endpoint`)."""

    addresses: tuple[str, ...]
    """In canonical form; Kubernetes uses the first."""
    target_uid: str = ""
    """UID of the Pod behind it; empty where it is no Pod."""
    is_ready: bool = True
    """`conditions.ready`; not told counts as ready, as the API says."""
    is_terminating: bool = False


class EndpointSlice(Struct, frozen=True, gc=False, omit_defaults=True):
    """Some of the backends of one Service (`discovery/v1.EndpointSlice`)."""

    uid: str
    namespace: str
    name: str
    service: str = ""
    """The Service of the same namespace (label `kubernetes.io/service-name`); empty where none is named."""
    ports: tuple[ServicePort, ...] = ()
    endpoints: tuple[SliceEndpoint, ...] = ()
