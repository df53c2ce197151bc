"""Amazon's VPC CNI: Pods have addresses of the VPC and nothing is wrapped.

Sources: amazon-vpc-cni-k8s, config/master/aws-k8s-cni.yaml; EKS documentation of Auto Mode, whose nodes run the plugin
as part of their system, without a DaemonSet.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source, Standing
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "aws-vpc-cni"
_AUTO_MODE = "eks.amazonaws.com/compute-type"


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the VPC CNI that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return _of_nodes(evidence)
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    notes.say("Pods have addresses of the VPC, which routes them")
    agent = agents[0]
    if reading.truth(reading.env_text(agent.container, evidence, agent.workload.namespace, "ENABLE_POD_ENI")):
        notes.say("ENABLE_POD_ENI: Pods with security groups are on interfaces of their own, tagged 802.1Q")
    who = Identity(PLUGIN, reading.image_version(agent.container.image))
    return conclude(who, Mode("vpc", NetworkType.UNDERLAY), notes, agent.standing, Source.SETTINGS)


def _of_nodes(evidence: Evidence) -> CniFinding | None:
    """Return the plugin of EKS Auto Mode where no other plugin runs; a cluster's own may where that cannot be seen."""
    count = sum(node.labels.get(_AUTO_MODE) == "auto" for node in evidence.nodes)
    if not count or found_agents.network_agents(evidence) or not found_agents.may_read_daemon_sets(evidence):
        return None
    notes = Notes()
    notes.say(f"{reading.counted(count, 'node')} of EKS Auto Mode, whose system runs the VPC CNI")
    return conclude(Identity(PLUGIN), Mode("vpc", NetworkType.UNDERLAY), notes, Standing.ABSENT, Source.NODES)
