"""Several threads read what this machine itself forwards: one direction comes in, the other one goes out.

The kernel shows the two differently: what goes out from its link header on, tags and all, what comes in from behind it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from types import ModuleType
from typing import Any

import pytest
from tests.live.cable import Wire, state, until

from podwire.capture import Capture, Filter
from podwire.model.overlays import Encapsulation, Overlay
from podwire_lab.links import links

pytestmark = pytest.mark.live

CROWD = 40
TUNNEL_PORT = 8472
ETHERNET_HEADER, TAG, SOURCE = 14, 4, 12
CLIENTS = (bytes([10, 10]), bytes([192, 168, 0, 1]))
# linux/if_tun.h and linux/if_ether.h
TUNSETIFF, IFF_TUN, IFF_NO_PI, ETH_P_IP = 0x400454CA, 0x0001, 0x1000, 0x0800


@pytest.fixture
def capture() -> Iterator[Capture]:
    core = Capture(threads=3)
    core.set_overlays([(Overlay(Encapsulation.VXLAN, port=TUNNEL_PORT), 0)])
    yield core
    core.close()


def conversations(packets: ModuleType, vlans: tuple[int, ...] = ()) -> list[tuple[bool, bytes]]:
    """Many connections from beginning to end, every second one in a tunnel, as (from the client, frame)."""
    trace = packets.Trace()
    for number in range(CROWD):
        ends = {"client": f"10.10.{number}.1", "server": f"10.20.{number % 7}.1", "vlans": vlans}
        tunnel = packets.Tunnel(1, TUNNEL_PORT, "192.168.0.1", "192.168.0.2") if number % 2 else None
        talk = packets.Talk(trace, sport=20_000 + number, tunnel=tunnel, cseq=1000 * number, **ends)
        at = talk.open()
        talk.c(at + 1, packets.PSH | packets.ACK, b"q" * 100)
        talk.c(at + 2, packets.FIN | packets.ACK)
        talk.s(at + 3, packets.FIN | packets.ACK)
        talk.c(at + 4, packets.ACK)
    source = ETHERNET_HEADER + len(vlans) * TAG + SOURCE
    frames = [frame for _, frame in sorted(trace.frames, key=lambda each: each[0])]
    return [(frame[source:].startswith(CLIENTS), frame) for frame in frames]


def check(capture: Capture) -> None:
    """Each connection has one row, which has both directions."""
    mine = [Filter("proto", "in", ["tcp"]), Filter("src-ip", "prefix", ["10.10.0.0/16"])]
    ended = [*mine, Filter("transition-state", "in", ["ended"]), Filter("obytes", "in", [100])]
    until("every end", lambda: len(capture.rows(ended, ["id"])) == CROWD)
    assert [row["one-way"] for row in capture.rows(mine, ["one-way"])] == [False] * CROWD


def raw_socket(wire: Wire, name: str, end: str, protocol: int = 0) -> socket.socket:
    def inside() -> socket.socket:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        made.bind((name, protocol))
        return made

    return (wire.near if end == "near" else wire.far).run(inside)


@pytest.mark.parametrize("vlans", [(), (5,), (7, 5)], ids=["untagged", "tagged", "tagged-twice"])
def test_what_is_sent_meets_what_answers(
    wire: Wire, capture: Capture, packets: ModuleType, vlans: tuple[int, ...]
) -> None:
    wire.near.run(lambda: capture.open_interface("cap0"))
    until("the state up", lambda: state(capture) == "up")
    with closing(raw_socket(wire, "cap0", "near")) as here, closing(raw_socket(wire, "far0", "far")) as there:
        for is_client, frame in conversations(packets, vlans):
            (here if is_client else there).send(frame)
    check(capture)


def test_a_link_without_a_header_has_none_outwards_either(wire: Wire, capture: Capture, packets: ModuleType) -> None:
    """TUN, as VPNs use it: packets begin with their IP header in both directions."""

    def tunnel() -> int:
        device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI))
        with links() as own:
            own.up("tun0")
        return device

    device = wire.near.run(tunnel)
    with os.fdopen(device, "r+b", buffering=0) as incoming:
        wire.near.run(lambda: capture.open_interface("tun0"))
        until("the state up", lambda: state(capture) == "up")
        with closing(raw_socket(wire, "tun0", "near", ETH_P_IP)) as outgoing:
            send: dict[bool, Callable[[bytes], Any]] = {True: outgoing.send, False: incoming.write}
            for is_client, frame in conversations(packets):
                send[is_client](frame[ETHERNET_HEADER:])
        check(capture)
