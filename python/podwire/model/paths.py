"""How packets between two ends are expected to look on the wire, and what that is worked out from."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from podwire.model.overlays import Overlay


class Reach(StrEnum):
    """Between which nodes a rule wraps packets."""

    ALWAYS = "always"
    OTHER_SUBNET = "other-subnet"
    """Only to nodes outside the sender's own subnet, which the sender's Node states."""
    UNKNOWN = "unknown"
    """Only between some nodes, and the API does not show between which."""
    NEVER = "never"


class PathRule(Struct, frozen=True):
    """How packets to one range are wrapped."""

    reach: Reach
    said: str
    """Where that stands, in words."""
    cidr: str = ""
    """The range of the receiver; empty for every one."""
    tunnel: Overlay | None = None
    """None where the sender's own VXLAN is meant (`NodeWire.vxlan`), or where nothing is wrapped."""
    is_open: bool = False
    """Whether packets are wrapped in something that is not known: then no VXLAN is meant."""


class NodeWire(Struct, frozen=True):
    """What one node's tunnels start from."""

    four: str = ""
    """Its tunnels' IPv4 address, with the prefix length of its subnet where that is known."""
    six: str = ""
    vxlan: Overlay | None = None
    """Its VXLAN, where nodes may differ."""
    secret: Overlay | None = None
    """Its encrypted tunnel for IPv4 Pods, which takes the place of the others between two nodes that have one."""
    secret_six: Overlay | None = None
    """The same for IPv6 Pods."""


class PathNetwork(Struct, frozen=True):
    """One cluster's rules: what a path between two of its ends is worked out from."""

    plugin: str = ""
    rules: tuple[PathRule, ...] = ()
    """The narrowest range that holds the receiver counts."""
    nodes: dict[str, NodeWire] = field(default_factory=dict)
    follows_family: bool = False
    """Whether IPv6 Pods travel between the nodes' IPv6 addresses; else the tunnel is IPv4's wherever there is one."""
    encrypts_bare: bool = False
    """Whether packets that no rule wraps are encrypted too, between nodes that can; else only tunnels are."""


class EndKind(StrEnum):
    """What an address is."""

    POD = "pod"
    NODE = "node"
    SERVICE = "service"
    UNKNOWN = "unknown"


class PathEnd(Struct, frozen=True):
    """One end of a path."""

    address: str
    kind: EndKind = EndKind.UNKNOWN
    node: str = ""
    """The node that it is on; empty where that is not known."""
    pod: str = ""
    namespace: str = ""
    is_tunnel: bool = False
    """For a node: the address is that of its tunnel device."""


class Path(Struct, frozen=True):
    """What packets from one end to the other look like between nodes."""

    encapsulations: tuple[str, ...]
    """A kind of tunnel, `none`, or both where it depends on what the API does not show."""
    because: tuple[str, ...]
    outer_src: str = ""
    outer_dst: str = ""
    tunnel: Overlay | None = None
