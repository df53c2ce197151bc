"""OVN-Kubernetes, upstream and in OpenShift: Geneve between nodes, VXLAN to Windows nodes.

Sources: ovn-kubernetes, go-controller/pkg/config/config.go and dist/templates/ovnkube-node.yaml.j2; openshift/api,
operator/v1/types_network.go. The VNI is the key of a logical datapath, so any is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from podwire.cni import agents as found_agents
from podwire.cni import openshift, reading
from podwire.cni.agents import Agent
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source, Standing
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "ovn-kubernetes"
_IPSEC = "ovn-ipsec"
"""The container that sets up IPsec (ovn-kubernetes, dist/templates/ovn-ipsec.yaml.j2)."""
_NAT_PORT = 4500
_GENEVE_PORT, _HYBRID_PORT, _HYBRID_VNI = 6081, 4789, 4097


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the OVN-Kubernetes that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents and not openshift.names_alone(evidence, "OVNKubernetes"):
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    if not agents:
        notes.say("OpenShift's Network object says OVNKubernetes")
    operator = openshift.network_of(evidence, openshift.OPERATOR)
    settings = reading.dig(operator, "defaultNetwork", "ovnKubernetesConfig")
    given = _env(agents, evidence, "OVN_ENCAP_PORT") or reading.dig(settings, "genevePort")
    port = openshift.port(given, _GENEVE_PORT, notes)
    overlays = [Overlay(Encapsulation.GENEVE, port)]
    hybrid = reading.dig(settings, "hybridOverlayConfig")
    if isinstance(hybrid, dict) or reading.truth(_env(agents, evidence, "OVN_HYBRID_OVERLAY_ENABLE")):
        notes.say("the hybrid overlay is on: packets to Windows nodes travel in VXLAN")
        hybrid_port = openshift.port(reading.dig(hybrid, "hybridOverlayVXLANPort"), _HYBRID_PORT, notes)
        overlays.append(Overlay(Encapsulation.VXLAN, hybrid_port, _HYBRID_VNI))
    version = reading.image_version(agents[0].container.image) if agents else ""
    who = Identity(PLUGIN, version, _ranges(agents, evidence))
    mode = _mode(tuple(overlays), settings, evidence, notes)
    source = Source.SETTINGS if agents or operator else Source.DEFAULTS
    return conclude(who, mode, notes, agents[0].standing if agents else Standing.ABSENT, source)


def _mode(overlays: tuple[Overlay, ...], settings: object, evidence: Evidence, notes: Notes) -> Mode:
    if reading.word(reading.dig(settings, "transport")) == "nooverlay":
        notes.say("transport NoOverlay: the default network is routed; only networks of users travel in Geneve")
        return Mode("no-overlay", NetworkType.UNDERLAY, overlays)
    notes.say(f"packets travel in Geneve on port {overlays[0].port}")
    if not _is_encrypted(settings, evidence, notes):
        return Mode("geneve", NetworkType.OVERLAY, overlays)
    is_in_udp = reading.word(reading.dig(settings, "ipsecConfig", "full", "encapsulation")) == "always"
    secret = Overlay(Encapsulation.ESP, _NAT_PORT if is_in_udp else None)
    return Mode("geneve", NetworkType.OVERLAY, (*overlays, secret), "ipsec")


def _is_encrypted(settings: object, evidence: Evidence, notes: Notes) -> bool:
    """Whether IPsec encrypts the tunnels: OpenShift's operator says it, elsewhere its agent shows it.

    An `ipsecConfig` without a mode means Full; External is for traffic that leaves the cluster (openshift/api).
    """
    config = reading.dig(settings, "ipsecConfig")
    if isinstance(config, dict):
        mode = reading.word(config.get("mode")) or "full"
        notes.say(f"OpenShift's Network object says ipsecConfig {mode}")
        return mode == "full"
    if isinstance(settings, dict):
        return False
    for workload in evidence.daemon_sets:
        if workload.ready and any(container.name == _IPSEC for container in workload.containers):
            notes.say(f"DaemonSet {workload.namespace}/{workload.name} runs IPsec for its tunnels")
            return True
    return False


def _env(agents: Sequence[Agent], evidence: Evidence, name: str) -> str:
    """Return a variable from any container of the agents' DaemonSets."""
    texts = (
        reading.env_text(container, evidence, agent.workload.namespace, name)
        for agent in agents
        for container in agent.workload.containers
    )
    return next((text for text in texts if text), "")


def _ranges(agents: Sequence[Agent], evidence: Evidence) -> tuple[str, ...]:
    """Return the cluster network; upstream writes it as `range/prefix of a node`, several with commas."""
    config = reading.config_map(evidence, agents[0].workload.namespace, "ovn-config") if agents else None
    texts = config.data.get("net_cidr", "").split(",") if config is not None else []
    cut = ["/".join(text.strip().split("/")[:2]) for text in texts]
    return reading.networks([*openshift.ranges_of(evidence), *cut]) or reading.node_ranges(evidence.nodes)
