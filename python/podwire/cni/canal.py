"""Canal: one DaemonSet with flanneld for the network and calico-node for policy; Calico's IPPools say nothing here.

Sources: calico, manifests/canal.yaml; rke2-charts, packages/rke2-canal (newer charts keep the settings in a Secret).
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import flannel, reading
from podwire.cni.flannel_backends import mode_of
from podwire.cni.modes import UNKNOWN_MODE, Mode
from podwire.cni.notes import Notes
from podwire.cni.reading import Fields
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding

PLUGIN = "canal"
_RKE2_SETTINGS = "rke2-canal-config"


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Canal that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents and flannel.canal_settings(evidence):
        return flannel.judge_nodes(PLUGIN, evidence)
    if not agents:
        return None
    notes = Notes()
    notes.say("flanneld carries Pod packets, calico-node in the same DaemonSet only enforces policy")
    secrets = {volume.secret for agent in agents for volume in agent.workload.volumes}
    fallback = _rke2_mode(evidence, notes) if _RKE2_SETTINGS in secrets else UNKNOWN_MODE
    return flannel.judge_agents(PLUGIN, agents, evidence, notes, fallback)


def _rke2_mode(evidence: Evidence, notes: Notes) -> Mode:
    """Return what RKE2's chart sets up: vxlan unless its HelmChartConfig names another backend, never a port or VNI."""
    backend = "vxlan"
    for chart in evidence.custom:
        if chart.resource == "helmchartconfigs.helm.cattle.io" and chart.name == "rke2-canal":
            given = reading.word(reading.dig(reading.parse_yaml(chart.spec.get("valuesContent")), "flannel", "backend"))
            if given:
                notes.say(f"HelmChartConfig {chart.namespace}/{chart.name} says flannel backend {given}")
                backend = given
    return mode_of(Fields({"Backend": {"Type": backend}}), flannel.systems_of(evidence), notes)
