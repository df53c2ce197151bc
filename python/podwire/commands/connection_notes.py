"""Why the connection table is empty: the first thing that stands in the way, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from podwire.engine.decoding import vxlan_of
from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation

if TYPE_CHECKING:
    from podwire.commands.configuring import Configurator
    from podwire.engine.sources import SourceFeed
    from podwire.settings.configuration import Configuration

_PROPER = {"wireguard": "WireGuard", "ipsec": "IPsec"}
_NOT_READ = frozenset({"stt", "sleeve"})
"""Backends whose packets have a format that the core does not know."""


class ConnectionNotes:
    """Explains an empty answer to `connection-show`."""

    def __init__(self, parts: Parts, configurator: Configurator | None, sources: SourceFeed | None) -> None:
        self._parts = parts
        self._configurator = configurator
        self._sources = sources

    def why_empty(self, total: int) -> list[str]:
        """Return the sentence for an answer without rows; `total` is how many connections the table holds."""
        if total:
            return [f"No connection matches; there are {total} in the table."]
        causes: tuple[Callable[[], str], ...] = (
            self._disabled,
            self._no_source,
            self._interface_away,
            self._hidden_overlay,
            self._encrypted,
            self._closed_kind,
            self._no_packet,
        )
        text = next((text for cause in causes if (text := cause())), "No connection was seen yet.")
        return [text]

    def _configuration(self) -> Configuration | None:
        return self._configurator.configuration if self._configurator else None

    def _disabled(self) -> str:
        configuration = self._configuration()
        if configuration is None or configuration.connection_stats.enable:
            return ""
        return "Connection statistics are disabled: enable them with connection-stats-settings-modify enable."

    def _no_source(self) -> str:
        if self._sources is None:
            return ""
        if not self._sources.interfaces:
            return "No interface is read: start podwire serve with --interface and the port of the mirrored traffic."
        if len(self._sources.faults) == len(self._sources.interfaces):
            return " ".join(self._sources.faults.values())
        return ""

    def _hidden_overlay(self) -> str:
        """Name the clusters whose traffic is inside VXLAN that nobody asked to look into."""
        configuration = self._configuration()
        if configuration is None:
            return ""
        hidden = [
            name
            for name, settings in configuration.connections.items()
            if settings.enable and not settings.overlay_vxlan_analytics and self._uses_vxlan(name)
        ]
        if not hidden:
            return ""
        return (
            f"The Pods of {', '.join(hidden)} talk through VXLAN, which is not looked into: give "
            f"k8s-connection-modify cluster-name {hidden[0]} overlay-vxlan-analytics."
        )

    def _uses_vxlan(self, cluster: str) -> bool:
        """Whether Pods speak to each other in VXLAN, as the API tells or the wire shows."""
        # An underlay may have VXLAN for something else: egress gateways, NodePort traffic.
        wrapped = [each for each in self._parts.findings.current(cluster) if each.network_type != NetworkType.UNDERLAY]
        kinds = {row.overlay.kind for row in self._parts.learned.of(cluster)}
        return bool(vxlan_of(tuple(wrapped))) or Encapsulation.VXLAN in kinds

    def _encrypted(self) -> str:
        """Name the clusters whose traffic nobody on the way can read."""
        hidden = {name: finding.encryption for name, finding in self._findings() if finding.encryption}
        if not hidden:
            return self._secret_packets()
        ways = " and ".join(dict.fromkeys(_PROPER.get(each, each) for each in hidden.values()))
        return (
            f"The Pods of {', '.join(hidden)} talk through {ways}, which cannot be read on the way; "
            "encrypted-show tells how much each pair of nodes sends."
        )

    def _secret_packets(self) -> str:
        """Say that encrypted packets are seen, where no plugin is known to send them."""
        pairs = len(self._parts.capture.encrypted())
        if not pairs:
            return ""
        return f"What {pairs} pairs of addresses send each other is encrypted: encrypted-show tells how much."

    def _closed_kind(self) -> str:
        """Name the clusters whose traffic travels in a way that is not read here."""
        hidden = [name for name, finding in self._findings() if finding.backend in _NOT_READ]
        if not hidden:
            return ""
        kinds = " and ".join({finding.backend for _, finding in self._findings() if finding.backend in _NOT_READ})
        return f"The Pods of {', '.join(hidden)} talk through {kinds}, which podwire does not read."

    def _findings(self) -> list[tuple[str, CniFinding]]:
        configuration = self._configuration()
        if configuration is None:
            # Files alone: what their objects tell is followed as a whole.
            return [(row.cluster, row.finding) for row in self._parts.findings.rows() if row.is_current]
        enabled = [name for name, settings in configuration.connections.items() if settings.enable]
        return [(name, finding) for name in enabled for finding in self._parts.findings.current(name)]

    def _no_packet(self) -> str:
        counters = self._parts.capture.counters()
        if counters.get("created", 0):
            return "Every connection that was seen has ended and left the table, or the table was cleared."
        if counters.get("packets", 0):
            return (
                f"{counters['packets']} packets were read and none of them makes a connection; "
                "capture-show format interface,outcomes tells what they were."
            )
        if self._configuration() is None:
            return "No packet was read: what was given holds none."
        return "No packet was seen yet; capture-show tells what the interfaces receive."

    def _interface_away(self) -> str:
        """Name the interfaces when none of them is up."""
        if self._sources is None:
            return ""
        states = {each["interface"]: each.get("state", "up") for each in self._parts.capture.source_counters()}
        if not states or "up" in states.values():
            return ""
        return "No packet can come in: " + ", ".join(f"{name} is {state}" for name, state in states.items()) + "."
