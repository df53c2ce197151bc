"""Decides which tunnels the packet core looks into: those of the findings, where their connection asks for it."""

from __future__ import annotations

from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding
from podwire.model.overlays import CLOSED_VNI, Encapsulation, Overlay
from podwire.settings.configuration import Configuration

STANDARD_VXLAN = (
    Overlay(Encapsulation.VXLAN, port=4789),
    Overlay(Encapsulation.VXLAN, port=8472),
)
"""What inflight-vxlan-analytics alone looks into: IANA's port (RFC 7348) and the Linux kernel's older default."""


def vxlan_of(findings: tuple[CniFinding, ...]) -> tuple[Overlay, ...]:
    """Return the VXLAN tunnels of `findings`."""
    return tuple(overlay for finding in findings for overlay in finding.overlays if overlay.kind is Encapsulation.VXLAN)


STANDARD_PORTS = ((Encapsulation.VXLAN, 4789), (Encapsulation.VXLAN, 8472), (Encapsulation.GENEVE, 6081))
"""Ports that are tunnels' wherever they are seen (RFC 7348, RFC 8926, Linux)."""


def known_tunnels(configuration: Configuration, parts: Parts) -> list[tuple[Overlay, int]]:
    """Return the tunnels to look into, and those to know as tunnels only, as the packet core wants them.

    A packet between two nodes on a tunnel's port is no connection of its own: where nobody asked to look inside, it
    makes no row at all.
    """
    wanted = wanted_overlays(configuration, parts)
    ports = {(overlay.kind, overlay.port) for overlay, _ in wanted}
    found = {
        (overlay.kind, overlay.port)
        for name in configuration.connections
        for finding in parts.findings.current(name)
        for overlay in finding.overlays
        if overlay.kind in (Encapsulation.VXLAN, Encapsulation.GENEVE)
    }
    closed = sorted((found | set(STANDARD_PORTS)) - ports, key=str)
    return wanted + [(Overlay(kind, port=port, vni=CLOSED_VNI), 0) for kind, port in closed]


def wanted_overlays(configuration: Configuration, parts: Parts) -> list[tuple[Overlay, int]]:
    """Return the tunnels to look into, each with the number of its cluster (0: none)."""
    wanted: list[tuple[Overlay, int]] = []
    for name, settings in configuration.connections.items():
        if settings.enable and settings.overlay_vxlan_analytics:
            number = parts.clusters.number(name)
            wanted += [(overlay, number) for overlay in vxlan_of(parts.findings.current(name))]
    if configuration.vflow.inflight_vxlan_analytics and not _has_overlay_connection(configuration):
        wanted += [(overlay, 0) for overlay in STANDARD_VXLAN]
    return wanted


def _has_overlay_connection(configuration: Configuration) -> bool:
    return any(each.overlay_vxlan_analytics for each in configuration.connections.values())


def overlay_warning(findings: tuple[CniFinding, ...]) -> str:
    """Say why overlay-vxlan-analytics finds nothing to look into; empty where there is VXLAN or nothing known yet."""
    if not findings or vxlan_of(findings):
        return ""
    kinds = ", ".join(f"{finding.plugin} {finding.backend} ({finding.network_type})" for finding in findings)
    return f"overlay-vxlan-analytics has nothing to look into: the cluster runs {kinds}, which is not VXLAN."
