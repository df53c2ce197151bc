"""Each address and port that a Service is reached by leads to it, and its backends do."""

from __future__ import annotations

import pytest

from podwire.model.services import EndpointSlice, Service, ServicePort, SliceEndpoint
from podwire.tables.services import ServiceTable

PORTS = (ServicePort(80, name="http", node_port=30080), ServicePort(53, "UDP", node_port=30053))


@pytest.fixture
def table() -> ServiceTable:
    made = ServiceTable()
    made.put_service(
        "k",
        Service(
            uid="1",
            namespace="shop",
            name="web",
            type="LoadBalancer",
            cluster_ips=("10.96.0.10", "fd00:96::a"),
            external_ips=("198.51.100.1",),
            load_balancer_ips=("203.0.113.7", "2001:db8::7"),
            ports=PORTS,
        ),
    )
    ready = SliceEndpoint(addresses=("10.0.0.1", "10.0.0.2"), target_uid="pod-1")
    slice_ = EndpointSlice(
        uid="s", namespace="shop", name="web-x", service="web", ports=(ServicePort(8080),), endpoints=(ready,)
    )
    made.put_slice("k", slice_)
    return made


@pytest.mark.parametrize("address", ["10.96.0.10", "fd00:96::a", "198.51.100.1", "203.0.113.7", "2001:db8::7"])
def test_by_each_of_its_own_addresses(table: ServiceTable, address: str) -> None:
    assert table.at("k", address, 80, "TCP") == ("shop/web",)
    assert table.is_front("k", address)
    table.remove_service("k", "1")
    assert table.at("k", address, 80, "TCP") == ()


def test_by_the_port_on_every_node_and_its_protocol(table: ServiceTable) -> None:
    assert table.on_node_port("k", 30080, "TCP") == ("shop/web",)
    assert table.on_node_port("k", 30053, "UDP") == ("shop/web",)
    assert table.on_node_port("k", 30053, "TCP") == ()
    assert table.on_node_port("k", 80, "TCP") == ()


@pytest.mark.parametrize("address", ["10.0.0.1", "10.0.0.2"])
def test_by_each_address_of_a_backend(table: ServiceTable, address: str) -> None:
    assert table.behind("k", address, 8080, "TCP", uid="pod-1") == ("shop/web",)
    assert table.behind("k", address, 80, "TCP", uid="pod-1") == ()
    assert table.behind("k", address, 8080, "TCP", uid="another") == (), "the address is another Pod's by now"
