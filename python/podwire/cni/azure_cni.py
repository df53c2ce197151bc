"""Azure CNI: Pods have addresses of the virtual network, or of an overlay that the network itself carries.

Sources: Azure/AKS documentation of Azure CNI Overlay ("no need to use an encapsulation method") and of Azure CNI
powered by Cilium; Azure/azure-container-networking, cns and crd/nodenetworkconfig. Nodes say the kind by their labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.modes import Identity, Mode, conclude, merge
from podwire.cni.notes import Notes, Source, Standing
from podwire.model.evidence import Evidence, Node
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "azure-cni"
_LABEL = "kubernetes.azure.com/podnetwork-type"
_OVERLAY_LABEL = "kubernetes.azure.com/azure-cni-overlay"
_CLUSTER_LABEL = "kubernetes.azure.com/cluster"
_DATAPLANE_LABEL = "kubernetes.azure.com/ebpf-dataplane"
_CONFIGS = "nodenetworkconfigs.acn.azure.com"

_MODES = {
    # The provider wraps what it carries below the nodes' network: no mirror port of a node's sees it.
    "overlay": Mode("overlay", NetworkType.OVERLAY),
    "vnet": Mode("vnet", NetworkType.UNDERLAY),
    "vnetblock": Mode("vnetblock", NetworkType.UNDERLAY),
    "kubenet": Mode("kubenet", NetworkType.UNDERLAY),
}


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Azure CNI that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    is_readable = found_agents.may_read_daemon_sets(evidence)
    kinds = list(dict.fromkeys(filter(None, (_kind(node, may_guess=is_readable) for node in evidence.nodes))))
    if not agents and (not kinds or found_agents.network_agents(evidence)):
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    if not agents:
        notes.say("no DaemonSet of Azure's network is known; the Nodes' labels name it")
    modes = [mode for kind in kinds if (mode := _say(kind, notes)) is not None]
    if not kinds:
        notes.say("no Node says by its labels which network its Pods are in")
    if any(node.labels.get(_DATAPLANE_LABEL) == "cilium" for node in evidence.nodes):
        notes.say("Cilium is its data path and wraps nothing")
    version = reading.image_version(agents[0].container.image) if agents else ""
    who = Identity(PLUGIN, version, reading.networks(_ranges(evidence)) or reading.node_ranges(evidence.nodes))
    standing = agents[0].standing if agents else Standing.ABSENT
    source = Source.NODES if kinds else Source.NOWHERE
    return conclude(who, _together(modes), notes, standing, source)


def _kind(node: Node, *, may_guess: bool) -> str:
    """Return the kind of the node's Pod network; nodes of AKS without a label are of its older kinds.

    Those are only guessed where it is sure that no other plugin runs: AKS lets its users bring one.
    """
    told = reading.word(node.labels.get(_LABEL))
    if told:
        return told
    if reading.truth(node.labels.get(_OVERLAY_LABEL, "")):
        return "overlay"
    if _CLUSTER_LABEL not in node.labels or not may_guess:
        return ""
    return "kubenet" if node.pod_cidrs else "vnet"


def _together(modes: list[Mode]) -> Mode:
    """Return what node pools of several kinds make: kinds that wrap alike are one network type."""
    merged = merge(modes)
    types = {mode.network_type for mode in modes}
    return msgspec.structs.replace(merged, network_type=types.pop()) if len(types) == 1 else merged


def _say(kind: str, notes: Notes) -> Mode | None:
    mode = _MODES.get(kind)
    if mode is None:
        notes.doubt(f"Nodes say podnetwork-type {kind}, which is not known here")
    elif mode.network_type is NetworkType.OVERLAY:
        notes.say(f"Nodes say podnetwork-type {kind}: the provider carries it, and nothing is wrapped between nodes")
    elif kind == "kubenet":
        notes.say("Nodes of AKS have Pod ranges and no podnetwork-type: kubenet, which the provider's routes carry")
    else:
        notes.say(f"Nodes are of Pod network {kind}: Pods have addresses of the virtual network")
    return mode


def _ranges(evidence: Evidence) -> Iterator[object]:
    for each in evidence.custom:
        if each.resource == _CONFIGS:
            for container in reading.objects(each.status.get("networkContainers")):
                yield container.get("subnetAddressSpace")
