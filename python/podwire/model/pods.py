"""A Pod as podwire keeps it: the few fields that naming and the vPort table need."""

from __future__ import annotations

from msgspec import Struct


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
    """All of `status.podIPs`, canonical text form."""
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
    """The controlling `metadata.ownerReferences` entry, as written there."""

    @property
    def holds_addresses(self) -> bool:
        """True while the Pod's addresses are its own: one that ended has lost them, though the API shows them still."""
        return self.phase in ("Pending", "Running", "Unknown")
