"""Links, addresses and routes of one namespace, in the few words that the fabric needs. Runs inside the namespace."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pyroute2 import IPRoute, NetlinkError  # type: ignore[import-untyped]
from pyroute2.ethtool.ioctl import IoctlEthtool  # type: ignore[import-untyped]

from podwire_lab.errors import LabError
from podwire_lab.namespaces import Namespace

NUD_PERMANENT = 0x80
"""linux/neighbour.h"""
NTF_SELF = 0x02
"""linux/neighbour.h: the FDB entry is the device's own (a VXLAN remote), not its bridge's."""
RTPROT_BIRD = 12
RTPROT_CALICO = 80
"""What Felix marks its routes with (its setting DeviceRouteProtocol)."""
RT_SCOPE_LINK = 253
ETH_P_ALL = 3
INGRESS = 0xFFFF0000
"""The handle of the ingress queueing discipline (linux/pkt_sched.h TC_H_INGRESS)."""

_OFFLOADS = ("tx-checksumming", "tcp-segmentation-offload", "generic-segmentation-offload")


class Links:
    """The links of the namespace that the calling thread is in."""

    def __init__(self, route: IPRoute) -> None:
        self.route = route

    def index(self, name: str) -> int:
        found = self.route.link_lookup(ifname=name)
        if not found:
            raise LabError(f"There is no link {name} in this namespace of the lab.")
        return int(found[0])

    def up(self, name: str) -> None:
        self.route.link("set", index=self.index(name), state="up")

    def bridge(self, name: str, mac: str, mtu: int = 1500) -> None:
        self.route.link("add", ifname=name, kind="bridge", address=mac, mtu=mtu, br_mcast_snooping=0)
        self.up(name)

    def veth(self, near: tuple[str, str], far: tuple[str, str], mtu: int, other: Namespace | None = None) -> None:
        """A pair of (name, MAC) ends; the far end is born in `other`, or beside the near one."""
        peer: dict[str, object] = {"ifname": far[0], "address": far[1], "mtu": mtu}
        if other is not None:
            peer["net_ns_fd"] = other.descriptor
        self.route.link("add", ifname=near[0], address=near[1], mtu=mtu, kind="veth", peer=peer)
        offloads_off(near[0])
        self.up(near[0])

    def join(self, name: str, bridge: str) -> None:
        self.route.link("set", index=self.index(name), master=self.index(bridge))

    def address(self, name: str, address: str, length: int) -> None:
        self.route.addr("add", index=self.index(name), address=address, prefixlen=length)

    def forget_neighbour(self, name: str, address: str) -> None:
        """Asks anew who has an address, where it was somebody else's before."""
        try:
            self.route.neigh("del", dst=address, ifindex=self.index(name))
        except NetlinkError as error:
            if error.code != errno.ENOENT:
                raise

    def default_via(self, gateway: str, name: str) -> None:
        self.route.route("add", dst="0.0.0.0/0", gateway=gateway, oif=self.index(name), flags=["onlink"])


def offloads_off(name: str) -> None:
    """Makes a link send what a real wire carries: full checksums, and no packet above its MTU."""
    tool = IoctlEthtool(name)
    try:
        for offload in _OFFLOADS:
            tool.set_offload_flag(offload, 0)
    finally:
        tool.close()


@contextmanager
def links() -> Iterator[Links]:
    """The links of the calling thread's namespace; what the kernel refuses becomes a LabError."""
    try:
        with IPRoute() as route:
            yield Links(route)
    except NetlinkError as error:
        raise LabError(f"The kernel refused a change of the lab's network: {error}.") from error
