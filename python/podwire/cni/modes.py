"""How Pod packets cross between nodes under one setting of a plugin, and what several settings make together."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from podwire.cni.notes import Notes, Source, Standing
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Overlay

UNKNOWN_BACKEND = "unknown"
"""The backend of a plugin whose settings cannot be read."""


class Mode(Struct, frozen=True):
    """One backend: its name, what it does, the tunnels to look for and the encryption on the way."""

    backend: str
    network_type: NetworkType
    overlays: tuple[Overlay, ...] = ()
    encryption: str = ""


UNKNOWN_MODE = Mode(UNKNOWN_BACKEND, NetworkType.UNKNOWN)


def merge(modes: Iterable[Mode]) -> Mode:
    """Return what several modes side by side make: names joined with `+`, each tunnel once.

    Modes of different names make a mixed network, because which tunnel a packet travels in, if any, then depends on
    its address or its node.
    """
    listed = list(modes)
    names = dict.fromkeys(mode.backend for mode in listed)
    types = {mode.network_type for mode in listed}
    if not listed:
        return UNKNOWN_MODE
    one_type = next(iter(types)) if len(types) == 1 and len(names) == 1 else NetworkType.MIXED
    if len(types) == 1 and NetworkType.UNKNOWN in types:
        one_type = NetworkType.UNKNOWN
    return Mode(
        backend="+".join(names),
        network_type=one_type,
        overlays=tuple(dict.fromkeys(overlay for mode in listed for overlay in mode.overlays)),
        encryption="+".join(sorted({mode.encryption for mode in listed if mode.encryption})),
    )


class Identity(Struct, frozen=True):
    """What a finding says of the plugin beside its mode."""

    plugin: str
    version: str = ""
    pod_cidrs: tuple[str, ...] = ()


def conclude(who: Identity, mode: Mode, notes: Notes, standing: Standing, source: Source) -> CniFinding:
    """Return the finding: the plugin, its mode, and the notes with the confidence that they add up to."""
    return CniFinding(
        plugin=who.plugin,
        backend=mode.backend,
        network_type=mode.network_type,
        overlays=mode.overlays,
        version=who.version,
        pod_cidrs=who.pod_cidrs,
        encryption=mode.encryption,
        because=notes.because(),
        confidence=notes.confidence(standing, source),
    )
