"""The addresses that stand for a node, by what each plugin writes."""

from __future__ import annotations

import pytest

from podwire.cni.node_addresses import addresses_of, nodes_with_addresses
from podwire.model.evidence import CustomObject, Evidence, Node
from podwire.model.findings import CniFinding, NetworkType

CALICO = {
    "projectcalico.org/IPv4Address": "10.6.183.20/16",
    "projectcalico.org/IPv4IPIPTunnelAddr": "10.244.3.1",
    "projectcalico.org/IPv4VXLANTunnelAddr": "10.244.3.2",
    "projectcalico.org/IPv6VXLANTunnelAddr": "FD00:0:0::3",
    "projectcalico.org/IPv4WireguardInterfaceAddr": "10.244.3.4",
}
FLANNEL = {"flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/public-ip": "203.0.113.7"}
CILIUM = {"network.cilium.io/ipv4-cilium-host": "10.0.1.5", "io.cilium.network.ipv4-health-ip": "10.0.1.6"}
OVN = {
    "k8s.ovn.org/node-primary-ifaddr": '{"ipv4":"10.89.0.3/24"}',
    "k8s.ovn.org/node-gateway-router-lrp-ifaddrs": '{"default":{"ipv4":"100.64.0.4/16"}}',
    "k8s.ovn.org/node-transit-switch-port-ifaddr": '{"ipv4":"100.88.0.4/16"}',
}


def node(annotations: dict[str, str], *pod_cidrs: str) -> Node:
    addresses = (("InternalIP", "192.0.2.11"), ("Hostname", "server1"))
    return Node(name="server1", annotations=annotations, pod_cidrs=pod_cidrs, addresses=addresses)


def finding(plugin: str, backend: str) -> CniFinding:
    return CniFinding(plugin, backend, NetworkType.OVERLAY)


@pytest.mark.parametrize(
    ("annotations", "findings", "outer", "tunnel"),
    [
        (CALICO, [finding("calico", "ipip")], ["10.6.183.20"], ["10.244.3.1", "10.244.3.2", "fd00::3", "10.244.3.4"]),
        (CALICO, [], ["10.6.183.20"], ["10.244.3.1", "10.244.3.2", "fd00::3", "10.244.3.4"]),
        (CALICO, [finding("flannel", "host-gw")], ["10.6.183.20"], []),
        (FLANNEL, [finding("flannel", "vxlan")], ["203.0.113.7"], ["10.244.1.0", "fd00:1::"]),
        ({}, [finding("canal", "vxlan")], [], ["10.244.1.0", "fd00:1::"]),
        (FLANNEL, [], ["203.0.113.7"], ["10.244.1.0", "fd00:1::"]),
        # What flannel left behind claims nothing where another plugin gives the addresses out.
        (FLANNEL, [finding("calico", "bgp")], ["203.0.113.7"], []),
        ({}, [finding("flannel", "host-gw")], [], []),
        ({}, [finding("flannel", "host-gw+vxlan")], [], ["10.244.1.0", "fd00:1::"]),
        (CILIUM, [finding("cilium", "vxlan")], [], ["10.0.1.5", "10.0.1.6"]),
        (OVN, [finding("ovn-kubernetes", "geneve")], ["10.89.0.3"], ["100.64.0.4", "100.88.0.4"]),
        ({"node.antrea.io/transport-addresses": "192.0.2.50,2001:db8::5"}, [], ["192.0.2.50", "2001:db8::5"], []),
    ],
)
def test_what_plugins_write_on_nodes(
    annotations: dict[str, str], findings: list[CniFinding], outer: list[str], tunnel: list[str]
) -> None:
    found = addresses_of(node(annotations, "10.244.1.0/24", "fd00:1::/64"), Evidence(), findings)
    assert found.own == ("192.0.2.11",)
    assert found.outer == ("192.0.2.11", *outer)
    assert found.tunnel == tuple(tunnel)
    assert found.all == (*found.outer, *found.tunnel)


def test_cilium_nodes_tell_what_their_node_has() -> None:
    spec = {
        "addresses": [
            {"type": "InternalIP", "ip": "192.0.2.11"},
            {"type": "CiliumInternalIP", "ip": "10.0.1.5"},
            {"type": "ExternalIP", "ip": "198.51.100.1"},
        ],
        "health": {"ipv4": "10.0.1.6"},
        "ingress": {"ipv4": "10.0.1.7"},
    }
    custom = CustomObject("ciliumnodes.cilium.io", "server1", spec=spec)
    evidence = Evidence(nodes=(node({}),), custom=(custom,))
    ((_, found),) = nodes_with_addresses(evidence, [finding("cilium", "vxlan")])
    assert found.outer == ("192.0.2.11", "198.51.100.1")
    assert found.tunnel == ("10.0.1.5", "10.0.1.6", "10.0.1.7")


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "::", "127.0.0.1", "224.0.0.1", "10.0.0.0/8/8", "{", '{"a":{"b":{"c":{"d":"1.2.3.4"}}}}'],
)
def test_what_is_no_address_claims_nothing(text: str) -> None:
    names = [*CALICO, *CILIUM, *OVN, "flannel.alpha.coreos.com/public-ip", "node.antrea.io/transport-addresses"]
    found = addresses_of(node(dict.fromkeys(names, text)), Evidence())
    assert set(found.all) <= {"192.0.2.11", "10.0.0.0"}


def test_custom_objects_of_any_shape_are_survived() -> None:
    for spec in ({"addresses": "x"}, {"addresses": [1, {"type": "InternalIP", "ip": 5}]}, {"health": []}):
        custom = CustomObject("ciliumnodes.cilium.io", "server1", spec=spec)
        assert addresses_of(node({}), Evidence(custom=(custom,))).all == ("192.0.2.11",)
