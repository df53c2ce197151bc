"""A Pod as podwire keeps it: the few fields that naming and the vPort table need."""

from __future__ import annotations

from msgspec import Struct


class DeclaredPort(Struct, frozen=True, gc=False, omit_defaults=True):
    """A port that a container says it listens on (`core/v1.ContainerPort`)."""

    number: int
    """`containerPort`, 1–65535."""
    protocol: str = "TCP"
    """TCP, UDP or SCTP."""
    host_port: int = 0
    """The port on the node's addresses that leads to it, 1–65535; 0 where there is none."""
    name: str = ""
    host_ip: str = ""
    """The one address of the node at which `host_port` is, canonical text form; empty: at all."""


class PodContainer(Struct, frozen=True, gc=False, omit_defaults=True):
    """A container of a Pod: what it runs, and how it does."""

    name: str
    image: str = ""
    """As the Pod's spec names it."""
    state: str = ""
    """running, or the reason why not (CrashLoopBackOff, Completed, …), else waiting or terminated; empty while the
    kubelet has said nothing."""
    restarts: int = 0
    is_ready: bool = False
    is_init: bool = False


class Pod(Struct, frozen=True, gc=False, omit_defaults=True):
    """One Pod of one cluster, flattened from `v1.Pod` (Kubernetes API, core/v1)."""

    uid: str
    namespace: str
    name: str
    node: str = ""
    """`spec.nodeName`; empty while the Pod is not scheduled."""
    phase: str = ""
    """`status.phase`: Pending, Running, Succeeded, Failed or Unknown."""
    power: str = ""
    """What its containers do, in the words of `kubectl get pods` (Running, ContainerCreating, CrashLoopBackOff, …)."""
    ips: tuple[str, ...] = ()
    """All of `status.podIPs`, canonical text form; until it is there, what Calico has written on the Pod."""
    labels: tuple[tuple[str, str], ...] = ()
    """`metadata.labels`, sorted by key."""
    host_network: bool = False
    """True where the Pod shares its node's addresses (`spec.hostNetwork`)."""
    created_ns: int = 0
    """`metadata.creationTimestamp` in nanoseconds since the epoch."""
    started_ns: int = 0
    """`status.startTime` in nanoseconds since the epoch; 0 where it is not set."""
    owner_kind: str = ""
    owner_name: str = ""
    owner_uid: str = ""
    """The controlling `metadata.ownerReferences` entry, as written there."""
    containers: tuple[PodContainer, ...] = ()
    """The init containers, then the others, each in the order of the spec."""
    ports: tuple[DeclaredPort, ...] = ()
    """What the containers declare, in the order of the spec. A container may listen on others too."""
    secondary_ips: tuple[str, ...] = ()
    """Addresses in further networks (`k8s.v1.cni.cncf.io/network-status`), canonical text form, none of `ips`."""
    host_ips: tuple[str, ...] = ()
    """The node's addresses (`status.hostIPs`), canonical text form, of a Pod that has ports there (`host_port`) and a
    network of its own; empty for all others."""
    is_stopped: bool = False
    """True where the Pod is being deleted and its node says that none of its containers runs any more."""

    @property
    def holds_addresses(self) -> bool:
        """True while the Pod's addresses are its own: one that ended has lost them, though the API shows them still."""
        return self.phase in ("Pending", "Running", "Unknown")
