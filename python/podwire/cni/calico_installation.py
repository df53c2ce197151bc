"""The operator's Installation: what Calico was asked to be, as the operator completes it.

Source: tigera/operator, api/v1/installation_types.go; `status.computed` is the spec that is in effect
(pkg/controller/installation/core_controller.go).
"""

from __future__ import annotations

from typing import Any

from podwire.cni import reading
from podwire.model.evidence import Evidence

RESOURCE = "installations.operator.tigera.io"


def installation_of(evidence: Evidence) -> dict[str, Any]:
    """Return the effective spec of the Installation, empty where there is none."""
    for each in evidence.custom:
        if each.resource == RESOURCE:
            computed = each.status.get("computed")
            return computed if isinstance(computed, dict) else each.spec
    return {}


def has_installation(evidence: Evidence) -> bool:
    """Return whether an Installation is there at all, be its spec empty."""
    return any(each.resource == RESOURCE for each in evidence.custom)


def is_calico_network(spec: dict[str, Any]) -> bool:
    """Return whether Calico itself, not a cloud's CNI plugin, connects the Pods (`cni.type`, Calico unless set)."""
    return reading.word(reading.dig(spec, "cni", "type")) in ("", "calico")


def has_bgp(spec: dict[str, Any]) -> bool:
    """Return whether BIRD runs (`calicoNetwork.bgp`, Enabled unless set)."""
    return reading.word(reading.dig(spec, "calicoNetwork", "bgp")) != "disabled"


def is_routed_by_cloud(evidence: Evidence) -> bool:
    """Return whether Calico connects Pods with addresses of the Nodes' ranges, which the cloud routes.

    Its networking backend is then `none`, as where it only enforces policy (pkg/render/node.go).
    """
    spec = installation_of(evidence)
    is_local = reading.word(reading.dig(spec, "cni", "ipam", "type")) == "hostlocal"
    return is_local and is_calico_network(spec) and not has_bgp(spec)
