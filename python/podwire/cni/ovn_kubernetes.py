"""OVN-Kubernetes, upstream and in OpenShift: Geneve between nodes, VXLAN to Windows nodes.

Sources: ovn-kubernetes, go-controller/pkg/config/config.go and dist/templates/ovnkube-node.yaml.j2; openshift/api,
operator/v1/types_network.go. The VNI is the key of a logical datapath, so any is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.agents import Agent
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "ovn-kubernetes"
_GENEVE_PORT, _HYBRID_PORT, _HYBRID_VNI = 6081, 4789, 4097
_OPERATOR, _CONFIG = "networks.operator.openshift.io", "networks.config.openshift.io"
_MAX_PORT = 65535


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the OVN-Kubernetes that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents:
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    operator = _openshift(evidence, _OPERATOR)
    settings = reading.dig(operator, "defaultNetwork", "ovnKubernetesConfig")
    port = _port(_env(agents, evidence, "OVN_ENCAP_PORT") or reading.dig(settings, "genevePort"), _GENEVE_PORT, notes)
    notes.say(f"packets travel in Geneve on port {port}")
    overlays = [Overlay(Encapsulation.GENEVE, port)]
    hybrid = reading.dig(settings, "hybridOverlayConfig")
    if isinstance(hybrid, dict) or reading.truth(_env(agents, evidence, "OVN_HYBRID_OVERLAY_ENABLE")):
        notes.say("the hybrid overlay is on: packets to Windows nodes travel in VXLAN")
        hybrid_port = _port(reading.dig(hybrid, "hybridOverlayVXLANPort"), _HYBRID_PORT, notes)
        overlays.append(Overlay(Encapsulation.VXLAN, hybrid_port, _HYBRID_VNI))
    who = Identity(PLUGIN, reading.image_version(agents[0].container.image), _ranges(agents, evidence))
    mode = Mode("geneve", NetworkType.OVERLAY, tuple(overlays))
    return conclude(who, mode, notes, agents[0].standing, Source.SETTINGS)


def _openshift(evidence: Evidence, resource: str) -> dict[str, object]:
    found = next((each for each in evidence.custom if each.resource == resource and each.name == "cluster"), None)
    return {} if found is None else {**found.spec, **found.status}


def _env(agents: Sequence[Agent], evidence: Evidence, name: str) -> str:
    """Return a variable from any container of the agents' DaemonSets."""
    texts = (
        reading.env_text(container, evidence, agent.workload.namespace, name)
        for agent in agents
        for container in agent.workload.containers
    )
    return next((text for text in texts if text), "")


def _port(value: object, default: int, notes: Notes) -> int:
    port = value if isinstance(value, int) else reading.whole(value) if isinstance(value, str) else 0
    if port is not None and 0 < port <= _MAX_PORT:
        return port
    if port != 0:
        notes.doubt(f"a port of OVN-Kubernetes cannot be read: {default} is taken instead")
    return default


def _ranges(agents: Sequence[Agent], evidence: Evidence) -> tuple[str, ...]:
    """Return the cluster network; upstream writes it as `range/prefix of a node`, several with commas."""
    parts = reading.objects(_openshift(evidence, _CONFIG).get("clusterNetwork"))
    config = reading.config_map(evidence, agents[0].workload.namespace, "ovn-config")
    texts = config.data.get("net_cidr", "").split(",") if config is not None else []
    cut = ["/".join(text.strip().split("/")[:2]) for text in texts]
    return reading.networks([*(part.get("cidr") for part in parts), *cut]) or reading.node_ranges(evidence.nodes)
