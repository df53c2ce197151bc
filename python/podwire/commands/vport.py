"""`vport-show`: the Pods as vPort table entries."""

from __future__ import annotations

from podwire.catalog.vport import VPORT
from podwire.commands.answer import Answer, Row
from podwire.commands.configuring import Configurator
from podwire.commands.objects import stale_notes
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.tables.vports import VLAN, dummy_mac

STATUS = "host,pod,k8s"
"""What the reference product prints for an entry that comes from a Pod."""


class VPortHandler:
    """Shows the vPort table."""

    noun = VPORT

    def __init__(self, configurator: Configurator | None, parts: Parts, *, switch_name: str) -> None:
        self._configurator = configurator
        self._parts = parts
        self._switch_name = switch_name

    async def show(self, query: Query) -> Answer:
        """Return a row an address, by cluster, namespace and Pod."""
        rows = [self._row(*entry) for entry in self._parts.vports.entries()]
        notes = stale_notes(self._parts) if rows else self._why_empty()
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)

    def _why_empty(self) -> list[str]:
        if self._configurator is None:
            return ["The vPort table is empty: no Pods were given; name their objects with --objects."]
        connections = self._configurator.configuration.connections
        if not connections:
            return ["The vPort table is empty: there is no Kubernetes connection; make one with k8s-connection-create."]
        enabled = [name for name, settings in connections.items() if settings.enable]
        if not enabled:
            return ["The vPort table is empty: no Kubernetes connection is enabled (k8s-connection-modify … enable)."]
        creating = [name for name in enabled if connections[name].create_vport]
        if not creating:
            return ["The vPort table is empty: create-vport is off (k8s-connection-modify … create-vport)."]
        states = ", ".join(f"{name} is {self._parts.clusters.status(name).state}" for name in creating)
        return [f"The vPort table is empty: no Pod with an address is known; {states}."]

    def _row(self, cluster: str, pod: Pod, address: str) -> Row:
        return {
            "owner": self._switch_name,
            "mac": dummy_mac(cluster, pod.uid),
            "vlan": VLAN,
            "ip": address,
            "svc-name": cluster,
            "hostname": pod.node,
            "entity": pod.name,
            "power": pod.power or pod.phase,
            "portgroup": ",".join(f"{key}:{value}" for key, value in pod.labels),
            "status": STATUS,
            "namespace": pod.namespace,
            "uid": pod.uid,
            "create-time": pod.created_ns or None,
        }
