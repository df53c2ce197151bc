"""Which tunnels the packet core can look into, and how it is told of them."""

from __future__ import annotations

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

CoreOverlay = tuple[str, int, int | None, bool, int]
"""(kind, UDP port or 0, network identifier, whether that is an identity, cluster)."""


def for_core(overlay: Overlay, cluster: int) -> CoreOverlay | None:
    """Return what the core is told of `overlay`; None where it cannot look into it."""
    if overlay.kind in BY_PROTOCOL:
        return (overlay.kind.value, overlay.port or 0, overlay.vni, overlay.vni_is_identity, cluster)
    if overlay.kind not in BY_PORT or overlay.port is None:
        return None
    return (overlay.kind.value, overlay.port, overlay.vni, overlay.vni_is_identity, cluster)
