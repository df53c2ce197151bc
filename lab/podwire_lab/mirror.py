"""The mirror port: a copy of every frame that a node sends into the switch, each frame once.

The switch is the kernel's bridge. A frame enters it by exactly one node's port, so a copy taken at the *ingress* of the
node-facing ports holds every frame that crosses, once, and before the bridge decides anything. The copy is made by tc:
an ingress queueing discipline, a u32 filter that matches all, and mirred to `mirror-tap`; its veth peer `mirror0` then
receives the frames as a cable from a SPAN port would bring them. podwire reads `mirror0`, which carries no address and
nothing else. nftables' dup would have done too, but needs the nftables netdev family; u32 and mirred are older and more
common in kernels than matchall and flower.
"""

from __future__ import annotations

from podwire_lab.links import ETH_P_ALL, INGRESS, Links
from podwire_lab.objects.truth import mac_for

MIRROR = "mirror0"
"""The interface that podwire reads."""
_TAP = "mirror-tap"
_MTU = 9000
"""Above every port's MTU: a mirror never drops a frame for its length."""


def make_mirror(switch: Links) -> None:
    """Adds the pair of links that ends in `mirror0`."""
    switch.veth((_TAP, mac_for(_TAP)), (MIRROR, mac_for(MIRROR)), _MTU)
    switch.up(MIRROR)


def copy_port(switch: Links, port: str) -> None:
    """From now on all frames that enter the switch by `port` are copied to the mirror."""
    index = switch.index(port)
    switch.route.tc("add", "ingress", index=index, handle=INGRESS)
    switch.route.tc(
        "add-filter",
        "u32",
        index=index,
        parent=INGRESS,
        protocol=ETH_P_ALL,
        prio=1,
        target=0x10000,
        keys=["0x0/0x0+0"],
        action={"kind": "mirred", "direction": "egress", "action": "mirror", "ifindex": switch.index(_TAP)},
    )
