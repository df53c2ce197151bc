"""Which resources of the Kubernetes API are read, as data: a new one is a line here."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Resource(Struct, frozen=True):
    """One collection of the API, or one object of it where `name` is set."""

    plural: str
    group: str = ""
    version: str = "v1"
    namespace: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """How it is called in errors and in `denied`: `plural.group`, or `plural/namespace/name` for one object."""
        kind = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{kind}/{self.namespace}/{self.name}" if self.name else kind

    @property
    def path(self) -> str:
        """The collection's path below the server's address."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{self.namespace}/{self.plural}" if self.namespace else f"{root}/{self.plural}"

    @property
    def selector(self) -> dict[str, str]:
        """The query that narrows the collection to the one object, where there is one."""
        return {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}


PODS = Resource("pods")
NODES = Resource("nodes")
DAEMON_SETS = Resource("daemonsets", group="apps")
SERVICES = Resource("services")
ENDPOINT_SLICES = Resource("endpointslices", group="discovery.k8s.io")
OWNERS = {Resource("replicasets", group="apps"): "ReplicaSet", Resource("jobs", group="batch"): "Job"}
"""What stands between Pods and their workloads, by the kind that ownerReferences name."""
CILIUM_NODES = "ciliumnodes"


class CustomKind(Struct, frozen=True):
    """A custom resource that tells something about the network, where its group is installed."""

    group: str
    plurals: tuple[str, ...]
    version: str = "v1"
    """The version whose fields the detectors know; where it is not served, the server's preferred one is read."""
    unless_group: str = ""
    """Not read where this group is installed too."""
    namespace: str = ""
    name: str = ""


_CALICO = ("ippools", "felixconfigurations", "clusterinformations")

CUSTOM_KINDS = (
    CustomKind("crd.projectcalico.org", _CALICO),
    # Where both are there, projectcalico.org is the aggregated server in front of the same data, and Calico reads the
    # CRDs itself (libcalico-go/lib/backend/k8s/discovery.go).
    CustomKind("projectcalico.org", _CALICO, version="v3", unless_group="crd.projectcalico.org"),
    CustomKind("operator.tigera.io", ("installations",)),
    CustomKind("cilium.io", ("ciliumnodeconfigs", CILIUM_NODES), version="v2"),
    CustomKind("kubeovn.io", ("subnets", "vlans")),
    CustomKind("acn.azure.com", ("nodenetworkconfigs",), version="v1alpha", namespace="kube-system"),
    CustomKind("operator.openshift.io", ("networks",)),
    CustomKind("config.openshift.io", ("networks",)),
    # RKE2 keeps what was set for its bundled plugins here; the ConfigMap of Canal is a Secret there.
    CustomKind("helm.cattle.io", ("helmchartconfigs",), namespace="kube-system"),
)

GROUP_DEPLOYMENTS = {
    "kubeovn.io": Resource("deployments", group="apps", namespace="kube-system", name="kube-ovn-controller")
}
"""Deployments that say how a plugin is set up, by the group that shows that it may be there."""

CONTAINER_CONFIG_MAPS = {
    "kube-flannel": "kube-flannel-cfg",
    "calico-node": "calico-config",
    "cilium-agent": "cilium-config",
    "antrea-agent": "antrea-config",
    "kube-router": "kube-router-cfg",
    "weave": "weave-net",
    "aws-node": "amazon-vpc-cni",
    "ovnkube-node": "ovn-config",
    "ovnkube-controller": "ovn-config",
}
"""ConfigMaps that an agent may read through the API though its DaemonSet names none, by the agent's container."""

WELL_KNOWN_CONFIG_MAPS = (
    ("kube-system", "kubeadm-config"),
    ("kube-flannel", "kube-flannel-cfg"),
    ("kube-system", "kube-flannel-cfg"),
    ("kube-system", "canal-config"),
    ("kube-system", "rke2-canal-config"),
    ("kube-system", "calico-config"),
    ("kube-system", "cilium-config"),
    ("kube-system", "antrea-config"),
    ("kube-system", "kube-router-cfg"),
    ("kube-system", "weave-net"),
    ("kube-system", "amazon-vpc-cni"),
    ("calico-system", "calico-windows-config"),
    ("ovn-kubernetes", "ovn-config"),
)
"""Read where the DaemonSets may not be: the first one always, for the Pod range that kubeadm was given."""


def custom_resources(groups: Mapping[str, tuple[str, ...]]) -> set[Resource]:
    """Return what is worth reading where `groups` (name to served versions, the preferred first) are installed."""
    found = set()
    for kind in CUSTOM_KINDS:
        versions = groups.get(kind.group)
        if not versions or (kind.unless_group and kind.unless_group in groups):
            continue
        version = kind.version if kind.version in versions else versions[0]
        found |= {Resource(plural, kind.group, version, kind.namespace, kind.name) for plural in kind.plurals}
    return found | {resource for group, resource in GROUP_DEPLOYMENTS.items() if group in groups}
