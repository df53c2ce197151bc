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


class Cluster:
    """One cluster's naming, with the Pods that it is told of."""

    def __init__(self, recorder: Recorder) -> None:
        self.parts = Parts(capture=cast("Capture", recorder), clock=FixedClock(0))
        self.naming = ClusterNaming("k", self.parts)

    def pods_replaced(self, pods: Sequence[Pod], at_ns: int, *, known_until_ns: int | None = None) -> None:
        before = self.parts.pods.replace("k", pods)
        self.naming.pods_replaced(before, self.parts.pods.of("k"), at_ns, known_until_ns=known_until_ns)

    def pod_changed(self, each: Pod, at_ns: int) -> None:
        self.naming.pod_changed(self.parts.pods.put("k", each), each, at_ns)

    def pod_removed(self, each: Pod, at_ns: int) -> None:
        self.parts.pods.remove("k", each.uid)
        self.naming.pod_removed(each, at_ns)

    def nodes_replaced(self, nodes: Sequence[Node], at_ns: int) -> None:
        self.naming.nodes_replaced(nodes, at_ns)


@pytest.fixture
def naming(recorder: Recorder) -> Cluster:
    return Cluster(recorder)


def pod(uid: str, *ips: str, phase: str = "Running", started_ns: int = 10, host: bool = False) -> Pod:
    return Pod(
        uid=uid, namespace="d", name="x", node="n", phase=phase, ips=ips, started_ns=started_ns, host_network=host
    )


def test_a_pod_claims_all_its_addresses_from_its_start(naming: Cluster, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1", "fd00::1")], 100)
    assert recorder.claims == {("10.0.0.1", 1): (10, None), ("fd00::1", 1): (10, None)}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_ended_has_lost_its_address(naming: Cluster, recorder: Recorder, phase: str) -> None:
    naming.pod_changed(pod("1", "10.0.0.1"), 50)
    naming.pod_changed(pod("1", "10.0.0.1", phase=phase), 100)
    naming.pod_changed(pod("2", "10.0.0.1", started_ns=100), 110)
    assert recorder.claims == {("10.0.0.1", 1): (10, 100), ("10.0.0.1", 2): (100, None)}


def test_a_late_removal_ends_only_its_own_claim(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("old", "10.0.0.1"), 50)
    naming.pod_changed(pod("new", "10.0.0.1", started_ns=60), 70)
    naming.pod_removed(pod("old", "10.0.0.1"), 80)
    naming.pod_removed(pod("never-seen", "10.0.0.1"), 90)
    # What lies between the new one's start and its first event may be of either.
    assert recorder.claims == {("10.0.0.1", 1): (10, 60), ("10.0.0.1", 2): (70, None)}


def test_a_pod_that_vanished_between_two_lists_has_ended(naming: Cluster, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.2")], 100)
    naming.pods_replaced([pod("2", "10.0.0.2")], 200)
    assert recorder.claims == {("10.0.0.1", 1): (10, 200), ("10.0.0.2", 2): (10, None)}


def test_a_changed_address_ends_the_claim_on_the_earlier_one(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "10.0.0.1"), 50)
    naming.pod_changed(pod("1", "10.0.0.9"), 60)
    assert recorder.claims == {("10.0.0.1", 1): (10, 60), ("10.0.0.9", 1): (10, None)}


def test_a_pod_on_its_nodes_network_claims_nothing(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "192.0.2.11", host=True), 50)
    naming.nodes_replaced(
        [Node(name="server1", uid="n1", addresses=(("InternalIP", "192.0.2.11"), ("Hostname", "server1")))], 60
    )
    assert recorder.claims == {("192.0.2.11", 1): (0, None)}
    naming.nodes_replaced([], 70)
    assert recorder.claims == {("192.0.2.11", 1): (0, 70)}


SECOND = 1_000_000_000


def born(uid: str, *ips: str, second: int) -> Pod:
    """A Pod whose times are whole seconds, as the API tells them."""
    at_ns = second * SECOND
    return Pod(uid=uid, namespace="d", name="x", phase="Pending", ips=ips, created_ns=at_ns, started_ns=at_ns)


def test_a_pod_that_was_born_after_its_predecessors_end_takes_nothing_of_it(
    naming: Cluster, recorder: Recorder
) -> None:
    naming.pod_changed(born("old", "10.0.0.1", second=5), 6 * SECOND)
    naming.pod_removed(born("old", "10.0.0.1", second=5), 10 * SECOND + 300)
    # Both times lie within one second, so that the times of the API say nothing of their order.
    naming.pod_changed(born("new", second=10), 10 * SECOND + 100_000_000)
    naming.pod_changed(born("new", "10.0.0.1", second=10), 10 * SECOND + 200_000_000)
    assert recorder.claims["10.0.0.1", 1] == (5 * SECOND, 10 * SECOND + 300)
    assert recorder.claims["10.0.0.1", 2] == (10 * SECOND + 300, None)


def test_what_came_in_one_burst_proves_no_order(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(born("old", "10.0.0.1", second=5), 6 * SECOND)
    naming.pod_removed(born("old", "10.0.0.1", second=5), 11 * SECOND)
    naming.pod_changed(born("new", second=10), 11 * SECOND + 1000)
    naming.pod_changed(born("new", "10.0.0.1", second=10), 11 * SECOND + 2000)
    assert recorder.claims["10.0.0.1", 1] == (5 * SECOND, 10 * SECOND)
    assert recorder.claims["10.0.0.1", 2] == (11 * SECOND, None)


def test_what_vanished_while_nothing_was_heard_is_vouched_for_until_then(naming: Cluster, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.2")], 100)
    naming.pods_replaced([pod("2", "10.0.0.2"), pod("3", "10.0.0.1", started_ns=300)], 900, known_until_ns=200)
    assert recorder.claims[("10.0.0.1", 1)] == (10, 200)
    assert recorder.claims[("10.0.0.1", 3)] == (300, None)


def test_of_two_in_one_list_the_younger_has_the_address(naming: Cluster, recorder: Recorder) -> None:
    young, old = pod("young", "10.0.0.1", started_ns=50), pod("old", "10.0.0.1", started_ns=20)
    naming.pods_replaced([young, old], 100)
    numbers = {each.uid: each.number for each in naming.parts.endpoints.all()}
    assert recorder.claims == {
        ("10.0.0.1", numbers["old"]): (20, 50),
        ("10.0.0.1", numbers["young"]): (100, None),
    }


def test_the_older_of_two_does_not_take_an_address_over(naming: Cluster, recorder: Recorder) -> None:
    young, old = pod("young", "10.0.0.1", started_ns=50), pod("old", "10.0.0.1", started_ns=20)
    naming.pods_replaced([young], 100)
    naming.pods_replaced([young, old], 200)
    assert recorder.claims == {("10.0.0.1", 1): (50, None)}


def test_two_of_the_same_age_are_both_not_believed(naming: Cluster, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.1")], 100)
    assert all(until is not None and until <= since for since, until in recorder.claims.values())


def test_secondary_addresses_are_claimed(naming: Cluster, recorder: Recorder) -> None:
    both = Pod(uid="1", namespace="d", name="x", phase="Running", ips=("10.0.0.1",), secondary_ips=("192.168.7.1",))
    naming.pod_changed(both, 50)
    assert recorder.claims == {("10.0.0.1", 1): (50, None), ("192.168.7.1", 1): (50, None)}


def test_a_nodes_address_that_was_a_pods_is_its_own_from_then_on_only(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "10.244.0.0"), 50)
    naming.pod_removed(pod("1", "10.244.0.0"), 60)
    naming.nodes_replaced([Node(name="n", uid="n1", addresses=(("InternalIP", "10.244.0.0"),))], 70)
    assert recorder.claims["10.244.0.0", 2] == (70, None)
