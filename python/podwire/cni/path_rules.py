"""What the paths of a cluster are worked out from: its rules by Pod range, and where each node's tunnels start.

Sources: calico, felix/calc/l3_route_resolver.go (the receiver's pool counts, and the sender's own subnet);
felix/wireguard (a key on both sides); flannel, pkg/backend/vxlan (DirectRouting); kube-ovn, Subnet `vlan`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence

from podwire.cni import agents as found_agents
from podwire.cni import azure_cni, kube_ovn, reading
from podwire.cni.calico_felix import WIREGUARD_KEYS, Felix, felix_on
from podwire.cni.calico_pools import Pool, pools_of
from podwire.cni.node_addresses import addresses_of
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import Evidence, Node
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay
from podwire.model.paths import NodeWire, PathNetwork, PathRule, Reach

_SECRET = (Encapsulation.WIREGUARD, Encapsulation.ESP)
_FLANNEL = "flannel.alpha.coreos.com/"
_OUTER = {
    "calico": ("projectcalico.org/IPv4Address", "projectcalico.org/IPv6Address"),
    "flannel": (f"{_FLANNEL}public-ip", f"{_FLANNEL}public-ipv6"),
    "canal": (f"{_FLANNEL}public-ip", f"{_FLANNEL}public-ipv6"),
}
_WINDOWS_PORT = 4789


def network_of(evidence: Evidence, findings: Sequence[CniFinding]) -> PathNetwork:
    """Return what paths are worked out from, by the surest finding; empty without one."""
    if not findings:
        return PathNetwork()
    finding = findings[0]
    agents = found_agents.strongest(evidence, "calico") if finding.plugin == "calico" else []
    nodes = {}
    for node in evidence.nodes:
        felix = felix_on(node, evidence, agents) if finding.plugin == "calico" else None
        nodes[node.name] = _node(node, finding, felix, evidence)
    rules = _RULES.get(finding.plugin, _plain_rules)(finding, evidence)
    return PathNetwork(
        finding.plugin,
        tuple(rules),
        nodes,
        follows_family=finding.plugin in _OUTER,
        encrypts_bare=finding.plugin == "calico",
    )


def _node(node: Node, finding: CniFinding, felix: Felix | None, evidence: Evidence) -> NodeWire:
    own = addresses_of(node, Evidence(nodes=(node,), custom=evidence.custom if finding.plugin == "cilium" else ()))
    texts = [node.annotations.get(name, "") for name in _OUTER.get(finding.plugin, ())] + list(own.outer)
    interfaces = [each for each in map(_interface, texts) if each is not None]
    return NodeWire(
        four=next((str(each) for each in interfaces if each.version == 4), ""),
        six=next((str(each) for each in interfaces if each.version == 6), ""),
        vxlan=felix.vxlan if felix is not None else _vxlan_of(node, finding),
        secret=_secret_of(node, finding, felix, is_v6=False),
        secret_six=_secret_of(node, finding, felix, is_v6=True),
    )


def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    try:
        return ipaddress.ip_interface(text.strip())
    except ValueError:
        return None


def _vxlan_of(node: Node, finding: CniFinding) -> Overlay | None:
    """Return the node's VXLAN: Windows nodes of flannel have the standard port where others have Linux's."""
    found = [each for each in finding.overlays if each.kind is Encapsulation.VXLAN]
    if not found:
        return None
    theirs = [each for each in found if each.port == _WINDOWS_PORT]
    if reading.is_windows(node) and theirs:
        return theirs[0]
    return next((each for each in found if each not in theirs), found[0])


def _secret_of(node: Node, finding: CniFinding, felix: Felix | None, *, is_v6: bool) -> Overlay | None:
    """Return what encrypts packets of Pods of one family: Calico has a switch, a key and a port for each."""
    if felix is not None:
        is_on = felix.has_wireguard_v6 if is_v6 else felix.has_wireguard
        port = felix.wireguard_port_v6 if is_v6 else felix.wireguard_port
        has_key = bool(node.annotations.get(WIREGUARD_KEYS[is_v6]))
        return Overlay(Encapsulation.WIREGUARD, port) if is_on and has_key else None
    if not finding.encryption:
        return None
    found = [each for each in finding.overlays if each.kind in _SECRET]
    # Flannel has a tunnel a family, IPv4's first, or one for both.
    return found[-1 if is_v6 else 0] if found else None


def _calico_rules(finding: CniFinding, evidence: Evidence) -> Iterable[PathRule]:
    agents = found_agents.strongest(evidence, "calico")
    found = pools_of(evidence, agents, Notes())
    if not found.pools:
        yield from _plain_rules(finding, evidence)
        return
    if found.source is Source.SETTINGS:
        yield PathRule(Reach.NEVER, "no IPPool holds the receiver, so nothing wraps packets to it")
    elif all(pool.cidr for pool in found.pools):
        yield PathRule(
            Reach.UNKNOWN, "the IPPools are not read, and what stands for them does not hold the receiver", is_open=True
        )
    # A pool without a range stands for all that are not known; with several, which of them counts is not known either.
    kinds = {pool.encapsulation for pool in found.pools if not pool.cidr}
    if len(kinds) > 1:
        listed = " and ".join(sorted(kinds))
        yield PathRule(
            Reach.UNKNOWN, f"the IPPools are not read, and the Nodes have devices for {listed}", is_open=True
        )
    yield from (_pool_rule(pool) for pool in found.pools if pool.cidr or len(kinds) == 1)


def _pool_rule(pool: Pool) -> PathRule:
    title = f"IPPool {pool.name or 'of the cluster'} {pool.cidr}".rstrip()
    kind, _, rest = pool.encapsulation.partition("-")
    if not kind:
        return PathRule(Reach.NEVER, f"{title} wraps nothing", pool.cidr)
    reach = Reach.OTHER_SUBNET if rest else Reach.ALWAYS
    between = "between subnets" if rest else "between all nodes"
    tunnel = Overlay(Encapsulation.IPIP) if kind == "ipip" else None
    return PathRule(reach, f"{title} says {kind} {between}", pool.cidr, tunnel)


def _kube_ovn_rules(finding: CniFinding, evidence: Evidence) -> Iterable[PathRule]:
    tunnel = _tunnel_of(finding)
    yield from _plain_rules(finding, evidence)
    for each in evidence.custom:
        if each.resource != kube_ovn.SUBNETS:
            continue
        is_bare = bool(each.spec.get("vlan"))
        reach = Reach.NEVER if is_bare or tunnel is None else Reach.ALWAYS
        said = f"Subnet {each.name} {'has a vlan and is not wrapped' if is_bare else 'has no vlan'}"
        for cidr in reading.networks(str(each.spec.get("cidrBlock", "")).split(",")):
            yield PathRule(reach, said, cidr, None if is_bare else tunnel)


def _tunnel_of(finding: CniFinding) -> Overlay | None:
    return next((each for each in finding.overlays if each.kind not in _SECRET), None)


def _plain_rules(finding: CniFinding, evidence: Evidence) -> Iterable[PathRule]:
    """One rule for the cluster, from the finding alone."""
    del evidence
    title = f"{finding.plugin} {finding.backend}"
    tunnel = _tunnel_of(finding)
    # None stands for the sender's own VXLAN, which differs by its system.
    is_own = tunnel is not None and tunnel.kind is Encapsulation.VXLAN and finding.plugin in _OUTER
    shown, is_open = None if is_own else tunnel, tunnel is None
    if finding.network_type is NetworkType.UNKNOWN:
        yield PathRule(Reach.UNKNOWN, f"{title}: how it carries packets is not known", tunnel=tunnel, is_open=is_open)
    elif finding.network_type is NetworkType.MIXED:
        why = "nodes differ in it" if "+" in finding.backend else "the API does not show which share a subnet"
        yield PathRule(
            Reach.UNKNOWN, f"{title} wraps packets between some nodes only, and {why}", tunnel=shown, is_open=is_open
        )
    elif finding.network_type is NetworkType.OVERLAY and finding.plugin == azure_cni.PLUGIN:
        yield PathRule(Reach.NEVER, f"{title}: the provider carries it, and nothing is wrapped between nodes")
    elif finding.network_type is NetworkType.OVERLAY and not finding.overlays:
        yield PathRule(
            Reach.UNKNOWN, f"{title} wraps packets between all nodes, in a format that is not read here", is_open=True
        )
    elif tunnel is None and not finding.encryption:
        yield PathRule(Reach.NEVER, f"{title} wraps nothing between nodes")
    elif finding.network_type is NetworkType.UNDERLAY:
        yield PathRule(Reach.NEVER, f"{title} wraps nothing between Pods")
    else:
        yield PathRule(Reach.ALWAYS, f"{title} wraps packets between all nodes", tunnel=shown, is_open=is_open)


_RULES: dict[str, Callable[[CniFinding, Evidence], Iterable[PathRule]]] = {
    "calico": _calico_rules,
    "kube-ovn": _kube_ovn_rules,
}
