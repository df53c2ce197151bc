"""What the CNI detectors conclude about a cluster."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from podwire.model.overlays import Overlay


class NetworkType(StrEnum):
    """How Pod packets cross between nodes."""

    OVERLAY = "overlay"
    UNDERLAY = "underlay"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class CniFinding(Struct, frozen=True):
    """One plugin in one mode, with the evidence in words. Equal findings compare equal: times are kept elsewhere."""

    plugin: str
    backend: str
    network_type: NetworkType
    overlays: tuple[Overlay, ...] = ()
    """Every tunnel that Pod packets may travel in; empty for an underlay."""
    version: str = ""
    pod_cidrs: tuple[str, ...] = ()
    encryption: str = ""
    """`wireguard` or `ipsec` where Pod packets are encrypted between nodes, else empty."""
    because: tuple[str, ...] = ()
    confidence: int = 0
    """0–100: how much of the evidence that would settle it was seen."""
