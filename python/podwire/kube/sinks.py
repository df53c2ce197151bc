"""What hears of a cluster's Pods, evidence and state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from podwire.kube.state import ClusterState
from podwire.model.evidence import Evidence
from podwire.model.pods import Pod


class ClusterSink(Protocol):
    """What hears of a cluster. Called on the event loop, in order; must be quick and not raise."""

    def pods_replaced(self, pods: Sequence[Pod], at_ns: int) -> None:
        """These are all Pods; those that are not among them are gone."""
        ...

    def pod_changed(self, pod: Pod, at_ns: int) -> None:
        """One Pod is new or different."""
        ...

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        """One Pod is gone; this is its last state."""
        ...

    def evidence_changed(self, evidence: Evidence, at_ns: int) -> None:
        """The evidence is another one."""
        ...

    def state_changed(self, state: ClusterState) -> None:
        """The connection's state or counts are others."""
        ...
