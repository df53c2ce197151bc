"""Why an end has no name, where a cluster has its address but another way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podwire.capture import Capture, Scope
from podwire.catalog.connection import CONNECTION
from podwire.engine.claiming import tell_core
from podwire.engine.parts import Parts
from podwire.replay.answers import make_commands
from podwire.support.clock import FixedClock
from podwire.tables.claims import Sight
from podwire.tables.endpoints import EndpointKind

HANDSHAKE = Path(__file__).parents[2] / "cases" / "pcap" / "handshake" / "capture.pcap"
AFTER_NS = 1_700_000_001_000_000_000


@pytest.fixture
def capture() -> Iterator[Capture]:
    made = Capture(keeps_ended=True)
    made.set_collecting(True)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("vlan", "pod", "reason"),
    [
        (None, "web", "src: no cluster claims this address"),
        (10, None, "dst: prod claims this address, but not on this interface, VLAN or tunnel"),
    ],
)
async def test_a_cluster_that_is_bound_elsewhere_is_named(
    capture: Capture, vlan: int | None, pod: str | None, reason: str
) -> None:
    parts = Parts(capture=capture, clock=FixedClock(AFTER_NS))
    cluster = parts.clusters.number("prod")
    web = parts.endpoints.put("prod", EndpointKind.POD, "uid-1", namespace="shop", name="web", node="worker-1")
    parts.claims.claim(cluster, "10.10.2.1", web.number, Sight(1_000, 1_000, 1_000))
    tell_core(parts)
    if vlan is not None:
        capture.set_scopes([Scope(cluster, None, vlan)])
    capture.read_files([str(HANDSHAKE)])
    (row,) = (await make_commands(parts).show(CONNECTION, [("format", "dst-pod,reason")])).as_rows()
    assert row["dst-pod"] == pod
    assert reason in row["reason"]
