"""Names what other plugins left in a cluster, so that an operator sees that it was noticed and not believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.agents import Agent, find_agents, network_agents
from podwire.cni.notes import Standing
from podwire.model.evidence import Evidence


class Traces(Struct, frozen=True):
    """What a plugin leaves behind when it goes."""

    plugin: str
    annotations: str = ""
    """The domain of its Node annotations, with the slash."""
    groups: tuple[str, ...] = ()
    """API groups of its custom resources: they only prove that it was installed once."""
    reason: str = ""
    """The reason it gives in the NetworkUnavailable condition."""


TRACES = (
    Traces("flannel", "flannel.alpha.coreos.com/", (), "FlannelIsUp"),
    Traces("calico", "projectcalico.org/", ("crd.projectcalico.org", "projectcalico.org"), "CalicoIsUp"),
    Traces("cilium", "network.cilium.io/", ("cilium.io",), "CiliumIsUp"),
    Traces("weave", "", (), "WeaveIsUp"),
    Traces("antrea", "node.antrea.io/", ("crd.antrea.io",), ""),
    Traces("kube-router", "kube-router.io/", (), ""),
    Traces("ovn-kubernetes", "k8s.ovn.org/", ("k8s.ovn.org",), ""),
    Traces("kube-ovn", "ovn.kubernetes.io/", ("kubeovn.io",), ""),
)
MOST_IGNORED = 12
"""Sentences on what was ignored that a finding carries."""

_ALSO = {"canal": {"flannel", "calico"}}


def ignored_traces(evidence: Evidence, found: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each plugin outside `found` that left traces, and for each agent that was outdone."""
    ours = set(found).union(*(_ALSO.get(plugin, set()) for plugin in found))
    agents = [agent for agent in find_agents(evidence) if agent.plugin not in ours]
    rivals = network_agents(evidence)
    said = [f"{_verdict(agent, rivals)}: {agent.state}" for agent in agents]
    running = ours | {agent.plugin for agent in agents}
    counts = _count(evidence)
    for traces in TRACES:
        parts = _parts(traces, counts, evidence) if traces.plugin not in running else []
        if parts:
            said.append(f"ignored: {traces.plugin} left {reading.some(parts)}, but none of its agents is running")
    more = len(said) - MOST_IGNORED
    said[MOST_IGNORED:] = [f"ignored: {reading.counted(more, 'more trace')}"] if more > 0 else []
    return tuple(map(reading.plain, said))


def _verdict(agent: Agent, rivals: Collection[Agent]) -> str:
    if agent.standing < Standing.LIVE:
        return f"ignored: {agent.plugin}"
    return f"{agent.plugin} runs beside it" if agent in rivals else f"{agent.plugin} only adds to this network"


def _count(evidence: Evidence) -> Counter[str]:
    """Count the nodes by the domains of their annotations (`example.org/`) and by their condition's reason."""
    counts: Counter[str] = Counter()
    for node in evidence.nodes:
        counts.update({key[: key.find("/") + 1] for key in node.annotations})
        counts[node.network_reason] += 1
    return counts


def _parts(traces: Traces, counts: Counter[str], evidence: Evidence) -> list[str]:
    parts = []
    if traces.annotations and counts[traces.annotations]:
        parts.append(f"annotations on {reading.counted(counts[traces.annotations], 'node')}")
    if traces.reason and counts[traces.reason]:
        parts.append(f"the condition {traces.reason} on {reading.counted(counts[traces.reason], 'node')}")
    parts += [f"API group {group}" for group in traces.groups if group in evidence.api_groups]
    return parts
