"""The feed of one cluster: what its API server tells, moved into the tables as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from podwire.cni.host_ports import maps_host_ports
from podwire.cni.node_addresses import nodes_with_addresses
from podwire.cni.path_rules import network_of
from podwire.cni.shared_ranges import shared_ranges, warning_of
from podwire.engine import detectors
from podwire.engine.claiming import tell_away
from podwire.engine.decoding import overlay_warning
from podwire.engine.learning import disagreement, is_replaced, is_told
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.engine.relations import ClusterRelations
from podwire.kube import ClusterState
from podwire.model.evidence import Evidence
from podwire.model.overlays import Encapsulation
from podwire.model.pods import Pod
from podwire.settings.configuration import ClusterSettings

_MOST_LAG_NS = 1_000_000_000
"""How far a watch that keeps up may be behind."""

_log = logging.getLogger(__name__)


class ClusterFeed:
    """Receives the events of one cluster (`kube.ClusterSink`) and keeps the tables in step."""

    def __init__(self, name: str, settings: ClusterSettings, *, parts: Parts, changed: Callable[[], None]) -> None:
        self._name = name
        self._settings = settings
        self._parts = parts
        self._changed = changed
        """Called when the tunnels or nodes that the core should know may have changed."""
        self._naming = ClusterNaming(name, parts)
        self.relations = ClusterRelations(name, parts)
        """Where the cluster's Services and owners go."""
        self._is_judged = False
        self._shared: tuple[str, ...] = ()
        self.settled = asyncio.Event()
        """Set once the cluster was reached and judged, or stands in an error."""

    def configure(self, settings: ClusterSettings) -> None:
        """Follow a change of `create-vport` and `overlay-vxlan-analytics` at once."""
        self._settings = settings
        if settings.create_vport:
            self._parts.vports.show(self._name, self._parts.pods.of(self._name))
        else:
            self._parts.vports.clear(self._name)
        self._warn()

    def end(self) -> None:
        """Empty what the cluster has in the tables; findings and who had which address stay as history."""
        now_ns = self._parts.clock.now_ns()
        since_ns = self._parts.clusters.away_since(self._name)
        self._naming.end(now_ns if since_ns is None else since_ns)
        self._parts.vports.clear(self._name)
        self._parts.pods.clear(self._name)
        self._parts.nodes.clear(self._name)
        self._parts.paths.forget(self._name)
        self._parts.learned.end(self._name, now_ns)
        self._parts.learned.forget_bare(self._name)
        self.relations.end()
        self._parts.findings.end(self._name, now_ns)
        self._parts.clusters.forget(self._name)
        tell_away(self._parts)

    def pods_replaced(self, pods: Sequence[Pod], at_ns: int) -> None:
        """Take a whole list of Pods as the truth."""
        status = self._parts.clusters.status(self._name)
        before = self._parts.pods.replace(self._name, pods)
        present = self._parts.pods.of(self._name)
        if self._settings.create_vport:
            self._parts.vports.show(self._name, present)
        # What is gone went unseen, at some time after the last word from the cluster.
        self._naming.pods_replaced(before, present, at_ns, known_until_ns=status.contact_ns)
        self._vouch(at_ns)

    def pod_changed(self, pod: Pod, at_ns: int) -> None:
        """Take one new or changed Pod."""
        before = self._parts.pods.put(self._name, pod)
        self._naming.pod_changed(before, pod, at_ns)
        self._vouch(at_ns)

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        """Let one Pod go."""
        self._parts.pods.remove(self._name, pod.uid)
        self._naming.pod_removed(pod, at_ns)
        self._vouch(at_ns)

    def evidence_changed(self, evidence: Evidence, at_ns: int) -> None:
        """Judge the network again."""
        findings = detectors.judge(evidence)
        nodes = list(nodes_with_addresses(evidence, findings))
        self._parts.nodes.replace(self._name, nodes)
        self._parts.paths.put(self._name, network_of(evidence, findings))
        self._naming.node_addresses_replaced(nodes, at_ns)
        self._naming.map_host_ports(maps_host_ports(evidence), self._parts.pods.of(self._name), at_ns)
        self._shared = shared_ranges(evidence, findings)
        self._naming.share(self._shared, self._parts.pods.of(self._name), at_ns)
        if self._parts.findings.update(self._name, findings, at_ns):
            for finding in findings:
                _log.info("cluster %s: %s %s, %s", self._name, finding.plugin, finding.backend, finding.network_type)
        self._parts.learned.end(self._name, at_ns, is_over=lambda row: is_told(row, findings))
        self._parts.learned.end(self._name, at_ns, is_over=lambda row: is_replaced(row, findings), lingers=True)
        self._is_judged = True
        self._warn()
        self._settle()
        self._changed()

    def state_changed(self, state: ClusterState) -> None:
        """Take over the state of the connection."""
        status = self._parts.clusters.status(self._name)
        if state.error and state.error != status.error:
            _log.warning("cluster %s: %s", self._name, state.error)
        if state.state == "connected" != status.state:
            self._naming.resumed(self._parts.clock.now_ns())
        if state.state == "connected" and state.last_event_ns is not None and status.contact_ns is not None:
            self._vouch(state.last_event_ns)
        is_other = (state.state == "connected") != (status.state == "connected")
        status.state = state.state
        status.error = state.error
        status.server = state.server
        status.version = state.version
        status.pods = state.pods
        status.nodes = state.nodes
        status.last_event_ns = state.last_event_ns
        status.denied = state.denied
        status.retry_at_ns = state.retry_at_ns
        tell_away(self._parts)
        if is_other and self._is_judged:
            # Of two connections to one cluster, the one that is heard stands for both.
            self._changed()
        status.warn("connection", state.warning)
        status.warn("rights", " ".join(state.costs))
        left_out = f"{state.undecodable} objects have unexpected fields and are left out." if state.undecodable else ""
        status.warn("objects", left_out)
        self._settle()

    def _vouch(self, at_ns: int) -> None:
        """Note that the cluster was heard at `at_ns`: what happened a moment before may still be on its way."""
        status = self._parts.clusters.status(self._name)
        status.contact_ns = max(status.contact_ns or 0, at_ns - _MOST_LAG_NS)

    def _settle(self) -> None:
        status = self._parts.clusters.status(self._name)
        if status.error or (status.state == "connected" and self._is_judged):
            self.settled.set()

    def learned(self) -> None:
        """Take note that the wire taught tunnels."""
        self._warn()

    def _warn(self) -> None:
        learned = [row.overlay for row in self._parts.learned.of(self._name)]
        text = overlay_warning(self._parts.findings.current(self._name))
        status = self._parts.clusters.status(self._name)
        has_vxlan = any(each.kind is Encapsulation.VXLAN for each in learned)
        status.warn("overlay", text if self._settings.overlay_vxlan_analytics and not has_vxlan else "")
        status.warn("detectors", detectors.faults())
        status.warn("networks", warning_of(self._shared))
        status.warn("wire", disagreement(self._parts.findings.current(self._name), learned))
        status.warn("bare", self._parts.learned.bare_of(self._name))
