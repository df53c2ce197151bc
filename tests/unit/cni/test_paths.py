"""How packets between two ends are expected to look: every rule that decides it, and that no case breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File

import msgspec
import pytest

from podwire import cni
from podwire.cni.path_rules import network_of
from podwire.cni.paths import path_between
from podwire.model.evidence import CustomObject, Evidence, Node
from podwire.model.overlays import Encapsulation
from podwire.model.paths import EndKind, Path, PathEnd

Load = Callable[..., Evidence]
CASES = File(__file__).parents[2] / "cases" / "cni"
POD_1 = PathEnd("192.168.1.5", EndKind.POD, "worker-1", "a", "default")
POD_2 = PathEnd("192.168.2.7", EndKind.POD, "worker-2", "b", "default")


def evidence_of(load: Load, case: str, *addresses: str, felix: dict[str, object] | None = None) -> Evidence:
    """The case's evidence; `addresses` are what Calico writes on worker-1 and worker-2."""
    evidence = load(CASES / case / "objects.yaml")
    nodes = list(evidence.nodes)
    for at, address in enumerate(addresses):
        annotations = {**nodes[at].annotations, "projectcalico.org/IPv4Address": address}
        nodes[at] = msgspec.structs.replace(nodes[at], annotations=annotations)
    custom = evidence.custom
    if felix:
        custom += (CustomObject("felixconfigurations.crd.projectcalico.org", "node.worker-1", spec=felix),)
    return msgspec.structs.replace(evidence, nodes=tuple(nodes), custom=custom)


def path(evidence: Evidence, src: PathEnd = POD_1, dst: PathEnd = POD_2) -> Path:
    return path_between(network_of(evidence, cni.judge(evidence)), src, dst)


def test_between_two_nodes_of_a_vxlan_pool(load_evidence: Load) -> None:
    found = path(evidence_of(load_evidence, "calico-vxlan"))
    assert (found.encapsulations, found.outer_src, found.outer_dst) == (("vxlan",), "192.0.2.11", "192.0.2.12")
    assert found.tunnel is not None
    assert (found.tunnel.port, found.tunnel.vni) == (4789, 4096)


@pytest.mark.parametrize(
    ("first", "second", "expected", "reason"),
    [
        ("192.0.2.11/24", "192.0.2.12/24", ("none",), "192.0.2.12 is in the subnet 192.0.2.0/24"),
        ("192.0.2.11/24", "198.51.100.12/24", ("vxlan",), "outside the subnet"),
        ("192.0.2.11/32", "192.0.2.12/32", ("vxlan",), "outside the subnet 192.0.2.11/32"),
        ("192.0.2.11/24", "192.0.2.12/32", ("none",), "is in the subnet"),
    ],
)
def test_cross_subnet_is_judged_by_the_senders_own_prefix(
    load_evidence: Load, first: str, second: str, expected: tuple[str, ...], reason: str
) -> None:
    found = path(evidence_of(load_evidence, "calico-vxlan-cross-subnet", first, second))
    assert found.encapsulations == expected
    assert any(reason in sentence for sentence in found.because), found.because


def test_without_a_prefix_cross_subnet_can_be_either(load_evidence: Load) -> None:
    evidence = load_evidence(CASES / "calico-vxlan-cross-subnet" / "objects.yaml")
    nodes = tuple(msgspec.structs.replace(node, annotations={}) for node in evidence.nodes)
    found = path(msgspec.structs.replace(evidence, nodes=nodes))
    assert found.encapsulations in (("vxlan", "none"), ("vxlan",))


def test_the_receivers_pool_decides_and_the_senders_own_port(load_evidence: Load) -> None:
    evidence = evidence_of(load_evidence, "calico-vxlan", felix={"vxlanPort": 4799})
    pool = CustomObject("ippools.crd.projectcalico.org", "bare", spec={"cidr": "192.168.2.0/24"})
    there, back = path(evidence), path(evidence, POD_2, POD_1)
    assert there.tunnel is not None
    assert back.tunnel is not None
    assert (there.tunnel.port, back.tunnel.port) == (4799, 4789)
    evidence = msgspec.structs.replace(evidence, custom=(*evidence.custom, pool))
    assert path(evidence).encapsulations == ("none",)
    assert path(evidence, POD_2, POD_1).encapsulations == ("vxlan",)


def test_where_no_tunnel_can_be(load_evidence: Load) -> None:
    evidence = evidence_of(load_evidence, "flannel-vxlan")
    node = PathEnd("192.0.2.12", EndKind.NODE, "worker-2")
    service = PathEnd("10.96.0.1", EndKind.SERVICE)
    for dst, reason in (
        (msgspec.structs.replace(POD_2, node="worker-1"), "do not leave it"),
        (node, "packets to nodes are not wrapped"),
        (service, "is a Service"),
        (PathEnd("203.0.113.9"), "neither a Pod's nor a node's"),
    ):
        found = path(evidence, POD_1, dst)
        assert found.encapsulations == ("none",)
        assert any(reason in sentence for sentence in found.because)
    host = PathEnd("192.0.2.11", EndKind.NODE, "worker-1")
    assert path(evidence, host).encapsulations == ("vxlan",)


def test_what_the_api_does_not_show_is_left_open(load_evidence: Load) -> None:
    assert path(evidence_of(load_evidence, "flannel-vxlan-direct-routing")).encapsulations == ("vxlan", "none")
    assert path(evidence_of(load_evidence, "kube-router-default")).encapsulations == ("ipip", "none")
    lost = msgspec.structs.replace(POD_2, node="gone")
    found = path(evidence_of(load_evidence, "flannel-vxlan"), POD_1, lost)
    assert (found.encapsulations, found.outer_dst) == (("vxlan",), "")


def test_an_outer_address_is_the_one_that_the_plugin_announces(load_evidence: Load) -> None:
    evidence = load_evidence(CASES / "flannel-vxlan" / "objects.yaml")
    other = {**evidence.nodes[1].annotations, "flannel.alpha.coreos.com/public-ip": "198.51.100.2"}
    nodes: tuple[Node, ...] = (evidence.nodes[0], msgspec.structs.replace(evidence.nodes[1], annotations=other))
    assert path(msgspec.structs.replace(evidence, nodes=nodes)).outer_dst == "198.51.100.2"


def test_encryption_takes_the_tunnels_place_between_nodes_with_keys(load_evidence: Load) -> None:
    assert path(evidence_of(load_evidence, "calico-wireguard")).encapsulations == ("wireguard",)
    assert path(evidence_of(load_evidence, "calico-wireguard-without-keys")).encapsulations != ("wireguard",)
    found = path(evidence_of(load_evidence, "cilium-wireguard"))
    assert found.tunnel is not None
    assert found.tunnel.kind is Encapsulation.WIREGUARD


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_every_case_has_a_path_with_reasons(folder: File, load_evidence: Load) -> None:
    evidence = load_evidence(folder / "objects.yaml")
    names = [node.name for node in evidence.nodes] or ["worker-1"]
    for src in (msgspec.structs.replace(POD_1, node=names[0]), PathEnd("192.0.2.11", EndKind.NODE, names[0])):
        found = path(evidence, src, msgspec.structs.replace(POD_2, node=names[-1]))
        assert found.because
        assert found.encapsulations


@pytest.mark.parametrize(
    ("case", "dst", "expected"),
    [
        ("weave-sleeve", PathEnd("10.32.0.7", EndKind.POD, "worker-2"), ("unknown",)),
        ("weave-sleeve", PathEnd("10.32.0.7", EndKind.POD), ("unknown",)),
        ("cilium-native-wireguard", PathEnd("10.0.2.7", EndKind.POD), ("unknown",)),
        ("calico-pools-denied", POD_2, ("vxlan",)),
        ("calico-operator-pools-denied", PathEnd("172.16.2.7", EndKind.POD, "worker-2"), ("unknown",)),
    ],
)
def test_what_wraps_packets_unseen_is_not_called_none(
    load_evidence: Load, case: str, dst: PathEnd, expected: tuple[str, ...]
) -> None:
    evidence = load_evidence(CASES / case / "objects.yaml")
    assert path(evidence, dst=dst).encapsulations == expected


def test_ipsec_of_tunnels_leaves_unwrapped_subnets_alone(load_evidence: Load) -> None:
    evidence = load_evidence(CASES / "kube-ovn-ipsec" / "objects.yaml")
    first, second = (node.name for node in evidence.nodes[:2])
    bare = CustomObject("subnets.kubeovn.io", "bare", spec={"cidrBlock": "10.17.0.0/16", "vlan": "vlan1"})
    evidence = msgspec.structs.replace(evidence, custom=(*evidence.custom, bare))
    src = PathEnd("10.16.0.5", EndKind.POD, first)
    assert path(evidence, src, PathEnd("10.16.0.7", EndKind.POD, second)).encapsulations == ("esp",)
    assert path(evidence, src, PathEnd("10.17.0.7", EndKind.POD, second)).encapsulations == ("none",)


def test_encryption_of_one_family_is_not_told_of_the_other(load_evidence: Load) -> None:
    evidence = load_evidence(CASES / "calico-wireguard" / "objects.yaml")
    nodes = tuple(
        msgspec.structs.replace(node, annotations={**node.annotations, "projectcalico.org/WireguardPublicKey": "k"})
        for node in evidence.nodes
    )
    evidence = msgspec.structs.replace(evidence, nodes=nodes)
    first, second = (node.name for node in nodes[:2])
    four = path(evidence, PathEnd("192.168.1.5", EndKind.POD, first), PathEnd("192.168.2.7", EndKind.POD, second))
    six = path(evidence, PathEnd("fd00::5", EndKind.POD, first), PathEnd("fd00::7", EndKind.POD, second))
    assert (four.encapsulations, six.encapsulations) == (("wireguard",), ("none",))
