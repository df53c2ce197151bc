"""kindnet: kind's own plugin, which routes Pod ranges by node address and wraps nothing.

Source: kind, pkg/build/nodeimage/const_cni.go.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "kindnet"


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the kindnet that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    notes.say("kindnet has one way: a route a node")
    agent = agents[0]
    given = reading.env_text(agent.container, evidence, agent.workload.namespace, "POD_SUBNET")
    ranges = reading.networks(given.split(",")) or reading.node_ranges(evidence.nodes)
    who = Identity(PLUGIN, reading.image_version(agent.container.image), ranges)
    return conclude(who, Mode("host-gw", NetworkType.UNDERLAY), notes, agent.standing, Source.SETTINGS)
