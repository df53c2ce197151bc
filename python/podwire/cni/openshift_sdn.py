"""OpenShift SDN: VXLAN between nodes, its VNI the network of the sender's namespace.

Sources: openshift/api, operator/v1/types_network.go (openshiftSDNConfig); openshift/sdn, pkg/network/node: the tunnel's
identifier is the NetNamespace of the sender, so it differs by direction between namespaces.
"""

from __future__ import annotations

from podwire.cni import agents as found_agents
from podwire.cni import openshift, reading
from podwire.cni.modes import Identity, Mode, conclude
from podwire.cni.notes import Notes, Source, Standing
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "openshift-sdn"
_PORT = 4789


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the OpenShift SDN that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if not agents and not openshift.names_alone(evidence, "OpenShiftSDN"):
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    if not agents:
        notes.say("OpenShift's Network object says OpenShiftSDN")
    operator = openshift.network_of(evidence, openshift.OPERATOR)
    settings = reading.dig(operator, "defaultNetwork", "openshiftSDNConfig")
    mode = reading.word(reading.dig(settings, "mode")) or "networkpolicy"
    notes.say(f"its mode is {mode}; its VNI is the network of the sender's namespace")
    port = openshift.port(reading.dig(settings, "vxlanPort"), _PORT, notes)
    tunnel = Overlay(Encapsulation.VXLAN, port, None, vni_is_identity=True)
    version = reading.image_version(agents[0].container.image) if agents else ""
    who = Identity(PLUGIN, version, openshift.ranges_of(evidence) or reading.node_ranges(evidence.nodes))
    standing = agents[0].standing if agents else Standing.ABSENT
    source = Source.SETTINGS if operator else Source.DEFAULTS
    return conclude(who, Mode("vxlan", NetworkType.OVERLAY, (tunnel,)), notes, standing, source)
