"""Two connections that lead to one cluster contradict each other in nothing; two clusters that are alike still do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.engine.feed import ClusterFeed
from podwire.engine.names import Names
from podwire.engine.parts import Parts
from podwire.kube import ClusterState
from podwire.model.pods import Pod
from podwire.settings.configuration import ClusterSettings
from podwire.support.clock import FixedClock
from podwire.tables.endpoints import Endpoint, EndpointKind, EndpointTable

SECOND = 1_000_000_000
UIDS = ("11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555")


class World:
    """Two connections, and one call to an address that both claim."""

    def __init__(self, capture: Capture, packets: ModuleType, folder: Path) -> None:
        self.capture = capture
        self.start_ns: int = packets.START_NS
        self.parts = Parts(capture=capture, clock=FixedClock(self.start_ns))
        settings = ClusterSettings(kube_config="")
        self.feeds = {name: ClusterFeed(name, settings, parts=self.parts, changed=lambda: None) for name in ("a", "b")}
        trace = packets.Trace()
        packets.Talk(trace, client="10.0.0.9", server="10.0.0.1").open(0)
        self.path = folder / "trace.pcap"
        trace.write(self.path)

    def list_pods(self, name: str, uid: str, *, pod_name: str = "web") -> None:
        begun_ns = self.start_ns - 100 * SECOND
        pod = Pod(uid, "default", pod_name, "n", "Running", "Running", ("10.0.0.1",), started_ns=begun_ns)
        self.feeds[name].state_changed(ClusterState(state="connected", last_event_ns=self.start_ns))
        self.feeds[name].pods_replaced([pod], self.start_ns - 10 * SECOND)

    def row(self) -> dict[str, Any]:
        self.capture.read_files([str(self.path)])
        return self.seen()

    def seen(self) -> dict[str, Any]:
        (row,) = self.capture.rows([], ["cluster", "dst-endpoint", "dst-reason"])
        names = Names(self.parts).of(row["dst-endpoint"])
        return {"reason": row["dst-reason"], "pod": names.pod, "cluster": self.parts.clusters.name(row["cluster"])}


@pytest.fixture
def world(capture: Capture, packets: ModuleType, tmp_path: Path) -> Iterator[World]:
    made = World(capture, packets, tmp_path)
    yield made
    for feed in made.feeds.values():
        feed.end()


def test_the_same_cluster_under_two_names_is_named(world: World) -> None:
    world.list_pods("a", UIDS[0])
    world.list_pods("b", UIDS[0])
    assert world.row() == {"reason": "named", "pod": "web", "cluster": "a"}


def test_two_clusters_that_are_alike_are_ambiguous(world: World) -> None:
    world.list_pods("a", UIDS[0])
    world.list_pods("b", UIDS[1])
    assert world.row() == {"reason": "ambiguous", "pod": None, "cluster": ""}


def test_what_is_no_uuid_proves_nothing(world: World) -> None:
    world.list_pods("a", "default/web")
    world.list_pods("b", "default/web")
    assert world.row()["reason"] == "ambiguous"


def test_the_connection_that_is_heard_vouches_for_the_other(world: World) -> None:
    world.list_pods("a", UIDS[0])
    world.list_pods("b", UIDS[0])
    assert world.row()["pod"] == "web"
    away_ns = world.start_ns - SECOND
    world.parts.clusters.status("a").contact_ns = away_ns
    world.feeds["a"].state_changed(ClusterState(state="unreachable", error="gone", last_event_ns=away_ns))
    assert world.seen() == {"reason": "named", "pod": "web", "cluster": "b"}


def test_one_that_is_deleted_takes_no_name_away(world: World) -> None:
    world.list_pods("a", UIDS[0])
    world.list_pods("b", UIDS[0])
    world.feeds["a"].end()
    assert world.row() == {"reason": "named", "pod": "web", "cluster": "b"}


def test_numbers_that_stand_for_others_are_remembered_as_long_as_those() -> None:
    table = EndpointTable(most_ended=1)

    def put(cluster: str, uid: str) -> Endpoint:
        return table.put(cluster, EndpointKind.POD, uid, namespace="d", name="x", node="n")

    first, second = put("a", UIDS[0]), put("b", UIDS[0])
    assert table.shared(second.number) == first.number
    table.end(first)
    table.end(put("a", "other"))
    assert table.find("a", EndpointKind.POD, UIDS[0]) is None
    assert table.get(first.number) == first
    table.end(second)
    table.end(put("a", "another"))
    assert table.get(second.number) is None
    assert table.get(first.number) is None
    assert table.shared(second.number) == second.number
