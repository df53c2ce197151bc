"""Pods and Nodes become claims, and only the same UID ends one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
import pytest

from podwire.capture import Capture, Claim, Span
from podwire.cni.node_addresses import nodes_with_addresses
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.model.evidence import Evidence, Node
from podwire.model.pods import DeclaredPort, Pod
from podwire.support.clock import FixedClock

SECOND = 1_000_000_000
SETTLING = 10 * SECOND


class Recorder:
    """Takes claims as the packet core does: what is told of a place stands in place of what was told before."""

    def __init__(self) -> None:
        self.told: dict[str | tuple[str, int, int], list[Span]] = {}

    def set_claims(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            place = (claim.address, claim.protocol, claim.port) if claim.port else claim.address
            self.told[place] = [*claim.spans]

    @property
    def claims(self) -> dict[tuple[str | tuple[str, int, int], int], tuple[int, int | None]]:
        """By place and endpoint: from and until; without the times that are nobody's."""
        return {
            (place, endpoint): (from_ns, until_ns)
            for place, spans in self.told.items()
            for endpoint, from_ns, until_ns in spans
            if endpoint
        }


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
        self.naming.node_addresses_replaced(nodes_with_addresses(Evidence(nodes=tuple(nodes)), ()), at_ns)


@pytest.fixture
def naming(recorder: Recorder) -> Cluster:
    return Cluster(recorder)


def pod(uid: str, *ips: str, phase: str = "Running", started_ns: int = 10, host: bool = False) -> Pod:
    return Pod(
        uid=uid, namespace="d", name="x", node="n", phase=phase, ips=ips, started_ns=started_ns, host_network=host
    )


def test_a_pod_claims_all_its_addresses_from_its_start(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", "10.0.0.1", "fd00::1"), 100)
    assert recorder.claims == {("10.0.0.1", 1): (10, None), ("fd00::1", 1): (10, None)}


def test_of_the_first_list_only_what_has_settled_is_believed(naming: Cluster, recorder: Recorder) -> None:
    """Between its start and its address somebody may have had that who was gone before podwire came."""
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.2", started_ns=95 * SECOND)], 100 * SECOND)
    assert recorder.claims == {("10.0.0.1", 1): (10 + SETTLING, None), ("10.0.0.2", 2): (100 * SECOND, None)}


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
    assert recorder.claims == {("10.0.0.1", 1): (100, 200), ("10.0.0.2", 2): (100, None)}


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


def born(uid: str, *ips: str, second: int, is_stopped: bool = False) -> Pod:
    """A Pod whose times are whole seconds, as the API tells them."""
    at_ns = second * SECOND
    power = "Terminating" if is_stopped else ""
    told = Pod(uid, "d", "x", phase="Pending", power=power, ips=ips, created_ns=at_ns, started_ns=at_ns)
    return msgspec.structs.replace(told, is_stopped=is_stopped)


def test_a_pod_that_was_born_after_its_predecessors_end_takes_nothing_of_it(
    naming: Cluster, recorder: Recorder
) -> None:
    naming.pod_changed(born("old", "10.0.0.1", second=5), 6 * SECOND)
    naming.pod_removed(born("old", "10.0.0.1", second=5, is_stopped=True), 10 * SECOND + 300)
    # Both times lie within one second, so that the times of the API say nothing of their order.
    naming.pod_changed(born("new", second=10), 10 * SECOND + 100_000_000)
    naming.pod_changed(born("new", "10.0.0.1", second=10), 10 * SECOND + 200_000_000)
    assert recorder.claims["10.0.0.1", 1] == (5 * SECOND, 10 * SECOND + 300)
    assert recorder.claims["10.0.0.1", 2] == (10 * SECOND + 100_000_000, None)


def test_what_came_in_one_burst_proves_no_order(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(born("old", "10.0.0.1", second=5), 6 * SECOND)
    naming.pod_removed(born("old", "10.0.0.1", second=5, is_stopped=True), 11 * SECOND)
    naming.pod_changed(born("new", second=10), 11 * SECOND + 1000)
    naming.pod_changed(born("new", "10.0.0.1", second=10), 11 * SECOND + 2000)
    assert recorder.claims["10.0.0.1", 1] == (5 * SECOND, 10 * SECOND)
    assert recorder.claims["10.0.0.1", 2] == (11 * SECOND, None)


@pytest.mark.parametrize("power", ["Running", "Terminating"])
def test_after_a_removal_by_force_only_what_is_seen_counts(naming: Cluster, recorder: Recorder, power: str) -> None:
    """A Pod that is deleted by force is told as terminating for a moment, too."""
    old = msgspec.structs.replace(born("old", "10.0.0.1", second=5), power=power)
    naming.pod_changed(old, 6 * SECOND)
    naming.pod_removed(old, 10 * SECOND)
    naming.pod_changed(born("new", second=20), 20 * SECOND + 100)
    naming.pod_changed(born("new", "10.0.0.1", second=20), 25 * SECOND)
    assert recorder.claims["10.0.0.1", 1] == (5 * SECOND, 10 * SECOND)
    assert recorder.claims["10.0.0.1", 2] == (25 * SECOND, None)


def test_what_vanished_while_nothing_was_heard_is_vouched_for_until_then(naming: Cluster, recorder: Recorder) -> None:
    naming.pods_replaced([pod("1", "10.0.0.1"), pod("2", "10.0.0.2")], 100)
    naming.pods_replaced([pod("2", "10.0.0.2"), pod("3", "10.0.0.1", started_ns=300)], 900, known_until_ns=200)
    assert recorder.claims[("10.0.0.1", 1)] == (100, 200)
    # Somebody may have had the address in between, and be gone.
    assert recorder.claims[("10.0.0.1", 3)] == (900, None)


def test_of_two_in_one_list_the_younger_has_the_address(naming: Cluster, recorder: Recorder) -> None:
    young, old = pod("young", "10.0.0.1", started_ns=50 * SECOND), pod("old", "10.0.0.1", started_ns=20 * SECOND)
    naming.pods_replaced([young, old], 100 * SECOND)
    numbers = {each.uid: each.number for each in naming.parts.endpoints.all()}
    assert recorder.claims == {
        ("10.0.0.1", numbers["old"]): (20 * SECOND + SETTLING, 50 * SECOND),
        ("10.0.0.1", numbers["young"]): (100 * SECOND, None),
    }


def test_the_older_of_two_does_not_take_an_address_over(naming: Cluster, recorder: Recorder) -> None:
    young, old = pod("young", "10.0.0.1", started_ns=50), pod("old", "10.0.0.1", started_ns=20)
    naming.pods_replaced([young], 100)
    naming.pods_replaced([young, old], 200)
    assert recorder.claims == {("10.0.0.1", 1): (100, None)}


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


def test_a_pod_on_its_nodes_network_claims_the_ports_that_it_declares(naming: Cluster, recorder: Recorder) -> None:
    ports = (DeclaredPort(9100), DeclaredPort(53, protocol="UDP"))
    exporter = Pod("1", "d", "x", phase="Running", ips=("192.0.2.11",), host_network=True, ports=ports, started_ns=10)
    naming.pod_changed(exporter, 50)
    assert recorder.claims == {(("192.0.2.11", 6, 9100), 1): (10, None), (("192.0.2.11", 17, 53), 1): (10, None)}
    naming.pod_removed(msgspec.structs.replace(exporter, phase="Succeeded"), 90)
    assert {until for _, until in recorder.claims.values()} == {90}


def test_after_a_new_list_nothing_is_guessed_for_a_while(naming: Cluster, recorder: Recorder) -> None:
    """Who is gone since the last word from the cluster may run on, with an address that was never told."""
    naming.pods_replaced([born("1", second=1), born("2", second=1)], 2 * SECOND)
    naming.pods_replaced([born("2", second=1)], 20 * SECOND, known_until_ns=10 * SECOND)
    naming.pod_changed(born("2", "10.0.0.1", second=1), 25 * SECOND)
    assert recorder.told["10.0.0.1"] == [(0, SECOND, 25 * SECOND), (1, 25 * SECOND, None)]


def test_who_is_removed_by_force_before_its_address_is_told_may_run_on(naming: Cluster, recorder: Recorder) -> None:
    naming.pod_changed(pod("1", phase="Pending"), 20 * SECOND)
    naming.pod_removed(pod("1", phase="Pending"), 21 * SECOND)
    naming.pod_changed(born("2", "10.0.0.1", second=20), 25 * SECOND)
    assert recorder.claims["10.0.0.1", 1] == (25 * SECOND, None)


def test_what_was_written_down_once_holds_for_all_time(naming: Cluster, recorder: Recorder) -> None:
    pods = [pod("1", "10.0.0.1"), pod("old", "10.0.0.2", started_ns=20), pod("new", "10.0.0.2", started_ns=50)]
    naming.naming.take_objects({each.uid: each for each in pods}, [])
    assert recorder.claims == {("10.0.0.1", 1): (0, None), ("10.0.0.2", 2): (0, 50), ("10.0.0.2", 3): (50, None)}


def test_an_address_that_several_networks_use_names_nobody(naming: Cluster, recorder: Recorder) -> None:
    mine, theirs, other = pod("a", "10.0.0.1"), pod("b", "10.0.0.1", started_ns=20), pod("c", "10.9.0.1")
    naming.pods_replaced([mine, other], 50)
    naming.naming.share(("10.0.0.0/16",), naming.parts.pods.of("k"), 60)
    naming.pod_changed(theirs, 70)
    assert {place for place, _ in recorder.claims} == {"10.9.0.1"}
    naming.pod_removed(mine, 80)
    naming.naming.share((), naming.parts.pods.of("k"), 90)
    naming.pod_changed(theirs, 100)
    held = {place: since_ns for (place, _), (since_ns, until_ns) in recorder.claims.items() if until_ns is None}
    assert held == {"10.9.0.1": held["10.9.0.1"], "10.0.0.1": 90}
