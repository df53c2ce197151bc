"""What flanneld wrote on the Nodes: backend-type and backend-data of each, turned into modes.

Source: flannel, pkg/subnet/kube/annotations.go and kube.go. No annotation holds the UDP port of VXLAN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.flannel_backends import Systems, mode_of
from podwire.cni.modes import Mode, merge
from podwire.cni.notes import Notes
from podwire.cni.reading import Fields
from podwire.model.evidence import Node

DEFAULT_PREFIX = "flannel.alpha.coreos.com/"


class Registration(Struct, frozen=True):
    """What one node registered."""

    node: str
    backend: str
    is_windows: bool = False
    is_ready: bool = True
    vni: int | None = None
    port: int | None = None
    """WireGuard's port for IPv4."""
    port_v6: int | None = None


def prefix_of(option: str) -> str:
    """Return the annotation prefix that `--kube-annotation-prefix` makes (newAnnotations in annotations.go)."""
    if not option:
        return DEFAULT_PREFIX
    prefix = option if "/" in option else f"{option}/"
    return prefix if prefix.endswith(("/", "-")) else f"{prefix}-"


def registrations(nodes: Sequence[Node], prefix: str) -> list[Registration]:
    """Return what the nodes that flannel owns registered; where some are ready, only those."""
    found = [each for each in (_registration(node, prefix) for node in nodes) if each is not None]
    return [each for each in found if each.is_ready] or found


def modes_of(found: Sequence[Registration], notes: Notes) -> Mode:
    """Return the mode that the registrations add up to, with the default port for VXLAN."""
    known = {(each.backend, each.is_windows) for each in found if each.vni is not None}
    kinds: dict[tuple[str, bool, int | None, int | None, int | None], list[str]] = {}
    for each in found:
        is_dummy = each.vni is None and (each.backend, each.is_windows) in known
        if not is_dummy:
            key = (each.backend, each.is_windows, each.vni, each.port, each.port_v6)
            kinds.setdefault(key, []).append(each.node)
    modes = []
    for (backend, is_windows, vni, port, port_v6), names in kinds.items():
        notes.say(f"annotations of {reading.counted(len(names), 'node')} ({reading.some(names)}) say {backend}")
        settings = _settings(backend, vni, port, port_v6)
        modes.append(mode_of(settings, Systems(has_linux=not is_windows, has_windows=is_windows), notes))
    return merge(modes)


def backends(found: Sequence[Registration]) -> set[str]:
    """Return the backends that nodes registered."""
    return {each.backend for each in found}


def vnis(found: Sequence[Registration]) -> set[int]:
    """Return the VXLAN network identifiers that nodes registered."""
    return {each.vni for each in found if each.vni is not None}


def _registration(node: Node, prefix: str) -> Registration | None:
    backend = node.annotations.get(f"{prefix}backend-type")
    if backend is None or node.annotations.get(f"{prefix}kube-subnet-manager", "true").lower() != "true":
        return None
    four = _data(node, f"{prefix}backend-data")
    six = _data(node, f"{prefix}backend-v6-data")
    vni = four.number("VNI")
    return Registration(
        node=node.name,
        backend=reading.word(backend) or "udp",
        is_windows=reading.is_windows(node),
        is_ready=node.is_ready,
        vni=six.number("VNI") if vni is None else vni,
        port=four.number("Port"),
        port_v6=six.number("Port"),
    )


def _data(node: Node, key: str) -> Fields:
    value, _ = reading.parse_json(node.annotations.get(key, "null"))
    return Fields(value if isinstance(value, dict) else {})


def _settings(backend: str, vni: int | None, port: int | None, port_v6: int | None) -> Fields:
    """The net-conf.json that would make a node register this."""
    inner: dict[str, Any] = {"Type": backend, "VNI": vni, "ListenPort": port, "ListenPortV6": port_v6}
    return Fields(
        {"EnableIPv6": port_v6 is not None, "EnableIPv4": port is not None or port_v6 is None, "Backend": inner}
    )
