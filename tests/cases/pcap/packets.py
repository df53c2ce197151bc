"""Builds frames and capture files byte by byte, the same bytes each time: Ethernet, tags, IP, TCP, VXLAN, pcap."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from pathlib import Path

START_NS = 1_700_000_000_000_000_000
"""The time of every story's first packet."""

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

_MICROSECONDS, _NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    """Return an IPv4 or IPv6 packet, as the addresses tell."""
    from_ip, to_ip = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if from_ip.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
        return head + from_ip.packed + to_ip.packed + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0)
    head += from_ip.packed + to_ip.packed
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


@dataclass(frozen=True)
class Segment:
    """One TCP segment; sequence numbers may exceed 32 bits and are cut."""

    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    data: bytes = b""
    window: int = 64240


def tcp_packet(source: str, target: str, segment: Segment) -> bytes:
    """Return the IP packet of a TCP segment with a right checksum."""
    seq, ack = segment.seq & 0xFFFFFFFF, segment.ack & 0xFFFFFFFF
    options = b"\x02\x04\x05\xb4" if segment.flags & SYN else b""
    offset = (20 + len(options)) // 4 << 4
    head = struct.pack(
        ">HHIIBBHHH", segment.sport, segment.dport, seq, ack, offset, segment.flags, segment.window, 0, 0
    )
    whole = head + options + segment.data
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    check = checksum(ends + struct.pack(">II", 6, len(whole)) + whole)
    return ip_packet(source, target, 6, whole[:16] + struct.pack(">H", check) + whole[18:])


def ethernet(payload: bytes, vlans: tuple[int, ...] = ()) -> bytes:
    """Return an Ethernet frame around an IP packet, tagged with these VLANs, the outermost first."""
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in vlans)
    kind = 0x0800 if payload[0] >> 4 == 4 else 0x86DD
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + tags + struct.pack(">H", kind) + payload


def vxlan(frame: bytes, vni: int, port: int, ends: tuple[str, str]) -> bytes:
    """Return the IP packet that carries `frame` between two nodes (RFC 7348)."""
    body = struct.pack(">BxxxI", 0x08, vni << 8) + frame
    datagram = struct.pack(">HHHH", 49152 + len(frame) % 1000, port, 8 + len(body), 0) + body
    if ipaddress.ip_address(ends[0]).version == 6:
        # UDP over IPv6 needs its checksum.
        packed = ipaddress.ip_address(ends[0]).packed + ipaddress.ip_address(ends[1]).packed
        check = checksum(packed + struct.pack(">II", len(datagram), 17) + datagram)
        datagram = datagram[:6] + struct.pack(">H", check) + datagram[8:]
    return ip_packet(*ends, 17, datagram)


@dataclass(frozen=True)
class Tunnel:
    """A VXLAN tunnel between the client's node and the server's."""

    vni: int
    port: int
    client_node: str
    server_node: str


@dataclass
class Trace:
    """Frames with their times: what a capture holds."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)

    def write(self, path: Path, *, big_endian: bool = False, nanoseconds: bool = True, snap: int = 65535) -> None:
        """Write a classic pcap file of Ethernet frames, each cut to `snap` bytes."""
        order = ">" if big_endian else "<"
        magic = _NANOSECONDS if nanoseconds else _MICROSECONDS
        out = [struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, snap, 1)]
        for time_ns, frame in sorted(self.frames, key=lambda each: each[0]):
            seconds, fraction = divmod(time_ns, 1_000_000_000)
            fraction = fraction if nanoseconds else fraction // 1000
            kept = frame[:snap]
            out.append(struct.pack(f"{order}IIII", seconds, fraction, len(kept), len(frame)) + kept)
        path.write_bytes(b"".join(out))


@dataclass
class Talk:
    """One TCP connection as both sides send it; each step takes its time in microseconds since the start."""

    trace: Trace
    client: str = "10.10.1.1"
    server: str = "10.10.2.1"
    sport: int = 40000
    dport: int = 8080
    vlans: tuple[int, ...] = ()
    tunnel: Tunnel | None = None
    cseq: int = 1000
    sseq: int = 5000
    window: int = 64240
    """What both sides offer; change it between steps."""

    def c(self, at_us: float, flags: int, data: bytes = b"", *, back: int = 0) -> None:
        """The client sends; `back` bytes before its place in the stream, where it repeats itself."""
        ack = self.sseq if flags & ACK else 0
        self._send(
            at_us, Segment(self.sport, self.dport, self.cseq - back, ack, flags, data, self.window), is_client=True
        )
        self.cseq += 0 if back else len(data) + bool(flags & (SYN | FIN))

    def s(self, at_us: float, flags: int, data: bytes = b"", *, back: int = 0) -> None:
        """The server sends."""
        ack = self.cseq if flags & ACK else 0
        self._send(
            at_us, Segment(self.dport, self.sport, self.sseq - back, ack, flags, data, self.window), is_client=False
        )
        self.sseq += 0 if back else len(data) + bool(flags & (SYN | FIN))

    def open(self, at_us: float = 0, *, answer_us: float = 500, ack_us: float = 20) -> float:
        """The three-way handshake; return when it ended."""
        self.c(at_us, SYN)
        self.s(at_us + answer_us, SYN | ACK)
        self.c(at_us + answer_us + ack_us, ACK)
        return at_us + answer_us + ack_us

    def _send(self, at_us: float, segment: Segment, *, is_client: bool) -> None:
        ends = (self.client, self.server) if is_client else (self.server, self.client)
        packet = tcp_packet(*ends, segment)
        if self.tunnel is not None:
            nodes = (self.tunnel.client_node, self.tunnel.server_node)
            packet = vxlan(ethernet(packet), self.tunnel.vni, self.tunnel.port, nodes if is_client else nodes[::-1])
        self.trace.frames.append((START_NS + round(at_us * 1000), ethernet(packet, self.vlans)))
