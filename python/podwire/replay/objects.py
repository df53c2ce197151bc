"""Fills the tables from files of Kubernetes objects, as a live cluster would."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from podwire.cni.host_ports import maps_host_ports
from podwire.cni.node_addresses import nodes_with_addresses
from podwire.cni.path_rules import network_of
from podwire.cni.shared_ranges import shared_ranges
from podwire.engine import detectors
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.engine.relations import ClusterRelations
from podwire.kube.offline import LoadedCluster, load_cluster
from podwire.model.overlays import Overlay


def load(objects: Sequence[tuple[str, Path]], parts: Parts) -> list[tuple[Overlay, int]]:
    """Take in the objects of each cluster; return the tunnels that they tell of, each with its cluster's number.

    Raises ObjectsError for a path that cannot be read.
    """
    overlays: list[tuple[Overlay, int]] = []
    nodes: dict[str, set[int]] = {}
    for cluster, group in groupby(sorted(objects, key=lambda each: each[0]), key=lambda each: each[0]):
        number = parts.clusters.number(cluster)
        overlays += [(overlay, number) for overlay in _take(cluster, load_cluster([path for _, path in group]), parts)]
        for row in parts.nodes.of(cluster):
            for address in row.addresses.outer:
                nodes.setdefault(address, set()).add(number)
    # An address that nodes of two clusters have tells nothing.
    parts.capture.set_nodes([(address, next(iter(numbers))) for address, numbers in nodes.items() if len(numbers) == 1])
    return overlays


def _take(cluster: str, loaded: LoadedCluster, parts: Parts) -> list[Overlay]:
    """Put one cluster into the tables; return its tunnels."""
    parts.pods.replace(cluster, loaded.pods)
    parts.vports.show(cluster, parts.pods.of(cluster))
    findings = detectors.judge(loaded.evidence)
    parts.findings.update(cluster, findings, 0)
    nodes = list(nodes_with_addresses(loaded.evidence, findings))
    parts.nodes.replace(cluster, nodes)
    parts.paths.put(cluster, network_of(loaded.evidence, findings))
    naming = ClusterNaming(cluster, parts)
    naming.map_host_ports(maps_host_ports(loaded.evidence), {}, 0)
    naming.share(shared_ranges(loaded.evidence, findings), {}, 0)
    naming.take_objects(parts.pods.of(cluster), nodes)
    relations = ClusterRelations(cluster, parts)
    relations.services_replaced(loaded.services, 0)
    relations.slices_replaced(loaded.slices, 0)
    for kind in {owner.kind for owner in loaded.owners}:
        relations.owners_replaced(kind, [owner for owner in loaded.owners if owner.kind == kind], 0)
    return [overlay for finding in findings for overlay in finding.overlays]
