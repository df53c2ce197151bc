"""OpenShift's own words on the network: the objects Network of config.openshift.io and operator.openshift.io.

Source: openshift/api, config/v1/types_network.go and operator/v1/types_network.go.
"""

from __future__ import annotations

from typing import Any

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.notes import Notes
from podwire.model.evidence import Evidence

OPERATOR, CONFIG = "networks.operator.openshift.io", "networks.config.openshift.io"
MAX_PORT = 65535


def network_of(evidence: Evidence, resource: str) -> dict[str, Any]:
    """Return spec and status of the Network `cluster`, the status on top; empty where there is none."""
    found = next((each for each in evidence.custom if each.resource == resource and each.name == "cluster"), None)
    return {} if found is None else {**found.spec, **found.status}


def ranges_of(evidence: Evidence) -> tuple[str, ...]:
    """Return the cluster network's Pod ranges."""
    parts = reading.objects(network_of(evidence, CONFIG).get("clusterNetwork"))
    return reading.networks(part.get("cidr") for part in parts)


def names_alone(evidence: Evidence, network_type: str) -> bool:
    """Return whether OpenShift names this network where no DaemonSet can: they may not be read, or none is given."""
    if found_agents.may_read_daemon_sets(evidence) and evidence.daemon_sets:
        return False
    return reading.word(network_of(evidence, CONFIG).get("networkType")) == network_type.lower()


def port(value: object, default: int, notes: Notes) -> int:
    """Return a UDP port that an object or the environment gives; unset or 0 means the default."""
    number = value if isinstance(value, int) else reading.whole(value) if isinstance(value, str) else 0
    if number is not None and 0 < number <= MAX_PORT:
        return number
    if number != 0:
        notes.doubt(f"a port of the network cannot be read: {default} is taken instead")
    return default
