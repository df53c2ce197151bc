"""Decides which tunnels the packet core looks into: those of the findings of every enabled connection.

VXLAN is looked into where overlay-vxlan-analytics asks for it, all other kinds always: they are no vFlow and have no
limit. A tunnel that is no longer used stays open for a while.
"""

from __future__ import annotations

from podwire.engine.parts import Parts
from podwire.model.findings import CniFinding
from podwire.model.overlays import CLOSED_VNI, Encapsulation, Overlay
from podwire.settings.configuration import Configuration

STANDARD_VXLAN = (
    Overlay(Encapsulation.VXLAN, port=4789),
    Overlay(Encapsulation.VXLAN, port=8472),
)
"""What inflight-vxlan-analytics or vxlan-analytics alone looks into: the ports of IANA (RFC 7348) and older Linux."""


LINGER_NS = 600_000_000_000
"""How long the tunnels of a finding that no longer holds are still looked into: nodes change over one by one."""

_CLOSED_UNLESS_ASKED = (Encapsulation.VXLAN,)
"""Looked into only with overlay-vxlan-analytics, which a switch grants to few clusters; all else always."""


def vxlan_of(findings: tuple[CniFinding, ...]) -> tuple[Overlay, ...]:
    """Return the VXLAN tunnels of `findings`."""
    return tuple(overlay for finding in findings for overlay in finding.overlays if overlay.kind is Encapsulation.VXLAN)


STANDARD_PORTS = ((Encapsulation.VXLAN, 4789), (Encapsulation.VXLAN, 8472), (Encapsulation.GENEVE, 6081))
"""Ports that are tunnels' wherever they are seen (RFC 7348, RFC 8926, Linux)."""


def open_tunnels(configuration: Configuration, parts: Parts) -> None:
    """Have the packet core look into the tunnels, and warn at each connection of those of its own that it cannot."""
    left_off = parts.capture.set_overlays(known_tunnels(configuration, parts))
    for name in configuration.connections:
        number = parts.clusters.number(name)
        sentences = [each.why for each in left_off if each.cluster == number and each.why]
        parts.clusters.status(name).warn("tunnels", " ".join(sentences))


def known_tunnels(configuration: Configuration, parts: Parts) -> list[tuple[Overlay, int]]:
    """Return the tunnels to look into, and those to know as tunnels only, as the packet core wants them.

    A packet between two nodes on a tunnel's port is no connection of its own: where nobody asked to look inside, it
    makes no row at all.
    """
    wanted = wanted_overlays(configuration, parts)
    taken = {overlay.port for overlay, _ in wanted}
    found = {
        (overlay.kind, overlay.port)
        for name in configuration.connections
        for overlay in _overlays(name, parts)
        if overlay.kind in (Encapsulation.VXLAN, Encapsulation.GENEVE)
    }
    closed = sorted(((kind, port) for kind, port in found | set(STANDARD_PORTS) if port not in taken), key=str)
    return wanted + [(Overlay(kind, port=port, vni=CLOSED_VNI), 0) for kind, port in closed]


def wanted_overlays(configuration: Configuration, parts: Parts) -> list[tuple[Overlay, int]]:
    """Return the tunnels to look into, each with the number of its cluster (0: none)."""
    wanted: list[tuple[Overlay, int]] = []
    for name, settings in configuration.connections.items():
        if not settings.enable:
            continue
        number = parts.clusters.number(name)
        overlays = _overlays(name, parts)
        opened = [
            each for each in overlays if settings.overlay_vxlan_analytics or each.kind not in _CLOSED_UNLESS_ASKED
        ]
        wanted += [(overlay, number) for overlay in dict.fromkeys(opened)]
    vflow = configuration.vflow
    if (vflow.inflight_vxlan_analytics or vflow.vxlan_analytics) and not _has_overlay_connection(configuration):
        wanted += [(overlay, 0) for overlay in STANDARD_VXLAN]
    return wanted


def _has_overlay_connection(configuration: Configuration) -> bool:
    return any(each.overlay_vxlan_analytics for each in configuration.connections.values())


def lingering_ns(configuration: Configuration, parts: Parts) -> int | None:
    """Return when the first tunnel that is no longer used is to be closed; None where none is."""
    now_ns = parts.clock.now_ns()
    ends = [
        row.last_seen_ns + LINGER_NS
        for name in configuration.connections
        for row in parts.findings.rows_of(name)
        if not row.is_current and row.last_seen_ns + LINGER_NS > now_ns
    ]
    ends += [
        row.last_seen_ns + LINGER_NS
        for name in configuration.connections
        for row in parts.learned.lingering(name, now_ns - LINGER_NS)
    ]
    return min(ends, default=None)


def _overlays(name: str, parts: Parts) -> list[Overlay]:
    """Return the tunnels of a cluster: those of its findings, then those that the wire taught."""
    found = [overlay for finding in _recent(name, parts) for overlay in finding.overlays]
    since_ns = parts.clock.now_ns() - LINGER_NS
    return found + [row.overlay for row in (*parts.learned.of(name), *parts.learned.lingering(name, since_ns))]


def _recent(name: str, parts: Parts) -> tuple[CniFinding, ...]:
    """Return the findings that hold, then those that held a moment ago, the latest first."""
    since_ns = parts.clock.now_ns() - LINGER_NS
    left = [row for row in parts.findings.rows_of(name) if not row.is_current and row.last_seen_ns > since_ns]
    left.sort(key=lambda row: -row.last_seen_ns)
    return (*parts.findings.current(name), *(row.finding for row in left))


def overlay_warning(findings: tuple[CniFinding, ...]) -> str:
    """Say why overlay-vxlan-analytics finds nothing to look into; empty where there is VXLAN or nothing known yet."""
    if not findings or vxlan_of(findings):
        return ""
    kinds = ", ".join(f"{finding.plugin} {finding.backend} ({finding.network_type})" for finding in findings)
    others = dict.fromkeys(str(each.kind) for finding in findings for each in finding.overlays)
    rest = f" Its {' and '.join(others)} is read without it." if others else ""
    return f"overlay-vxlan-analytics has nothing to look into: the cluster runs {kinds}, which is not VXLAN.{rest}"
