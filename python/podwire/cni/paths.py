"""How a packet between two ends is expected to look between nodes: pure, from a cluster's rules and its two ends."""

from __future__ import annotations

import ipaddress

from podwire.model.overlays import Encapsulation, Overlay
from podwire.model.paths import EndKind, NodeWire, Path, PathEnd, PathNetwork, PathRule, Reach

_NONE = "none"


def path_between(network: PathNetwork, src: PathEnd, dst: PathEnd) -> Path:
    """Return how packets from `src` to `dst` travel, with the reasons. The way back may differ."""
    early = _without_tunnel(network, src, dst)
    if early is not None:
        return early
    said: list[str] = []
    if src.kind is EndKind.NODE and not src.is_tunnel:
        said.append("a node speaks to Pods of other nodes from the address of its tunnel device, where it has one")
    sender, receiver = network.nodes.get(src.node), network.nodes.get(dst.node)
    rule = _rule_for(network, dst.address)
    if rule is None:
        return Path(("unknown",), (*said, "no CNI plugin of this cluster is known"))
    said.append(rule.said)
    if sender is None or receiver is None:
        which = src if sender is None else dst
        return _somehow(rule, sender, [*said, f"the node of {which.address} is not known"])
    return _between_nodes(network, rule, (sender, receiver), ":" in dst.address, said)


def _without_tunnel(network: PathNetwork, src: PathEnd, dst: PathEnd) -> Path | None:
    """Return the path where no tunnel can be on it, else None."""
    for end in (src, dst):
        if end.kind is EndKind.SERVICE:
            text = f"{end.address} is a Service: the sender's node puts a backend's address in its place"
            return Path((_NONE,), (text, "ask for the path to one of its Pods"))
    if src.node and src.node == dst.node:
        return Path((_NONE,), (f"both are on node {src.node}: packets do not leave it",))
    if EndKind.UNKNOWN in (src.kind, dst.kind):
        text = next(end.address for end in (src, dst) if end.kind is EndKind.UNKNOWN)
        return Path((_NONE,), (f"{text} is neither a Pod's nor a node's: its packets are not wrapped",))
    if dst.kind is EndKind.NODE and not dst.is_tunnel:
        said = [f"{dst.address} is the address of node {dst.node}: packets to nodes are not wrapped"]
        if src.kind is EndKind.POD and network.plugin in ("flannel", "canal"):
            said.append("flannel puts the address of the sender's node in place of the Pod's")
        return Path((_NONE,), tuple(said))
    return None


def _rule_for(network: PathNetwork, address: str) -> PathRule | None:
    """Return the rule of the narrowest range that holds the address."""
    wanted = ipaddress.ip_address(address)
    best: tuple[int, PathRule] | None = None
    for rule in network.rules:
        length = -1
        if rule.cidr:
            around = ipaddress.ip_network(rule.cidr)
            if around.version != wanted.version or wanted not in around:
                continue
            length = around.prefixlen
        if best is None or length > best[0]:
            best = (length, rule)
    return best[1] if best else None


def _between_nodes(
    network: PathNetwork, rule: PathRule, nodes: tuple[NodeWire, NodeWire], is_v6: bool, said: list[str]
) -> Path:
    sender, receiver = nodes
    wants_v6 = (is_v6 and network.follows_family) or not (sender.four and receiver.four)
    near, far = (each.six if wants_v6 else each.four for each in nodes)
    ends = near.partition("/")[0], far.partition("/")[0]
    secret, other = (each.secret_six if is_v6 else each.secret for each in nodes)
    if secret is not None and other is not None and (network.encrypts_bare or rule.reach is not Reach.NEVER):
        said.append(f"both nodes encrypt what they send to each other ({secret.kind})")
        return Path((str(secret.kind),), tuple(said), ends[0], ends[1], secret)
    reach = rule.reach
    if reach is Reach.OTHER_SUBNET:
        reach = _across(near, far, said)
    if reach is Reach.NEVER:
        return Path((_NONE,), tuple(said))
    tunnel = None if rule.is_open else _tunnel(rule, sender)
    if tunnel is None:
        return Path(("unknown",), tuple(said))
    kinds = (str(tunnel.kind),) if reach is Reach.ALWAYS else (str(tunnel.kind), _NONE)
    return Path(kinds, tuple(said), ends[0], ends[1], tunnel)


def _across(src: str, dst: str, said: list[str]) -> Reach:
    """Return whether packets leave the sender's subnet, as the sender sees it."""
    if "/" not in src or not dst:
        said.append("the subnet of the sender's node is not known")
        return Reach.UNKNOWN
    subnet = ipaddress.ip_interface(src).network
    other = dst.partition("/")[0]
    if ipaddress.ip_address(other) in subnet:
        said.append(f"{other} is in the subnet {subnet} of the sender's node")
        return Reach.NEVER
    said.append(f"{other} is outside the subnet {subnet} of the sender's node")
    return Reach.ALWAYS


def _tunnel(rule: PathRule, sender: NodeWire) -> Overlay | None:
    return rule.tunnel if rule.tunnel is not None else sender.vxlan


def _somehow(rule: PathRule, sender: NodeWire | None, said: list[str]) -> Path:
    """Return what can be told where a node is not known."""
    if rule.reach is Reach.NEVER:
        return Path((_NONE,), tuple(said))
    if rule.is_open:
        return Path(("unknown",), tuple(said))
    tunnel = rule.tunnel or (sender.vxlan if sender is not None else None)
    kind = str(tunnel.kind) if tunnel is not None else str(Encapsulation.VXLAN)
    return Path((kind,) if rule.reach is Reach.ALWAYS else (kind, _NONE), tuple(said), tunnel=tunnel)
