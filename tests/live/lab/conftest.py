"""A lab for each data plane, and a reader of its mirror port."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import pytest

from podwire_lab import PLANE_NAMES, Lab
from podwire_lab.namespaces import enter, in_thread

ETH_P_ALL = 3
GENEVE_PORTS = (6081, 6082)
SYN, RST, ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True)
class Frame:
    """A TCP packet as the mirror showed it, with the tunnel it came in."""

    src: str
    dst: str
    src_port: int
    dst_port: int
    flags: int
    length: int
    """Of the whole frame, in bytes."""
    is_sound: bool
    """True where its TCP checksum is right."""
    outer: tuple[str, str, int, int] | None = None
    """(source, destination, UDP port, VNI) where it is in VXLAN or Geneve; port and VNI are 0 in IPIP."""


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def parse(frame: bytes, tunnel_ports: tuple[int, ...]) -> Frame | None:
    """The TCP packet in an Ethernet frame; None for all else."""
    if frame[12:14] != b"\x08\x00":
        return None
    packet = frame[14 : 14 + int.from_bytes(frame[16:18])]
    header = (packet[0] & 0xF) * 4
    src, dst, body = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[header:]
    if packet[9] == socket.IPPROTO_UDP:
        port = int.from_bytes(body[2:4])
        if port not in tunnel_ports:
            return None
        options = 4 * (body[8] & 0x3F) if port in GENEVE_PORTS else 0
        inner = parse(body[16 + options :], ())
        return inner and replace(inner, length=len(frame), outer=(src, dst, port, int.from_bytes(body[12:15])))
    if packet[9] == socket.IPPROTO_IPIP:
        inner = parse(bytes(12) + b"\x08\x00" + body, ())
        return inner and replace(inner, length=len(frame), outer=(src, dst, 0, 0))
    if packet[9] != socket.IPPROTO_TCP:
        return None
    pseudo = packet[12:20] + struct.pack("!HH", socket.IPPROTO_TCP, len(body))
    ports = struct.unpack("!HH", body[:4])
    return Frame(src, dst, *ports, body[13], len(frame), _checksum(pseudo + body) == 0xFFFF)


class Mirror:
    """The frames that the mirror port showed since it was opened."""

    def __init__(self, source: socket.socket, tunnel_ports: tuple[int, ...]) -> None:
        self._source = source
        self._tunnel_ports = tunnel_ports

    def frames(self) -> list[Frame]:
        """All TCP packets so far: the lab has ended the traffic, so they wait in the socket already."""
        found = []
        while True:
            try:
                frame = parse(self._source.recv(65535), self._tunnel_ports)
            except BlockingIOError:
                return found
            if frame is not None:
                found.append(frame)


def _packet_socket(lab: Lab) -> socket.socket:
    def make() -> socket.socket:
        enter(lab.switch_ns)
        source = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        source.bind((lab.mirror, ETH_P_ALL))
        source.setblocking(False)
        return source

    return in_thread(make)


@contextmanager
def watching(lab: Lab, *tunnel_ports: int) -> Iterator[Mirror]:
    """Reads the mirror while inside."""
    with _packet_socket(lab) as source:
        yield Mirror(source, tunnel_ports)


@pytest.fixture(scope="session")
def mirror_of() -> Callable[..., AbstractContextManager[Mirror]]:
    return watching


@pytest.fixture(scope="module", params=PLANE_NAMES)
def any_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of every data plane in turn."""
    with Lab(request.param) as lab:
        yield lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One lab with flannel's VXLAN, for what does not depend on the plane."""
    with Lab("flannel-vxlan", options=["--bookmark-seconds", "0.2"]) as running:
        yield running
