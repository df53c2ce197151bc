"""Finds the workloads that run network plugins, says which of them are alive, and which plugin therefore speaks.

The table names plugins that have no detector too: where one of them is live, what an earlier plugin left behind must
not be taken for the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.notes import Notes, Standing
from podwire.cni.roles import carries_pods
from podwire.model.evidence import Container, Evidence, Workload


class Signature(Struct, frozen=True):
    """What a plugin's agent looks like. A workload's own name proves nothing: distributions rename it."""

    plugin: str
    containers: tuple[str, ...] = ()
    """Container names that no other software uses."""
    programs: tuple[str, ...] = ()
    """Program names on the command line."""
    images: tuple[str, ...] = ()
    """How an image's name ends, without its tag; not asked where the container only copies files out of it."""


_COPIERS = {"sh", "bash", "cp", "install-conf", "sleep"}

SIGNATURES = (
    Signature(
        "flannel",
        ("kube-flannel",),
        ("flanneld",),
        ("coreos/flannel", "flannel/flannel", "flannel-io/flannel", "mirrored-flannelcni-flannel", "hardened-flannel"),
    ),
    Signature(
        "calico",
        ("calico-node",),
        ("calico-node",),
        ("calico/node", "mirrored-calico-node", "hardened-calico", "tigera/cnx-node", "calico/windows", "/cnx-node"),
    ),
    Signature("cilium", ("cilium-agent",), ("cilium-agent",), ("cilium/cilium", "mirrored-cilium-cilium")),
    Signature("kindnet", ("kindnet-cni",), ("kindnetd",), ("kindest/kindnetd",)),
    Signature("kube-router", ("kube-router",), ("kube-router",), ("cloudnativelabs/kube-router",)),
    Signature("antrea", ("antrea-agent",), ("antrea-agent",), ()),
    Signature("weave", (), (), ("weaveworks/weave-kube", "weave-kube")),
    Signature("ovn-kubernetes", ("ovnkube-node", "ovnkube-controller", "ovnkube-node-controller"), ("ovnkube",), ()),
    Signature("kube-ovn", ("cni-server",), ("kube-ovn-daemon", "kube-ovn-cni"), ()),
    Signature("aws-vpc-cni", ("aws-node",), (), ("amazon-k8s-cni",)),
    Signature("azure-cni", ("cns-container",), ("azure-cns",), ()),
    Signature("openshift-sdn", (), ("openshift-sdn-node",), ()),
    Signature("calico-vpp", ("calico-vpp-agent", "vpp"), (), ("calicovpp/agent",)),
)

_GKE_IMAGES = re.compile(r"gke\.gcr\.io/|([a-z0-9-]+-artifactregistry\.)?gcr\.io/gke-release")
"""Where the images of GKE's managed DaemonSets come from: one registry, or one of each region."""


class Agent(Struct, frozen=True):
    """A plugin's agent: the container that runs it, the DaemonSet it stands in, and how alive that is."""

    plugin: str
    workload: Workload
    container: Container
    standing: Standing

    @property
    def title(self) -> str:
        """`DaemonSet namespace/name`."""
        namespace = f"{self.workload.namespace}/" if self.workload.namespace else ""
        return f"DaemonSet {namespace}{self.workload.name}"

    @property
    def state(self) -> str:
        """The sentence on how alive it is."""
        if self.standing is Standing.LIVE:
            return f"{self.title} is ready on {reading.counted(self.workload.ready, 'node')}"
        if self.standing is Standing.DOWN:
            return f"{self.title} is ready on none of {reading.counted(self.workload.desired, 'node')}"
        return f"{self.title} is declared, not seen running"


def standing_of(workload: Workload) -> Standing:
    """Return how alive a workload is by its status."""
    if workload.ready > 0:
        return Standing.LIVE
    return Standing.DOWN if workload.desired > 0 else Standing.DECLARED


def runs(signature: Signature, container: Container, programs: set[str]) -> bool:
    """Return whether a container, with these programs on its command line, runs the agent of `signature`."""
    if container.name in signature.containers or not programs.isdisjoint(signature.programs):
        return True
    if programs & _COPIERS:
        return False
    head, _, tail = container.image.partition("@")[0].rpartition("/")
    return f"{head}/{tail.partition(':')[0]}".endswith(signature.images)


def find_agents(evidence: Evidence) -> list[Agent]:
    """Return every network agent among the DaemonSets, each plugin at most once a DaemonSet.

    A DaemonSet that runs flanneld beside calico-node is Canal: flannel's network with Calico's policy. Cilium from
    Google's own images is GKE's Dataplane V2.
    """
    found: list[Agent] = []
    for workload in evidence.daemon_sets:
        containers = [(container, reading.programs(container)) for container in reversed(workload.containers)]
        here = {
            signature.plugin: container
            for signature in SIGNATURES
            for container, programs in containers
            if runs(signature, container, programs)
        }
        if "flannel" in here and "calico" in here:
            here = {"canal": here["flannel"]}
        if "cilium" in here and _GKE_IMAGES.match(here["cilium"].image):
            here["gke"] = here.pop("cilium")
        standing = standing_of(workload)
        found += [Agent(plugin, workload, container, standing) for plugin, container in here.items()]
    return found


def network_agents(evidence: Evidence) -> list[Agent]:
    """Return the agents that carry Pod packets: not those that only enforce policy above another plugin."""
    return [
        agent
        for agent in find_agents(evidence)
        if carries_pods(agent.plugin, agent.workload, agent.container, evidence)
    ]


def strongest(evidence: Evidence, plugin: str) -> list[Agent]:
    """Return the most alive agents of `plugin`; none where an agent of another plugin is more alive."""
    agents = network_agents(evidence)
    best = max((agent.standing for agent in agents), default=Standing.ABSENT)
    return [agent for agent in agents if agent.plugin == plugin and agent.standing == best]


def say_states(agents: Iterable[Agent], evidence: Evidence, notes: Notes) -> None:
    """Note how alive the agents are, and those of the same plugin that are less alive and therefore not asked."""
    agents = list(agents)
    for agent in agents:
        notes.say(agent.state)
    if not agents:
        return
    for other in find_agents(evidence):
        if other.plugin == agents[0].plugin and other.standing < agents[0].standing:
            notes.say(f"ignored: {other.state}")


def may_read_daemon_sets(evidence: Evidence) -> bool:
    """Return whether an absent DaemonSet means that there is none."""
    return not reading.is_denied(evidence, "daemonsets.apps", "daemonsets")


def is_file_set(evidence: Evidence) -> bool:
    """Return whether nothing here was seen in a running cluster: no Node that reported, no DaemonSet ever scheduled."""
    has_reports = any(node.addresses or node.os or node.network_reason for node in evidence.nodes)
    return not has_reports and all(standing_of(each) is Standing.DECLARED for each in evidence.daemon_sets)
