"""What flannel's settings mean on the wire: the grammar of net-conf.json and of the Node annotations.

Sources: flannel, pkg/subnet/config.go, pkg/backend/*, pkg/subnet/kube/annotations.go, Documentation/backends.md.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.modes import Mode
from podwire.cni.notes import Notes
from podwire.cni.reading import Fields
from podwire.model.findings import NetworkType
from podwire.model.overlays import MAX_VNI, Encapsulation, Overlay

LINUX_PORT, LINUX_VNI = 8472, 1
WINDOWS_PORT, WINDOWS_VNI = 4789, 4096
UDP_PORT = 8285
WIREGUARD_PORT, WIREGUARD_PORT_V6 = 51820, 51821
IPSEC_NAT_PORT = 4500
MAX_PORT = 65535

ROUTED = frozenset({"host-gw", "alloc", "tencent-vpc", "aws-vpc", "gce", "ali-vpc"})
"""Backends that leave Pod packets as they are: routes on the nodes or in the cloud's network."""


class Systems(Struct, frozen=True):
    """Which operating systems the nodes run; Linux where no node says so."""

    has_linux: bool = True
    has_windows: bool = False


def backend_name(settings: Fields) -> str:
    """Return the backend's name in lower case; `udp` where net-conf.json has no Backend (parseBackendType)."""
    backend = settings.inner("Backend")
    if backend is None:
        return "udp"
    return reading.word(backend.text("Type"))


def mode_of(settings: Fields, systems: Systems, notes: Notes) -> Mode:
    """Return the mode that net-conf.json sets."""
    name = backend_name(settings)
    backend = settings.inner("Backend") or Fields({})
    if name in ROUTED:
        return Mode(name, NetworkType.UNDERLAY)
    build = _BUILDERS.get(name)
    if build is None:
        notes.doubt(f"backend {name or '(empty)'} can wrap packets in any way, so what is on the wire is not known")
        return Mode(name or "unknown", NetworkType.UNKNOWN)
    mode = build(settings, backend, systems, notes)
    for wrong in dict.fromkeys((*settings.wrong, *backend.wrong)):
        notes.doubt(f"{wrong}: its default is taken instead")
    return mode


def ranges_of(settings: Fields) -> tuple[str, ...]:
    """Return the Pod ranges of the address families that are on (EnableIPv4 unless false, EnableIPv6 if true)."""
    four = settings.text("Network") if settings.flag("EnableIPv4") is not False else None
    six = settings.text("IPv6Network") if settings.flag("EnableIPv6") else None
    return reading.networks([four, six])


def port_in(fields: Fields, name: str, default: int, notes: Notes) -> int:
    """Return a UDP port; the default where it is absent, 0 or no port."""
    port = fields.number(name)
    if port is None or 0 < port <= MAX_PORT:
        return port or default
    if port:
        notes.doubt(f"{name} {str(port)[:20]} is no port: {default} is taken instead")
    return default


def vni_in(fields: Fields, default: int, notes: Notes) -> int:
    """Return a VXLAN network identifier; the default where it is absent or too large."""
    vni = fields.number("VNI")
    if vni is None or 0 <= vni <= MAX_VNI:
        return default if vni is None else vni
    notes.doubt(f"VNI {str(vni)[:20]} is not between 0 and {MAX_VNI}: {default} is taken instead")
    return default


def vxlan_overlays(backend: Fields, systems: Systems, notes: Notes) -> tuple[Overlay, ...]:
    """Return the VXLAN tunnels: one for Linux nodes, one for Windows nodes where their defaults differ.

    On Windows the port is always 4789 and the VNI at least 4096 (pkg/backend/vxlan/vxlan_windows.go).
    """
    found = []
    if systems.has_linux or not systems.has_windows:
        port, vni = port_in(backend, "Port", LINUX_PORT, notes), vni_in(backend, LINUX_VNI, notes)
        found.append(Overlay(Encapsulation.VXLAN, port, vni))
    if systems.has_windows:
        vni = vni_in(backend, WINDOWS_VNI, notes)
        port = port_in(backend, "Port", WINDOWS_PORT, notes)
        if vni < WINDOWS_VNI or port != WINDOWS_PORT:
            notes.doubt(
                f"flannel refuses VNI {vni} on port {port} on Windows nodes: it wants 4096 or more on 4789 there"
            )
        else:
            found.append(Overlay(Encapsulation.VXLAN, port, vni))
    return tuple(dict.fromkeys(found))


def _direct(backend: Fields) -> NetworkType:
    return NetworkType.MIXED if backend.flag("DirectRouting") else NetworkType.OVERLAY


def _vxlan(_settings: Fields, backend: Fields, systems: Systems, notes: Notes) -> Mode:
    if backend.flag("DirectRouting"):
        notes.say("DirectRouting: packets are wrapped only between nodes of different subnets")
    return Mode("vxlan", _direct(backend), vxlan_overlays(backend, systems, notes))


def _ipip(_settings: Fields, backend: Fields, _systems: Systems, notes: Notes) -> Mode:
    if backend.flag("DirectRouting"):
        notes.say("DirectRouting: packets are wrapped only between nodes of different subnets")
    return Mode("ipip", _direct(backend), (Overlay(Encapsulation.IPIP),))


def _udp(_settings: Fields, backend: Fields, _systems: Systems, notes: Notes) -> Mode:
    return Mode("udp", NetworkType.OVERLAY, (Overlay(Encapsulation.UDP, port_in(backend, "Port", UDP_PORT, notes)),))


def _ipsec(_settings: Fields, backend: Fields, _systems: Systems, _notes: Notes) -> Mode:
    port = IPSEC_NAT_PORT if backend.flag("UDPEncap") else None
    return Mode("ipsec", NetworkType.OVERLAY, (Overlay(Encapsulation.ESP, port),), "ipsec")


def _wireguard(settings: Fields, backend: Fields, _systems: Systems, notes: Notes) -> Mode:
    """One tunnel an address family where Mode is separate (the default), else one for both."""
    is_separate = reading.word(backend.text("Mode") or "separate") == "separate"
    has_six, has_four = bool(settings.flag("EnableIPv6")), settings.flag("EnableIPv4") is not False
    ports = []
    if has_four or not has_six or not is_separate:
        ports.append(port_in(backend, "ListenPort", WIREGUARD_PORT, notes))
    if has_six and is_separate:
        ports.append(port_in(backend, "ListenPortV6", WIREGUARD_PORT_V6, notes))
    overlays = tuple(Overlay(Encapsulation.WIREGUARD, port) for port in dict.fromkeys(ports))
    return Mode("wireguard", NetworkType.OVERLAY, overlays, "wireguard")


_BUILDERS: dict[str, Callable[[Fields, Fields, Systems, Notes], Mode]] = {
    "vxlan": _vxlan,
    "ipip": _ipip,
    "udp": _udp,
    "ipsec": _ipsec,
    "wireguard": _wireguard,
}
