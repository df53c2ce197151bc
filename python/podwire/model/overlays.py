"""How Pod packets are wrapped between nodes."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

MAX_VNI = (1 << 24) - 1
"""The largest VXLAN or Geneve network identifier (RFC 7348 §5, RFC 8926 §3.4)."""

CLOSED_VNI = (1 << 32) - 1
"""An identifier that no packet has: the port is known as a tunnel's, and nothing behind it is looked into."""


class Encapsulation(StrEnum):
    """The kinds of tunnel that Pods' packets may be in: those of CNI plugins, and NVGRE below them."""

    VXLAN = "vxlan"
    GENEVE = "geneve"
    IPIP = "ipip"
    GRE = "gre"
    GUE = "gue"
    FOU = "fou"
    UDP = "udp"
    STT = "stt"
    WIREGUARD = "wireguard"
    ESP = "esp"
    NVGRE = "nvgre"


class Overlay(Struct, frozen=True):
    """One tunnel that carries Pod packets: what to look for on the wire."""

    kind: Encapsulation
    port: int | None = None
    """UDP destination port, 1–65535; None for kinds without one, and for ESP where it is not in UDP."""
    vni: int | None = None
    """The network identifier, 0–16777215; None where any is accepted; CLOSED_VNI where none is."""
    vni_is_identity: bool = False
    """True where the plugin writes something else than a network into the VNI (Cilium: the sender's identity)."""

    @property
    def short(self) -> str:
        """The tunnel in short: `vxlan:8472:1`, `geneve:6081`, `vxlan:8472:identity`, `ipip`."""
        parts = [str(self.kind)]
        if self.port is not None:
            parts.append(str(self.port))
        if self.vni_is_identity:
            parts.append("identity")
        elif self.vni is not None:
            parts.append(str(self.vni))
        return ":".join(parts)
