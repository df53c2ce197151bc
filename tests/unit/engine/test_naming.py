"""Pods and Nodes become claims, and only the same UID ends one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from podwire.capture import Capture, Claim
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.pods import Pod
from podwire.support.clock import FixedClock


class Recorder:
    """Takes claims as the packet core does: the latest one for an endpoint's address stands."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, int], tuple[int, int | None]] = {}

    def add_claims(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self.claims[claim.address, claim.endpoint] = (claim.from_ns, claim.until_ns)

    def drop_cluster(self, cluster: int) -> None:
        self.claims.clear()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def naming(recorder: Recorder) -> ClusterNaming:
    return ClusterNaming("k", Parts(capture=cast("Capture", recorder), clock=FixedClock(0)))


def pod(uid: str, *ips: str, phase: str = "Running", started_ns: int = 10, host: bool = False) -> Pod:
    return Pod(
        uid=uid, namespace="d", name="x", node="n", phase=phase, ips=ips, started_ns=started_ns, host_network=host
    )


def test_a_pod_claims_all_its_addresses_from_its_start(naming: ClusterNaming, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1", "fd00::1")], 100)
    assert recorder.claims == {("10.0.0.1", 1): (10, None), ("fd00::1", 1): (10, None)}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_ended_has_lost_its_address(naming: ClusterNaming, recorder: Recorder, phase: str) -> None:
    naming.pod_changed(pod("1", "10.0.0.1"), 50)
    naming.pod_changed(pod("1", "10.0.0.1", phase=phase), 100)
    naming.pod_changed(pod("2", "10.0.0.1", started_ns=90), 110)
    assert recorder.claims == {("10.0.0.1", 1): (10, 100), ("10.0.0.1", 2): (90, None)}


def test_a_late_removal_ends_only_its_own_claim(naming: ClusterNaming, recorder: Recorder) -> None:
    naming.pod_changed(pod("old", "10.0.0.1"), 50)
    naming.pod_changed(pod("new", "10.0.0.1", started_ns=60), 70)
    naming.pod_removed(pod("old", "10.0.0.1"), 80)
    naming.pod_removed(pod("never-seen", "10.0.0.1"), 90)
    assert recorder.claims == {("10.0.0.1", 1): (10, 80), ("10.0.0.1", 2): (60, None)}


def test_a_pod_that_vanished_between_two_lists_has_ended(naming: ClusterNaming, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.2")], 100)
    naming.pods_replaced([pod("2", "10.0.0.2")], 200)
    assert recorder.claims == {("10.0.0.1", 1): (10, 200), ("10.0.0.2", 2): (10, None)}


def test_a_changed_address_ends_the_claim_on_the_earlier_one(naming: ClusterNaming, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "10.0.0.1"), 50)
    naming.pod_changed(pod("1", "10.0.0.9"), 60)
    assert recorder.claims == {("10.0.0.1", 1): (10, 60), ("10.0.0.9", 1): (10, None)}


def test_a_pod_on_its_nodes_network_claims_nothing(naming: ClusterNaming, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "192.0.2.11", host=True), 50)
    naming.nodes_replaced(
        [Node(name="server1", uid="n1", addresses=(("InternalIP", "192.0.2.11"), ("Hostname", "server1")))], 60
    )
    assert recorder.claims == {("192.0.2.11", 1): (0, None)}
    naming.nodes_replaced([], 70)
    assert recorder.claims == {("192.0.2.11", 1): (0, 70)}
