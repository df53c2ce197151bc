"""`v1.Pod` as the API writes it, cut down to the fields that podwire reads; see `schema` for what holds for all."""

from __future__ import annotations

from msgspec import field

from podwire.kube.schema import Api, Condition, OwnerReference


class Waiting(Api):
    """`v1.ContainerStateWaiting`."""

    reason: str | None = None


class Terminated(Api):
    """`v1.ContainerStateTerminated`."""

    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None


class Running(Api):
    """`v1.ContainerStateRunning`."""


class ContainerState(Api):
    """`v1.ContainerState`: at most one of the three is set."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Api):
    """`v1.ContainerStatus`."""

    name: str | None = None
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    state: ContainerState | None = None


class PodIP(Api):
    """`v1.PodIP`; `v1.HostIP` is the same."""

    ip: str | None = None


class PodPort(Api):
    """`v1.ContainerPort`."""

    container_port: int | None = None
    host_port: int | None = None
    host_ip: str | None = field(name="hostIP", default=None)
    protocol: str | None = None
    name: str | None = None


class PodContainerSpec(Api):
    """`v1.Container` of a Pod, without its environment, which is often half of it."""

    name: str | None = None
    image: str | None = None
    restart_policy: str | None = None
    ports: list[PodPort] | None = None


class PodSpec(Api):
    """`v1.PodSpec` of a running Pod."""

    node_name: str | None = None
    host_network: bool | None = None
    init_containers: list[PodContainerSpec] | None = None
    containers: list[PodContainerSpec] | None = None


class PodStatus(Api):
    """`v1.PodStatus`."""

    phase: str | None = None
    reason: str | None = None
    start_time: str | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    pod_ips: list[PodIP] | None = field(name="podIPs", default=None)
    host_ip: str | None = field(name="hostIP", default=None)
    host_ips: list[PodIP] | None = field(name="hostIPs", default=None)
    conditions: list[Condition] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    container_statuses: list[ContainerStatus] | None = None


class PodAnnotations(Api):
    """What plugins write on a Pod about its addresses.

    Calico writes those of its own, and empties the annotation once the Pod has none; Multus writes those of all
    networks, as a JSON text (k8s.v1.cni.cncf.io, Network Plumbing Working Group specification 1.3 §4).
    """

    calico_ip: str | None = field(name="cni.projectcalico.org/podIP", default=None)
    calico_ips: str | None = field(name="cni.projectcalico.org/podIPs", default=None)
    networks: str | None = field(name="k8s.v1.cni.cncf.io/network-status", default=None)


class NetworkStatus(Api, rename=None):
    """One entry of the annotation `k8s.v1.cni.cncf.io/network-status`."""

    ips: list[str] | None = None
    default: bool | None = None


class PodMeta(Api):
    """`meta/v1.ObjectMeta` of a Pod: of its annotations only those that are used."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: PodAnnotations | None = None
    owner_references: list[OwnerReference] | None = None


class PodObject(Api):
    """`v1.Pod`."""

    metadata: PodMeta | None = None
    spec: PodSpec | None = None
    status: PodStatus | None = None
