"""Weave Net: a flat layer-2 network in VXLAN (fast datapath) or in Weave's own format (sleeve).

Sources: weave, prog/weave-kube/launch.sh and router/fastdp.go: the fast datapath's port is the control port plus one
and its VNI names the two peers, so it differs by pair and by direction.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "weave"
_CONTROL_PORT = 6783
_RANGE = "10.32.0.0/12"
_MAX_PORT = 65535


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Weave Net that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    agent = agents[0]
    names = ("WEAVE_NO_FASTDP", "WEAVE_PORT", "IPALLOC_RANGE")
    given = {name: reading.env_text(agent.container, evidence, agent.workload.namespace, name) for name in names}
    has_password = any(each.name in ("WEAVE_PASSWORD", "EXTRA_WEAVE_PASSWORD") for each in agent.container.env)
    if given["WEAVE_NO_FASTDP"]:
        notes.say("WEAVE_NO_FASTDP is set: packets travel in Weave's own format, which is not read here")
        mode = Mode("sleeve", NetworkType.OVERLAY)
    else:
        control = reading.whole(given["WEAVE_PORT"] or str(_CONTROL_PORT))
        if control is None or not 0 < control < _MAX_PORT:
            notes.doubt(f"WEAVE_PORT is no port: {_CONTROL_PORT} is taken instead")
            control = _CONTROL_PORT
        notes.say("the fast datapath is on, as it is unless switched off; its VNI names the two peers")
        tunnel = Overlay(Encapsulation.VXLAN, control + 1, None, vni_is_identity=True)
        secret = (Overlay(Encapsulation.ESP),) if has_password else ()
        mode = Mode("fastdp", NetworkType.OVERLAY, (tunnel, *secret), "ipsec" if has_password else "")
    ranges = reading.networks([given["IPALLOC_RANGE"] or _RANGE])
    who = Identity(PLUGIN, reading.image_version(agent.container.image), ranges)
    return conclude(who, mode, notes, agent.standing, Source.SETTINGS)
