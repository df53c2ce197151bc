"""`k8s-connection-…`: create, modify, delete and show the Kubernetes connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.commands.answer import Answer, Row
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.clusters import ClusterManager
from podwire.engine.parts import Parts
from podwire.settings.configuration import ClusterSettings, Configuration, KubernetesLimits
from podwire.support.errors import ConflictError, NotFoundError, UsageError

SETTLE_SECONDS = 3.0
"""How long create and modify wait for the cluster's first answer, so that a fault is told where it was made."""

_FIELDS = {
    "kube-config": "kube_config",
    "enable": "enable",
    "create-vport": "create_vport",
    "overlay-vxlan-analytics": "overlay_vxlan_analytics",
    "interface": "interfaces",
    "vlan": "vlans",
}


class KubernetesConnectionHandler:
    """Keeps the rules of connections: names are unique, and there are no more of them than the settings allow.

    `interfaces` are those that are read.
    """

    noun = K8S_CONNECTION

    def __init__(
        self, configurator: Configurator, clusters: ClusterManager, parts: Parts, *, interfaces: Sequence[str] = ()
    ) -> None:
        self._configurator = configurator
        self._clusters = clusters
        self._parts = parts
        self._interfaces = frozenset(interfaces)

    async def show(self, query: Query) -> Answer:
        """Return a row a connection, in the order of their creation."""
        connections = self._configurator.configuration.connections
        notes = [] if connections else ["There is no Kubernetes connection: make one with k8s-connection-create."]
        rows = [self._row(name, settings) for name, settings in connections.items()]
        return answer_rows(query, rows, now_ns=self._parts.clock.now_ns(), notes=notes)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Create, modify or delete a connection."""
        if verb == "create":
            return await self._create(values)
        if verb == "modify":
            return await self._modify(values)
        await self._delete(values)
        return ()

    async def _create(self, values: Values) -> Sequence[str]:
        name = values["cluster-name"]
        settings = ClusterSettings(**_fields(values))

        def edit(document: Configuration) -> Configuration:
            if name in document.connections:
                msg = f"The Kubernetes connection {name} already exists; change it with k8s-connection-modify."
                raise ConflictError(msg)
            return _with(document, name, settings)

        await self._configurator.change(edit)
        if "enable" not in values:
            return [f"{name} is created, but not enabled: give k8s-connection-modify cluster-name {name} enable."]
        return await self._settled(name)

    async def _modify(self, values: Values) -> Sequence[str]:
        touched: list[str] = []

        def edit(document: Configuration) -> Configuration:
            name = values.get("cluster-name") or _only(document)
            touched.append(name)
            earlier = _existing(document, name)
            return _with(document, name, msgspec.structs.replace(earlier, **_fields(values)))

        await self._configurator.change(edit)
        return await self._settled(touched[-1])

    async def _delete(self, values: Values) -> None:
        name = values["cluster-name"]

        def edit(document: Configuration) -> Configuration:
            _existing(document, name)
            rest = {other: settings for other, settings in document.connections.items() if other != name}
            return msgspec.structs.replace(document, connections=rest)

        await self._configurator.change(edit)

    async def _settled(self, name: str) -> list[str]:
        """Wait a moment for what becomes of the connection and return what its operator should know."""
        settings = self._configurator.configuration.connections.get(name)
        if settings is None or not settings.enable:
            return []
        if not await self._clusters.wait_settled(name, seconds=SETTLE_SECONDS):
            return [f"{name}: the API server has not answered yet; see k8s-connection-show."]
        status = self._parts.clusters.status(name)
        notes = self._warnings(name, settings)
        if status.error:
            notes.insert(0, f"{status.error} The connection is kept and tried again.")
        return [f"{name}: {note}" for note in notes]

    def _warnings(self, name: str, settings: ClusterSettings) -> list[str]:
        """Return what its operator should know of a connection that works."""
        unread = [each for each in settings.interfaces if each not in self._interfaces]
        about = [f"{', '.join(unread)} is not read here: capture-show lists what is."] if unread else []
        return about + list(self._parts.clusters.status(name).warnings.values())

    def _row(self, name: str, settings: ClusterSettings) -> Row:
        status = self._parts.clusters.status(name)
        return {
            "cluster-name": name,
            "kube-config": settings.kube_config,
            "enable": settings.enable,
            "create-vport": settings.create_vport,
            "overlay-vxlan-analytics": settings.overlay_vxlan_analytics,
            "interface": ",".join(settings.interfaces) or None,
            "vlan": ",".join(map(str, settings.vlans)) or None,
            "state": status.state if settings.enable else "disabled",
            "version": status.version or None,
            "pods": status.pods,
            "nodes": status.nodes,
            "last-event": status.last_event_ns,
            "last-error": status.error or None,
            "warning": " ".join(self._warnings(name, settings)) or None,
            "server": status.server or None,
            "denied": ",".join(status.denied) or None,
            "retry-at": status.retry_at_ns,
        }


def _fields(values: Values) -> dict[str, Any]:
    return {_FIELDS[name]: _value(name, value) for name, value in values.items() if name in _FIELDS}


def _value(name: str, value: Any) -> Any:
    if name == "interface":
        return tuple(filter(None, value.split(",")))
    if name == "vlan":
        return tuple(map(int, filter(None, value.split(","))))
    return value


def _existing(document: Configuration, name: str) -> ClusterSettings:
    if name not in document.connections:
        msg = f"The Kubernetes connection {name} does not exist; k8s-connection-show lists those that do."
        raise NotFoundError(msg)
    return document.connections[name]


def _only(document: Configuration) -> str:
    """Return the one connection there is, for a command that names none."""
    names = list(document.connections)
    if not names:
        msg = "There is no Kubernetes connection: make one with k8s-connection-create."
        raise NotFoundError(msg)
    if len(names) > 1:
        msg = f"There are {len(names)} Kubernetes connections: say which with cluster-name ({', '.join(names)})."
        raise UsageError(msg)
    return names[0]


def _with(document: Configuration, name: str, settings: ClusterSettings) -> Configuration:
    """Return the document with the connection put in, or refuse it for the limits it would break."""
    connections = document.connections | {name: settings}
    _check_limits(document, connections)
    return msgspec.structs.replace(document, connections=connections)


def _check_limits(document: Configuration, connections: dict[str, ClusterSettings]) -> None:
    limits: KubernetesLimits = document.limits
    if document.vflow.longlived_tcp_conn_stats and _overlays(connections):
        msg = (
            "overlay-vxlan-analytics and longlived-tcp-conn-stats exclude each other: first give "
            "vflow-settings-modify no-longlived-tcp-conn-stats."
        )
        raise ConflictError(msg)
    if len(connections) > max(limits.max_connections, len(document.connections)):
        msg = (
            f"There may be {limits.max_connections} Kubernetes connections and there are {len(document.connections)}; "
            f"raise the limit with k8s-settings-modify max-connections {len(connections)}."
        )
        raise ConflictError(msg)
    now, before = _overlays(connections), _overlays(document.connections)
    if len(now) > max(limits.max_overlay_connections, len(before)):
        msg = (
            f"overlay-vxlan-analytics may be on for {limits.max_overlay_connections} Kubernetes connection(s) and is on"
            f" for {', '.join(before) or 'none'}; raise the limit with k8s-settings-modify max-overlay-connections"
            f" {len(now)}."
        )
        raise ConflictError(msg)


def _overlays(connections: dict[str, ClusterSettings]) -> list[str]:
    return [name for name, settings in connections.items() if settings.overlay_vxlan_analytics]
