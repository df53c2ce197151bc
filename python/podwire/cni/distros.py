"""What k3s and RKE2 tell about the network through annotations on their Nodes.

Source: k3s, pkg/nodeconfig/nodeconfig.go (`k3s.io/node-args`: the command line as a JSON list) and
pkg/agent/flannel/setup.go (what each `--flannel-backend` makes of flannel).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from msgspec import Struct

from podwire.cni import reading
from podwire.model.evidence import Node

K3S_RANGE = "10.42.0.0/16"
"""`--cluster-cidr` unless given (k3s, pkg/cli/cmds/server.go)."""

_K3S_RANGE = ipaddress.IPv4Network(K3S_RANGE)
_NAMES = {"wireguard-native": "wireguard", "tailscale": "extension"}


class K3s(Struct, frozen=True):
    """How the k3s of a cluster was started."""

    nodes: int
    has_server: bool = False
    """True where a server's command line is known: only servers name the backend."""
    option: str = ""
    """`--flannel-backend` as given; empty where it is not, which means vxlan."""
    has_own_settings: bool = False
    """True with `--flannel-conf`: a file that the API does not show."""
    ranges: tuple[str, ...] = ()

    @property
    def is_off(self) -> bool:
        """True where flannel is switched off and its annotations are leftovers (k3s#3932)."""
        return self.option == "none"

    @property
    def backend(self) -> str:
        """Flannel's name for the backend."""
        return _NAMES.get(self.option, self.option or "vxlan")


def k3s_of(nodes: Sequence[Node]) -> K3s | None:
    """Return how k3s was started, or None where no node is one of k3s."""
    mine = [
        node
        for node in nodes
        if "k3s.io/node-args" in node.annotations or node.labels.get("node.kubernetes.io/instance-type") == "k3s"
    ]
    if not mine:
        return None
    options: list[dict[str, str]] = []
    has_server = False
    for node in mine:
        line, _ = reading.parse_json(node.annotations.get("k3s.io/node-args", "null"))
        items = [each for each in line if isinstance(each, str)] if isinstance(line, list) else []
        has_server = has_server or "server" in items[:1]
        options.append(reading.flags(items))
    given = [each["flannel-backend"] for each in options if each.get("flannel-backend")]
    ranges = [text for each in options for text in each.get("cluster-cidr", "").split(",")]
    return K3s(
        nodes=len(mine),
        has_server=has_server or bool(given),
        option=reading.word(given[0].partition("=")[0]) if given else "",
        has_own_settings=any("flannel-conf" in each for each in options),
        ranges=reading.networks(ranges),
    )


def ranges_of_k3s(of_nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the default range where the nodes' ranges lie in it, else the nodes' own."""
    parsed = [ipaddress.ip_network(each) for each in of_nodes]
    if all(isinstance(each, ipaddress.IPv4Network) and each.subnet_of(_K3S_RANGE) for each in parsed):
        return (K3S_RANGE,)
    return of_nodes
