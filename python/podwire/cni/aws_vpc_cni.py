"""Amazon's VPC CNI: Pods have addresses of the VPC and nothing is wrapped.

Source: amazon-vpc-cni-k8s, config/master/aws-k8s-cni.yaml.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "aws-vpc-cni"


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the VPC CNI that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    notes.say("Pods have addresses of the VPC, which routes them")
    agent = agents[0]
    if reading.truth(reading.env_text(agent.container, evidence, agent.workload.namespace, "ENABLE_POD_ENI")):
        notes.say("ENABLE_POD_ENI: Pods with security groups are on interfaces of their own, tagged 802.1Q")
    who = Identity(PLUGIN, reading.image_version(agent.container.image))
    return conclude(who, Mode("vpc", NetworkType.UNDERLAY), notes, agent.standing, Source.SETTINGS)
