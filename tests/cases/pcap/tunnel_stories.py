"""What a story of a tunnel is, and the headers that they are made of."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from packets import ACK, FIN, PSH, START_NS, Segment, Talk, Trace, ethernet, ip_packet, tcp_packet
from stories import whole_row

NODES = ("192.168.0.11", "192.168.0.12")
NODES6 = ("fd00::11", "fd00::12")
PODS6 = {"client": "fd00:10:1::1", "server": "fd00:10:2::1"}
ETHERNET = 0x6558
ETHERNET_LINK, NULL_LINK, RAW_LINK = 1, 0, 101
Ends = tuple[str, str]
Wrap = Callable[[bytes, Ends], bytes]
"""Makes a frame of an IP packet that goes between these nodes."""


@dataclass
class TunnelStory:
    """One capture and what it must come to."""

    about: str
    trace: Trace
    rows: list[dict[str, Any]]
    overlays: list[list[Any]] = field(default_factory=list)
    """(kind, port or 0, VNI or null, VNI is identity, cluster)."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """How many packets came to what, where not all are TCP segments."""
    link: int = ETHERNET_LINK
    tshark: list[str] | None = field(default_factory=list)
    """What tshark has to be told (`-d`); null where it does not know the encapsulation."""


@dataclass
class Wrapped(Talk):
    """A connection whose packets travel in something."""

    wrap: Wrap = lambda packet, _ends: ethernet(packet)
    nodes: Ends = NODES

    def _send(self, at_us: float, segment: Segment, *, is_client: bool) -> None:
        ends = (self.client, self.server) if is_client else (self.server, self.client)
        nodes = self.nodes if is_client else self.nodes[::-1]
        frame = self.wrap(tcp_packet(*ends, segment), nodes)
        self.trace.frames.append((START_NS + round(at_us * 1000), frame))

    def whole(self) -> None:
        """From SYN to the last FIN: 149 bytes there, 311 back."""
        at = self.open(0, answer_us=74.8, ack_us=26)
        self.c(at + 10, PSH | ACK, b"q" * 149)
        self.s(at + 400, PSH | ACK, b"a" * 311)
        self.c(at + 420, FIN | ACK)
        self.s(at + 500, FIN | ACK)
        self.c(at + 520, ACK)


def udp(ends: Ends, port: int, payload: bytes, *, source: int = 49152) -> bytes:
    """Return the IP packet of a UDP datagram; its checksum is left out, as many tunnels leave it out (RFC 6935)."""
    return ip_packet(*ends, 17, struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload)


def geneve(vni: int, kind: int, options: bytes, payload: bytes) -> bytes:
    """Return a Geneve header and payload (RFC 8926 §3.4)."""
    return struct.pack(">BBHI", len(options) // 4, 0, kind, vni << 8) + options + payload


def gre(ends: Ends, kind: int, payload: bytes, *, key: int | None = None, sequence: bool = False) -> bytes:
    """Return the IP packet of a GRE header and payload (RFC 2784, RFC 2890)."""
    flags = (0x2000 if key is not None else 0) | (0x1000 if sequence else 0)
    head = struct.pack(">HH", flags, kind)
    head += b"" if key is None else struct.pack(">I", key)
    head += struct.pack(">I", 1) if sequence else b""
    return ip_packet(*ends, 47, head + payload)


def ethertype(packet: bytes) -> int:
    """Return the Ethernet type of an IP packet."""
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


def ip_in_ip(packet: bytes, ends: Ends) -> bytes:
    """Return the frame of IP right behind IP (RFC 2003, RFC 4213, RFC 2473)."""
    return ethernet(ip_packet(*ends, 4 if packet[0] >> 4 == 4 else 41, packet))


def gue(packet: bytes, ends: Ends) -> bytes:
    """Return the frame of GUE variant 0 with one word of private fields."""
    return ethernet(udp(ends, 5555, struct.pack(">BBHI", 1, 4, 0x0100, 0) + packet))


def one_talk(about: str, wrap: Wrap, overlay: list[Any] | None, **given: Any) -> TunnelStory:
    """One whole connection in `wrap`; `given` says what else there is to say, and what its row tells."""
    ends = given.pop("ends", NODES)
    pods = given.pop("pods", {})
    told = given.pop("told", {})
    talk = Wrapped(trace := Trace(), wrap=wrap, nodes=ends, **pods)
    talk.whole()
    row = whole_row(talk, **told)
    if overlay is not None:
        row |= {"encap": given.pop("encap", overlay[0]), "outer-src-ip": ends[0], "outer-dst-ip": ends[1]}
        if "vxlan" not in told:
            # Kinds without an identifier.
            del row["vxlan"]
    return TunnelStory(about, trace, [row], overlays=[overlay] if overlay else [], **given)
