"""Antrea: the DaemonSet that runs antrea-agent and the antrea-agent.conf it mounts.

Source: antrea, build/yamls/antrea.yml, whose comments name the defaults, and cmd/antrea-agent/options.go.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.antrea_settings import settings_of
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "antrea"
_TUNNELS = {
    "geneve": (Encapsulation.GENEVE, 6081),
    "vxlan": (Encapsulation.VXLAN, 4789),
    "gre": (Encapsulation.GRE, None),
    "stt": (Encapsulation.STT, None),
}
_WIREGUARD_PORT = 51820
_MAX_PORT = 65535


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Antrea that carries Pod packets here, or None; with networkPolicyOnly it does not."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    settings, name = settings_of(agents[0].workload, evidence)
    if not isinstance(settings, dict):
        notes.doubt("antrea-agent.conf is not read: Antrea's defaults are assumed")
    mode = _mode(settings, f"ConfigMap {name}" if name else "Antrea by default", notes)
    who = Identity(PLUGIN, reading.image_version(agents[0].container.image), reading.node_ranges(evidence.nodes))
    source = Source.SETTINGS if isinstance(settings, dict) else Source.DEFAULTS
    return conclude(who, mode, notes, agents[0].standing, source)


def _mode(settings: object, where: str, notes: Notes) -> Mode:
    reach = reading.word(reading.dig(settings, "trafficEncapMode")) or "encap"
    tunnel = reading.word(reading.dig(settings, "tunnelType")) or "geneve"
    encryption = reading.word(reading.dig(settings, "trafficEncryptionMode")) or "none"
    notes.say(f"{where} says trafficEncapMode {reach}, tunnelType {tunnel}, trafficEncryptionMode {encryption}")
    if reach == "noencap":
        return Mode("noencap", NetworkType.UNDERLAY)
    if reach not in ("encap", "hybrid") or tunnel not in _TUNNELS:
        notes.doubt("these values are not known here")
        return Mode(f"{reach}-{tunnel}", NetworkType.UNKNOWN)
    kind = NetworkType.OVERLAY if reach == "encap" else NetworkType.MIXED
    if encryption == "wireguard":
        port = _port(reading.dig(settings, "wireGuard", "port"), _WIREGUARD_PORT, notes)
        return Mode("wireguard", kind, (Overlay(Encapsulation.WIREGUARD, port),), "wireguard")
    if encryption == "ipsec":
        return Mode(tunnel, kind, (Overlay(Encapsulation.ESP),), "ipsec")
    encapsulation, default = _TUNNELS[tunnel]
    port_or_none = None if default is None else _port(reading.dig(settings, "tunnelPort"), default, notes)
    return Mode(tunnel, kind, (Overlay(encapsulation, port_or_none),))


def _port(value: object, default: int, notes: Notes) -> int:
    """Read a port; absent and 0 mean the default."""
    port = reading.whole(value) if isinstance(value, str) else 0
    if port is not None and 0 < port <= _MAX_PORT:
        return port
    if port != 0:
        notes.doubt(f"a port in antrea-agent.conf cannot be read: {default} is taken instead")
    return default
