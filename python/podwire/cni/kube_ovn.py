"""Kube-OVN: overlay and underlay Subnets side by side.

Sources: kube-ovn, charts/kube-ovn/templates/{ovncni-ds,controller-deploy}.yaml and pkg/apis/kubeovn/v1/subnet.go: a
Subnet with a vlan goes to the wire as it is. The VNI is the key of a logical datapath, so any is accepted.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.agents import Agent
from podwire.cni.modes import Identity, Mode, conclude, merge
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "kube-ovn"
SUBNETS = "subnets.kubeovn.io"
_JOIN = "join"
"""The Subnet that connects the nodes themselves; no Pod lives in it."""
_TUNNELS = {
    "geneve": Overlay(Encapsulation.GENEVE, 6081),
    "vxlan": Overlay(Encapsulation.VXLAN, 4789),
    "stt": Overlay(Encapsulation.STT),
}


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Kube-OVN that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    tunnel = _tunnel(agents[0], notes)
    subnets = [each for each in evidence.custom if each.resource == SUBNETS and each.name != _JOIN]
    bare = [each for each in subnets if each.spec.get("vlan")]
    if subnets:
        notes.say(f"{len(bare)} of {reading.counted(len(subnets), 'Subnet')} have a vlan and are not wrapped")
        modes = [tunnel] if len(bare) < len(subnets) else []
        modes += [Mode("vlan", NetworkType.UNDERLAY)] if bare else []
    elif _is_vlan_by_default(evidence):
        notes.say("kube-ovn-controller says --network-type vlan")
        modes = [Mode("vlan", NetworkType.UNDERLAY)]
    else:
        modes = [tunnel]
    ranges = reading.networks(part for each in subnets for part in str(each.spec.get("cidrBlock", "")).split(","))
    who = Identity(PLUGIN, reading.image_version(agents[0].container.image), ranges)
    return conclude(who, merge(modes), notes, agents[0].standing, Source.SETTINGS)


def _tunnel(agent: Agent, notes: Notes) -> Mode:
    """Return the tunnel of overlay Subnets: `--network-type` of the agent, geneve unless given."""
    given = reading.flags(reading.words(agent.container))
    kind = reading.word(given.get("network-type", "geneve"))
    if kind not in _TUNNELS:
        notes.doubt(f"--network-type {kind} is not known here")
        return Mode(kind or "unknown", NetworkType.UNKNOWN)
    notes.say(f"Subnets without a vlan travel in {kind}")
    if reading.truth(given.get("enable-ovn-ipsec", "")):
        notes.say("--enable-ovn-ipsec: IPsec encrypts these tunnels")
        return Mode(kind, NetworkType.OVERLAY, (_TUNNELS[kind], Overlay(Encapsulation.ESP)), "ipsec")
    return Mode(kind, NetworkType.OVERLAY, (_TUNNELS[kind],))


def _is_vlan_by_default(evidence: Evidence) -> bool:
    lines = [
        reading.flags(reading.words(container))
        for each in evidence.deployments
        for container in each.containers
        if container.name == "kube-ovn-controller"
    ]
    return any(reading.word(line.get("network-type")) == "vlan" for line in lines)
