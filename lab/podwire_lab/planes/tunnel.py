"""A node's end of a tunnel in user space: for encapsulations that a kernel may lack, or in which the VNI varies.

A TUN device takes the Pods' packets from the kernel and gives them back to it; between nodes they travel in what a
`Format` makes of them. The device goes with the lab's process.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import selectors
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from podwire_lab.errors import LabError
from podwire_lab.links import Links
from podwire_lab.objects.truth import Cluster, Node, mac_for

TUNSETIFF = 0x400454CA
"""linux/if_tun.h; with IFF_TUN and IFF_NO_PI: bare IP packets."""
IFF_TUN_NO_PI = 0x1001
IPPROTO_IPIP = 4
_MOST_BYTES = 65_535
_FIRST_SOURCE_PORT = 0xC000
"""Source ports are 49152 to 65535, by flow (RFC 7348 §5, RFC 8926 §3.3)."""
_OVN_OPTION = b"\x01\x02\x80\x01\x00\x02\x00\x04"
"""Class 0x0102, type 0x80: the logical ports a packet goes from and to (ovn-architecture(7))."""


@dataclass(frozen=True)
class Format:
    """What stands between the outer IP (or UDP) header and the Pod's packet."""

    head: Callable[[bytes, int], bytes]
    """The header before a packet; given the plane's VNI."""
    length: Callable[[bytes], int]
    """How long the header of what arrived is."""
    secret: bytes = b""
    """A table of 256 bytes that makes packets unreadable, and readable again; empty where they are as they are."""


_ETHERNET = bytes.fromhex("aabbccddeeff" + mac_for("tunnel").replace(":", "")) + b"\x08\x00"
"""Antrea sends all to this very MAC; the others' mean as little."""


def _vxlan_by_sender(packet: bytes, _vni: int) -> bytes:
    # Cilium's identities begin at 256; here every Pod has labels of its own, and so an identity of its own.
    return struct.pack(">II", 0x0800_0000, (256 + int.from_bytes(packet[14:16])) << 8) + _ETHERNET


def _geneve(options: bytes) -> Callable[[bytes, int], bytes]:
    def head(_packet: bytes, vni: int) -> bytes:
        return struct.pack(">BBHI", len(options) // 4, 0x40 if options else 0, 0x6558, vni << 8) + options + _ETHERNET

    return head


def _geneve_length(data: bytes) -> int:
    return 8 + 4 * (data[0] & 0x3F) + 14


VXLAN_BY_SENDER = Format(_vxlan_by_sender, lambda _data: 8 + 14)
GENEVE = Format(_geneve(b""), _geneve_length)
GENEVE_OVN = Format(_geneve(_OVN_OPTION), _geneve_length)
WIREGUARD = Format(
    lambda packet, _vni: struct.pack("<IIQ", 4, 1, zlib.crc32(packet)),
    lambda _data: 16,
    bytes(n ^ 0x5A for n in range(256)),
)
"""What the wire shows of WireGuard's transport messages; what is inside is scrambled, which is no cipher."""
_WIREGUARD_TAG = 16
IPIP = Format(lambda _packet, _vni: b"", lambda data: 4 * (data[0] & 0xF))


class Endpoint:
    """Carries packets between a node's TUN device and its peers, on a thread of its own, until `close`.

    Made in the node's namespace. A packet that cannot be passed on is dropped, as a network card drops it, and counted.
    """

    def __init__(self, node: Node, cluster: Cluster, form: Format, device: str) -> None:
        self._form = form
        self._plane = cluster.plane
        # A node's Pods are a /24: three bytes of an address tell the node.
        self._peers = {
            ipaddress.ip_network(peer.pod_cidr)[0].packed[:3]: peer.address for peer in cluster.peers_of(node)
        }
        self.dropped = 0
        self._tun = _open_tun(device)
        protocol = socket.IPPROTO_UDP if self._plane.has_port else IPPROTO_IPIP
        self._out = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        self._in = self._out
        if self._plane.has_port:
            self._out.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # it hears all UDP; only `_in` is read
            self._in = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._in.bind((node.address, self._plane.port))
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"podwire-lab-{device}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and takes the device away; calling it again does nothing."""
        if self._tun < 0:
            return
        self._wake.send(b"x")
        self._thread.join()
        os.close(self._tun)
        self._tun = -1
        for each in {self._in, self._out, self._wake, self._woken}:
            each.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._tun, selectors.EVENT_READ, self._send)
            waiting.register(self._in, selectors.EVENT_READ, self._receive)
            waiting.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.data is None:
                        return
                    try:
                        key.data()
                    except OSError:
                        self.dropped += 1

    def _send(self) -> None:
        packet = os.read(self._tun, _MOST_BYTES)
        peer = self._peers.get(packet[16:19])
        if peer is None or packet[0] >> 4 != 4:
            self.dropped += 1
            return
        payload = self._form.head(packet, self._plane.vni) + self._scrambled(packet)
        if self._plane.has_port:
            source = _FIRST_SOURCE_PORT | (zlib.crc32(packet[12:24]) & 0x3FFF)
            payload = struct.pack(">HHHH", source, self._plane.port, 8 + len(payload), 0) + payload
        self._out.sendto(payload, (peer, 0))

    def _receive(self) -> None:
        data = self._in.recv(_MOST_BYTES)
        os.write(self._tun, self._scrambled(data[self._form.length(data) :]))

    def _scrambled(self, data: bytes) -> bytes:
        """Padded to 16 bytes, with room for a tag, as WireGuard's; the kernel cuts what is behind the IP packet."""
        if not self._form.secret:
            return data
        return (data + bytes(-len(data) % 16 + _WIREGUARD_TAG)).translate(self._form.secret)


def _open_tun(name: str) -> int:
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    except OSError as error:
        raise LabError(f"The kernel gives no TUN device, which this data plane needs: {error.strerror}.") from error
    return descriptor


def connection(form: Format, device: str) -> Callable[[Links, Node, Cluster], Endpoint]:
    """What connects a node: its endpoint, the tunnel address on it, and the peers' Pods by way of it."""

    def connect(node_links: Links, node: Node, cluster: Cluster) -> Endpoint:
        endpoint = Endpoint(node, cluster, form, device)
        index = node_links.index(device)
        node_links.route.link("set", index=index, mtu=cluster.plane.pod_mtu)
        node_links.up(device)
        node_links.address(device, node.tunnel_address, 32)
        for peer in cluster.peers_of(node):
            node_links.route.route("add", dst=peer.pod_cidr, oif=index)
        return endpoint

    return connect
