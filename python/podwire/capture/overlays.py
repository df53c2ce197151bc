"""Which tunnels the packet core can look into, and how it is told of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from podwire.model.overlays import Encapsulation, Overlay

BY_PORT = frozenset(
    {
        Encapsulation.VXLAN,
        Encapsulation.GENEVE,
        Encapsulation.GUE,
        Encapsulation.FOU,
        Encapsulation.UDP,
        Encapsulation.WIREGUARD,
        Encapsulation.ESP,
    }
)
"""Known by their UDP destination port. Of WireGuard and ESP only the outside is told."""

BY_PROTOCOL = frozenset({Encapsulation.IPIP, Encapsulation.GRE, Encapsulation.NVGRE, Encapsulation.ESP})
"""Known by their IP protocol, without a port. IPIP stands for any IP in IP; of ESP only the outside is told."""

MAX_TUNNELS = 64
"""The most tunnels that the core looks into at a time."""

CoreOverlay = tuple[str, int, int | None, bool, int]
"""(kind, UDP port or 0, network identifier, whether that is an identity, cluster)."""


def for_core(overlay: Overlay, cluster: int) -> CoreOverlay | None:
    """Return what the core is told of `overlay`; None where it cannot look into it."""
    if overlay.kind in BY_PROTOCOL:
        return (overlay.kind.value, overlay.port or 0, overlay.vni, overlay.vni_is_identity, cluster)
    if overlay.kind not in BY_PORT or overlay.port is None:
        return None
    return (overlay.kind.value, overlay.port, overlay.vni, overlay.vni_is_identity, cluster)


class LeftOff(Struct, frozen=True):
    """A tunnel that is not looked into."""

    overlay: Overlay
    cluster: int
    """The number of its cluster; 0 of none."""
    why: str
    """A sentence for whom it concerns; empty where the kind is not read at all or its port is not known yet."""


def refusal(overlay: Overlay, others: Sequence[tuple[Overlay, int]]) -> str:
    """Say why the core does not look into `overlay`, one of `others`, though it reads the kind."""
    rivals = [other for other, _ in others if other.port == overlay.port and other.kind != overlay.kind]
    if overlay.port and rivals:
        return f"{overlay.short} is not looked into: UDP port {overlay.port} is taken as {rivals[0].kind} already."
    return f"{overlay.short} is not looked into: {MAX_TUNNELS} others are, which is the most."
