"""Decides which tunnels the packet core looks into: those of the findings, where their connection asks for it."""

from __future__ import annotations

from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding
from podwire.model.overlays import Encapsulation, Overlay
from podwire.settings.configuration import Configuration

STANDARD_VXLAN = (
    Overlay(Encapsulation.VXLAN, port=4789),
    Overlay(Encapsulation.VXLAN, port=8472),
)
"""What inflight-vxlan-analytics alone looks into: IANA's port (RFC 7348) and the Linux kernel's older default."""


def vxlan_of(findings: tuple[CniFinding, ...]) -> tuple[Overlay, ...]:
    """Return the VXLAN tunnels of `findings`."""
    return tuple(overlay for finding in findings for overlay in finding.overlays if overlay.kind is Encapsulation.VXLAN)


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
