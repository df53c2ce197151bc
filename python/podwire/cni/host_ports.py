"""Whether ports of nodes lead to Pods that ask for them (`hostPort`)."""

from __future__ import annotations

from podwire.cni import reading
from podwire.model.evidence import Evidence

_CONFIG = "cilium-config"
_REPLACED = ("true", "strict", "probe")


def maps_host_ports(evidence: Evidence) -> bool:
    """Say whether a connection to such a port reaches the Pod.

    The portmap plugin does it for nearly all, and CRI-O by itself. Cilium alone does it only with its replacement of
    kube-proxy, with `enable-host-port`, or with portmap chained to it (docs.cilium.io,
    "Kubernetes Without kube-proxy").
    """
    found = next((each for each in evidence.config_maps if each.name == _CONFIG), None)
    if found is None or reading.word(found.data.get("cni-chaining-mode")) not in ("", "none"):
        return True
    has_own = reading.word(found.data.get("kube-proxy-replacement")) in _REPLACED
    return has_own or reading.word(found.data.get("enable-host-port")) == "true"
