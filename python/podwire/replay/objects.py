"""Fills the tables from files of Kubernetes objects, as a live cluster would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from podwire import cni
from podwire.capture import Claim
from podwire.engine.clusters import outer_addresses
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.kube.offline import load_objects
from podwire.model.overlays import Overlay
from podwire.model.pods import Pod
from podwire.tables.endpoints import EndpointKind


def load(objects: Sequence[tuple[str, Path]], parts: Parts) -> list[tuple[Overlay, int]]:
    """Take in the objects of each cluster; return the tunnels that they tell of, each with its cluster's number.

    Raises ObjectsError for a path that cannot be read.
    """
    overlays: list[tuple[Overlay, int]] = []
    nodes: dict[str, set[int]] = {}
    for cluster, group in groupby(sorted(objects, key=lambda each: each[0]), key=lambda each: each[0]):
        pods, evidence = load_objects([path for _, path in group])
        number = parts.clusters.number(cluster)
        parts.vports.replace(cluster, pods)
        findings = cni.judge(evidence)
        parts.findings.update(cluster, findings, 0)
        parts.capture.add_claims(_claims(cluster, pods, parts))
        ClusterNaming(cluster, parts).nodes_replaced(evidence.nodes, 0)
        for node in evidence.nodes:
            for address in outer_addresses(node):
                nodes.setdefault(address, set()).add(number)
        overlays += [(overlay, number) for finding in findings for overlay in finding.overlays]
    # An address that nodes of two clusters have tells nothing.
    parts.capture.set_nodes([(address, next(iter(numbers))) for address, numbers in nodes.items() if len(numbers) == 1])
    return overlays


def _claims(cluster: str, pods: Sequence[Pod], parts: Parts) -> list[Claim]:
    """Claim each Pod's addresses for the whole capture, or from the Pod's start where several had the same address."""
    number = parts.clusters.number(cluster)
    holders = [pod for pod in pods if pod.holds_addresses and not pod.host_network]
    shared = Counter(address for pod in holders for address in pod.ips)
    claims = []
    for pod in holders:
        endpoint = parts.endpoints.put(
            cluster, EndpointKind.POD, pod.uid, namespace=pod.namespace, name=pod.name, node=pod.node
        )
        since = pod.started_ns or pod.created_ns
        claims += [
            Claim(number, address, endpoint.number, since if shared[address] > 1 else 0, None) for address in pod.ips
        ]
    return claims
