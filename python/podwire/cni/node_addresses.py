"""Which addresses stand for a node: its own, those that its tunnels start from, and those inside its tunnels.

A node speaks to Pods of other nodes from the address of its tunnel device, which its Node object does not list: each
plugin writes or derives it in its own way. Pure: Nodes, evidence and findings in, addresses in canonical form out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from podwire.cni.reading import dig, objects, parse_json
from podwire.model.evidence import Evidence, Node
from podwire.model.findings import CniFinding
from podwire.model.nodes import NodeAddresses

_OWN_TYPES = ("InternalIP", "ExternalIP")

_FLANNEL = "flannel.alpha.coreos.com/"

_OUTER_ANNOTATIONS = (
    f"{_FLANNEL}public-ip",
    f"{_FLANNEL}public-ipv6",
    "projectcalico.org/IPv4Address",
    "projectcalico.org/IPv6Address",
    "node.antrea.io/transport-addresses",
    "k3s.io/internal-ip",
    "rke2.io/internal-ip",
)
"""Where plugins and distributions write what a node's tunnels start from, as lists; Calico with a prefix length.

flannel pkg/subnet/kube/annotations.go, calico libcalico-go/lib/backend/k8s/resources/node.go.
"""

_CALICO_TUNNELS = tuple(
    f"projectcalico.org/{name}"
    for name in (
        "IPv4IPIPTunnelAddr",
        "IPv4VXLANTunnelAddr",
        "IPv6VXLANTunnelAddr",
        "IPv4WireguardInterfaceAddr",
        "IPv6WireguardInterfaceAddr",
    )
)
"""calico libcalico-go/lib/backend/k8s/resources/node.go."""

_CILIUM_TUNNELS = tuple(
    f"{prefix}{name}"
    for prefix in ("network.cilium.io/", "io.cilium.network.")
    for name in (
        "ipv4-cilium-host",
        "ipv6-cilium-host",
        "ipv4-health-ip",
        "ipv6-health-ip",
        "ipv4-Ingress-ip",
        "ipv6-Ingress-ip",
    )
)
"""cilium pkg/annotation/k8s.go; written only with annotate-k8s-node."""

_OVN_TUNNELS = ("k8s.ovn.org/node-gateway-router-lrp-ifaddrs", "k8s.ovn.org/node-transit-switch-port-ifaddr")
"""ovn-kubernetes go-controller/pkg/util/node_annotations.go; JSON."""

_FLANNEL_DEVICES = frozenset({"vxlan", "udp", "ipip", "wireguard", ""})
"""The backends with a device of its own, whose address is the first of the node's Pod range, x.y.z.0: flannel
pkg/backend, configureDeviceIPv4IPv6. The backend `udp` annotates an empty text."""


class _Cluster(Struct, frozen=True):
    """What a rule may know beside the Node."""

    plugins: frozenset[str]
    """Names of the plugins that were found alive; empty where none was."""
    flannel_backends: frozenset[str]
    cilium: Mapping[str, dict[str, Any]]
    """The spec of each CiliumNode, by node name."""

    def may_run(self, *names: str) -> bool:
        """Return whether one of the plugins runs, as far as is known: what is left of another one claims nothing."""
        return not self.plugins or bool(self.plugins.intersection(names))


Rule = Callable[[Node, _Cluster], Iterable[object]]


def nodes_with_addresses(evidence: Evidence, findings: Sequence[CniFinding]) -> Iterator[tuple[Node, NodeAddresses]]:
    """Yield every Node of the evidence with its addresses."""
    cluster = _Cluster(
        plugins=frozenset(each.plugin for each in findings),
        flannel_backends=frozenset(
            part for each in findings if each.plugin in ("flannel", "canal") for part in each.backend.split("+")
        ),
        cilium={each.name: each.spec for each in evidence.custom if each.resource == "ciliumnodes.cilium.io"},
    )
    for node in evidence.nodes:
        yield node, _addresses(node, cluster)


def addresses_of(node: Node, evidence: Evidence, findings: Sequence[CniFinding] = ()) -> NodeAddresses:
    """Return the addresses of one Node; for all of a cluster, `nodes_with_addresses` reads the evidence once."""
    alone = Evidence(nodes=(node,), custom=evidence.custom)
    return next(found for _, found in nodes_with_addresses(alone, findings))


def _addresses(node: Node, cluster: _Cluster) -> NodeAddresses:
    own = _canonical(address for kind, address in node.addresses if kind in _OWN_TYPES)
    outer = _canonical(text for rule in _OUTER for text in rule(node, cluster))
    tunnel = _canonical(text for rule in _TUNNEL for text in rule(node, cluster))
    outer = tuple(dict.fromkeys((*own, *outer)))
    return NodeAddresses(own, outer, tuple(each for each in tunnel if each not in outer))


def _annotated(node: Node, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from node.annotations.get(name, "").split(",")


def _annotated_outer(node: Node, _cluster: _Cluster) -> Iterable[object]:
    return _annotated(node, _OUTER_ANNOTATIONS)


def _cilium_outer(node: Node, cluster: _Cluster) -> Iterable[object]:
    entries = objects(dig(cluster.cilium.get(node.name), "addresses"))
    return [each.get("ip") for each in entries if each.get("type") in _OWN_TYPES]


def _ovn_outer(node: Node, _cluster: _Cluster) -> Iterable[object]:
    value, _ = parse_json(node.annotations.get("k8s.ovn.org/node-primary-ifaddr", "null"))
    return _texts(value)


def _flannel_tunnel(node: Node, cluster: _Cluster) -> Iterable[object]:
    if cluster.plugins:
        has_device = bool(cluster.flannel_backends & _FLANNEL_DEVICES)
    else:
        has_device = node.annotations.get(f"{_FLANNEL}backend-type") in _FLANNEL_DEVICES
    if not has_device:
        return ()
    return [text.partition("/")[0] for text in node.pod_cidrs]


def _calico_tunnel(node: Node, cluster: _Cluster) -> Iterable[object]:
    return _annotated(node, _CALICO_TUNNELS) if cluster.may_run("calico") else ()


def _cilium_tunnel(node: Node, cluster: _Cluster) -> Iterable[object]:
    if not cluster.may_run("cilium"):
        return ()
    spec = cluster.cilium.get(node.name)
    internal = [each.get("ip") for each in objects(dig(spec, "addresses")) if each.get("type") == "CiliumInternalIP"]
    others = [dig(spec, part, family) for part in ("health", "ingress") for family in ("ipv4", "ipv6")]
    return (*_annotated(node, _CILIUM_TUNNELS), *internal, *others)


def _ovn_tunnel(node: Node, cluster: _Cluster) -> Iterable[object]:
    if not cluster.may_run("ovn-kubernetes"):
        return ()
    return [text for name in _OVN_TUNNELS for text in _texts(parse_json(node.annotations.get(name, "null"))[0])]


_OUTER: tuple[Rule, ...] = (_annotated_outer, _cilium_outer, _ovn_outer)
_TUNNEL: tuple[Rule, ...] = (_flannel_tunnel, _calico_tunnel, _cilium_tunnel, _ovn_tunnel)


def _texts(value: object, depth: int = 3) -> Iterator[str]:
    """Yield the texts of a small JSON value, however its networks and families are nested."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each, depth - 1)


def _canonical(texts: Iterable[object]) -> tuple[str, ...]:
    """Return the addresses among `texts`, without prefix length, each once; the unspecified address is none."""
    found: dict[str, None] = {}
    for text in texts:
        if not isinstance(text, str) or not text:
            continue
        try:
            address = ipaddress.ip_address(text.strip().partition("/")[0])
        except ValueError:
            continue
        if not (address.is_unspecified or address.is_loopback or address.is_multicast):
            found[str(address)] = None
    return tuple(found)
