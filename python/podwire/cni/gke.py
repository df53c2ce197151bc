"""Google's GKE: Pods have alias addresses of the VPC, and nothing is wrapped, with either of its data planes.

Source: GKE documentation on VPC-native clusters and on Dataplane V2, which is Cilium in a DaemonSet `anetd`. Dataplane
V1 has no agent of its own; Calico beside it only enforces policy.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import cilium, reading
from podwire.cni.agents import Agent, standing_of
from podwire.cni.modes import UNKNOWN_MODE, Identity, Mode, conclude
from podwire.cni.notes import Notes, Source, Standing
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "gke"
_LABEL = "cloud.google.com/gke-nodepool"
_NODE_AGENT = "netd"
_V1 = Mode("dataplane-v1", NetworkType.UNDERLAY)


def detect(evidence: Evidence) -> CniFinding | None:
    """Return GKE's own network where it carries Pod packets, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    notes = Notes()
    ranges = reading.node_ranges(evidence.nodes)
    if agents:
        found_agents.say_states(agents, evidence, notes)
        notes.say("it is GKE's own Cilium: Dataplane V2, which routes Pods by their alias addresses")
        who = Identity(PLUGIN, reading.image_version(agents[0].container.image), ranges)
        return conclude(who, _v2(agents[0], evidence, notes), notes, agents[0].standing, Source.SETTINGS)
    count = sum(_LABEL in node.labels for node in evidence.nodes)
    if not count or found_agents.network_agents(evidence):
        return None
    if not found_agents.may_read_daemon_sets(evidence):
        notes.doubt(
            f"{reading.counted(count, 'node')} of GKE, but DaemonSets may not be read: any plugin may run there"
        )
        return conclude(Identity(PLUGIN, "", ranges), UNKNOWN_MODE, notes, Standing.ABSENT, Source.NODES)
    notes.say(f"{reading.counted(count, 'node')} of GKE, without another plugin: Dataplane V1 and alias addresses")
    standing = Standing.ABSENT
    for workload in evidence.daemon_sets:
        if any(container.name == _NODE_AGENT for container in workload.containers):
            standing = max(standing, standing_of(workload))
            notes.confirm(f"GKE's {_NODE_AGENT} is there")
    return conclude(Identity(PLUGIN, "", ranges), _V1, notes, standing, Source.NODES)


def _v2(agent: Agent, evidence: Evidence, notes: Notes) -> Mode:
    """Return Dataplane V2, which encrypts between nodes where the cluster asks for it, as its Cilium's settings say."""
    config = reading.config_map(evidence, agent.workload.namespace, cilium.CONFIG)
    where = f"ConfigMap {agent.workload.namespace}/{cilium.CONFIG}"
    encryption, tunnels = cilium.encryption_of(config.data if config is not None else {}, where, notes)
    return Mode("dataplane-v2", NetworkType.OVERLAY if encryption else NetworkType.UNDERLAY, tunnels, encryption)
