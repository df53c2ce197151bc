"""A port of a node that leads to a Pod names the Pod, as long as the Pod has it and where the plugin forwards it."""

from __future__ import annotations

import pytest

from podwire.capture import Capture
from podwire.cni.node_addresses import nodes_with_addresses
from podwire.engine.naming import ClusterNaming
from podwire.engine.parts import Parts
from podwire.model.evidence import Evidence, Node
from podwire.model.pods import DeclaredPort, Pod
from podwire.support.clock import FixedClock
from podwire.tables.claims import AddressPort

SECOND = 1_000_000_000
NODE = "192.0.2.11"


def pod(uid: str, *ports: DeclaredPort, phase: str = "Running", host_ips: tuple[str, ...] = (NODE,)) -> Pod:
    return Pod(
        uid=uid,
        namespace="d",
        name=uid,
        node="n",
        phase=phase,
        ips=("10.0.0.1",),
        started_ns=10 * SECOND,
        ports=ports,
        host_ips=host_ips,
    )


WEB = DeclaredPort(80, host_port=8080)


class Cluster:
    """One cluster with one node."""

    def __init__(self, capture: Capture, *, is_mapped: bool = True) -> None:
        self.parts = Parts(capture=capture, clock=FixedClock(0))
        self.naming = ClusterNaming("k", self.parts)
        if is_mapped:
            self.naming.map_host_ports(True, {}, 0)
        node = Node(name="n", uid="node", addresses=(("InternalIP", NODE),))
        self.naming.node_addresses_replaced(nodes_with_addresses(Evidence(nodes=(node,)), ()), 0)

    def change(self, each: Pod, at_ns: int) -> None:
        self.naming.pod_changed(self.parts.pods.put("k", each), each, at_ns)

    def holder(self, port: int, address: str = NODE, protocol: int = 6) -> str:
        number = self.parts.claims.open_holder(1, AddressPort(address, protocol, port))
        found = self.parts.endpoints.get(number)
        return found.name if found is not None else ""


@pytest.fixture
def cluster(capture: Capture) -> Cluster:
    return Cluster(capture)


def test_the_port_is_the_pods_and_the_rest_is_the_nodes(cluster: Cluster) -> None:
    cluster.change(pod("a", WEB, DeclaredPort(53, "UDP", host_port=5353), DeclaredPort(81)), 20 * SECOND)
    assert cluster.holder(8080) == "a"
    assert cluster.holder(5353, protocol=17) == "a"
    assert cluster.holder(5353) == ""
    assert cluster.holder(80) == ""
    node = cluster.parts.endpoints.get(cluster.parts.claims.open_holder(1, NODE))
    assert node is not None
    assert node.name == "n"


def test_a_port_bound_to_one_address_is_there_alone(cluster: Cluster) -> None:
    port = DeclaredPort(80, host_port=8080, host_ip="192.0.2.99")
    cluster.change(pod("a", port, host_ips=(NODE, "2001:db8::1")), 20 * SECOND)
    assert (cluster.holder(8080), cluster.holder(8080, "192.0.2.99")) == ("", "a")


def test_all_addresses_of_the_node_lead_to_it(cluster: Cluster) -> None:
    cluster.change(pod("a", WEB, host_ips=(NODE, "2001:db8::1")), 20 * SECOND)
    assert cluster.holder(8080, "2001:db8::1") == "a"


@pytest.mark.parametrize("is_removed", [True, False])
def test_it_ends_with_the_pod(cluster: Cluster, is_removed: bool) -> None:
    cluster.change(pod("a", WEB), 20 * SECOND)
    if is_removed:
        cluster.naming.pod_removed(pod("a", WEB), 30 * SECOND)
    else:
        cluster.change(pod("a", WEB, phase="Succeeded"), 30 * SECOND)
    assert cluster.holder(8080) == ""
    cluster.change(pod("b", WEB), 40 * SECOND)
    assert cluster.holder(8080) == "b"


def test_where_the_plugin_forwards_none_it_is_the_nodes(capture: Capture) -> None:
    cluster = Cluster(capture, is_mapped=False)
    cluster.change(pod("a", WEB), 20 * SECOND)
    assert cluster.holder(8080) == ""
    cluster.naming.map_host_ports(True, cluster.parts.pods.of("k"), 25 * SECOND)
    assert cluster.holder(8080) == "a"
    cluster.naming.map_host_ports(False, cluster.parts.pods.of("k"), 30 * SECOND)
    assert cluster.holder(8080) == ""
    assert cluster.parts.claims.spans(1, AddressPort(NODE, 6, 8080)) == (), "it never led there"
    assert cluster.parts.claims.open_holder(1, "10.0.0.1"), "its own address stays its own"
