"""kube-router: BGP between nodes, with IPIP or FoU tunnels where the flags ask for them.

Sources: kube-router, pkg/options/options.go and docs/tunnels.md.
"""

from __future__ import annotations

import msgspec

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence, Node
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "kube-router"
_FOU_PORT = 5555
_MAX_PORT = 65535


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the kube-router that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    mode = _mode(reading.flags(reading.words(agents[0].container)), notes)
    ranges = reading.node_ranges(map(_with_own_ranges, evidence.nodes))
    who = Identity(PLUGIN, reading.image_version(agents[0].container.image), ranges)
    return conclude(who, mode, notes, agents[0].standing, Source.SETTINGS)


def _with_own_ranges(node: Node) -> Node:
    """Return the node with the Pod ranges that its annotations name, which beat its own (pkg/utils/pod_cidr.go)."""
    texts = [node.annotations.get(f"kube-router.io/{name}", "") for name in ("pod-cidrs", "pod-cidr")]
    own = reading.networks(part for text in texts for part in text.split(","))
    return msgspec.structs.replace(node, pod_cidrs=own) if own else node


def _mode(given: dict[str, str], notes: Notes) -> Mode:
    """Read the flags; unset, overlays are on, between subnets only, and of IPIP."""
    if reading.truth(given.get("enable-overlay", "true")) is False:
        notes.say("its flags say --enable-overlay=false")
        return Mode("bgp", NetworkType.UNDERLAY)
    reach = reading.word(given.get("overlay-type", "subnet"))
    kind = reading.word(given.get("overlay-encap", "ipip"))
    notes.say(f"its flags say overlay-type {reach}, overlay-encap {kind} (subnet and ipip unless given)")
    if kind not in ("ipip", "fou") or reach not in ("subnet", "full"):
        notes.doubt("these values are not known here")
        return Mode(kind or "unknown", NetworkType.UNKNOWN)
    tunnel = Overlay(Encapsulation.IPIP) if kind == "ipip" else Overlay(Encapsulation.GUE, _port(given, notes))
    if reach == "full":
        return Mode(kind, NetworkType.OVERLAY, (tunnel,))
    return Mode(f"{kind}-cross-subnet", NetworkType.MIXED, (tunnel,))


def _port(given: dict[str, str], notes: Notes) -> int:
    port = reading.whole(given.get("overlay-encap-port", str(_FOU_PORT)))
    if port is not None and 0 < port <= _MAX_PORT:
        return port
    notes.doubt(f"overlay-encap-port is no port: {_FOU_PORT} is taken instead")
    return _FOU_PORT
