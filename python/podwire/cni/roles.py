"""Tells a plugin that carries Pod packets from one that only enforces policy above another plugin's network."""

from __future__ import annotations

from collections.abc import Callable

from podwire.cni import calico_installation, reading
from podwire.cni.antrea_settings import settings_of
from podwire.model.evidence import Container, Evidence, Workload

_AZURE_LABEL = "kubernetes.azure.com/cluster"


def carries_pods(plugin: str, workload: Workload, container: Container, evidence: Evidence) -> bool:
    """Return whether this agent puts Pod packets on the wire; where that cannot be told, it is taken to."""
    judge = _JUDGES.get(plugin)
    return judge is None or judge(workload, container, evidence)


def calico_backend(workload: Workload, container: Container, evidence: Evidence) -> str:
    """Return CALICO_NETWORKING_BACKEND of a calico-node: bird, vxlan, none; empty where it is not known.

    Whatever is neither none nor vxlan runs BIRD (calico, node/filesystem/etc/rc.local). The Windows DaemonSet takes
    its environment from the ConfigMap calico-windows-config as a whole (calico, manifests/calico-windows-vxlan.yaml).
    """
    found = reading.env(container, evidence, workload.namespace, "CALICO_NETWORKING_BACKEND")
    if found is not None:
        return reading.word(found.text)
    windows = reading.config_map(evidence, workload.namespace, "calico-windows-config")
    if windows is not None and container.name in ("node", "felix"):
        return reading.word(windows.data.get("CALICO_NETWORKING_BACKEND"))
    return "bird"


def _calico(workload: Workload, container: Container, evidence: Evidence) -> bool:
    return calico_backend(workload, container, evidence) != "none" or calico_installation.is_routed_by_cloud(evidence)


def _cilium(workload: Workload, _container: Container, evidence: Evidence) -> bool:
    settings = reading.config_map(evidence, workload.namespace, "cilium-config")
    chaining = reading.word(settings.data.get("cni-chaining-mode")) if settings is not None else ""
    ipam = reading.word(settings.data.get("ipam")) if settings is not None else ""
    # On Azure, Cilium is the data path of Azure's own network, which gives the addresses.
    is_azures = ipam == "delegated-plugin" and any(_AZURE_LABEL in node.labels for node in evidence.nodes)
    return chaining in ("", "none", "portmap") and not is_azures


def _antrea(workload: Workload, _container: Container, evidence: Evidence) -> bool:
    settings, _ = settings_of(workload, evidence)
    return reading.word(reading.dig(settings, "trafficEncapMode")) != "networkpolicyonly"


def _kube_router(_workload: Workload, container: Container, _evidence: Evidence) -> bool:
    given = reading.flags(reading.words(container))
    return all(reading.truth(given.get(name, "true")) is not False for name in ("run-router", "enable-cni"))


def _kube_ovn(_workload: Workload, container: Container, _evidence: Evidence) -> bool:
    """Whether it is not only there for further interfaces of Pods (kube-ovn, cmd/daemon: --non-primary-cni-mode)."""
    given = reading.flags(reading.words(container))
    return reading.truth(given.get("non-primary-cni-mode", "")) is not True


_JUDGES: dict[str, Callable[[Workload, Container, Evidence], bool]] = {
    "calico": _calico,
    "cilium": _cilium,
    "antrea": _antrea,
    "kube-router": _kube_router,
    "kube-ovn": _kube_ovn,
}
