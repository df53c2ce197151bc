"""The parts that every loop works on, handed over by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field

from podwire.capture import Capture
from podwire.support.clock import Clock
from podwire.tables.changed_places import ChangedPlaces
from podwire.tables.claims import ClaimTable
from podwire.tables.clusters import ClusterTable
from podwire.tables.endpoints import EndpointTable
from podwire.tables.findings import FindingTable
from podwire.tables.learned import LearnedTable
from podwire.tables.nodes import NodeTable
from podwire.tables.owners import OwnerTable
from podwire.tables.paths import PathTable
from podwire.tables.pods import PodTable
from podwire.tables.services import ServiceTable
from podwire.tables.vports import VPortTable


@dataclass(frozen=True, slots=True)
class Parts:
    """The tables, the packet core and the clock."""

    capture: Capture
    clock: Clock
    changed_places: ChangedPlaces = field(default_factory=ChangedPlaces)
    """What history is to be told of the claims."""
    claims: ClaimTable = field(default_factory=ClaimTable)
    clusters: ClusterTable = field(default_factory=ClusterTable)
    endpoints: EndpointTable = field(default_factory=EndpointTable)
    findings: FindingTable = field(default_factory=FindingTable)
    learned: LearnedTable = field(default_factory=LearnedTable)
    nodes: NodeTable = field(default_factory=NodeTable)
    owners: OwnerTable = field(default_factory=OwnerTable)
    paths: PathTable = field(default_factory=PathTable)
    pods: PodTable = field(default_factory=PodTable)
    services: ServiceTable = field(default_factory=ServiceTable)
    vports: VPortTable = field(default_factory=VPortTable)
