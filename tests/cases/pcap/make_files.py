"""Writes one story in every form that a capture may have: pcapng, packed, with other link headers.

Held beside the stories of `make.py`, which say what must be told; the forms are made when a test asks for them.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Frames = Iterable[tuple[int, bytes]]
"""(time in nanoseconds since the epoch, Ethernet frame)."""

NANOSECONDS = b"\x09\x00\x01\x00\x09\x00\x00\x00"
"""The option if_tsresol with the value 9, little endian."""


def block(order: str, kind: int, body: bytes) -> bytes:
    """Return a pcapng block."""
    body += b"\0" * (-len(body) % 4)
    length = 12 + len(body)
    return struct.pack(f"{order}II", kind, length) + body + struct.pack(f"{order}I", length)


def section(order: str) -> bytes:
    """Return a section header of unknown length."""
    return block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link: int = 1, options: bytes = b"") -> bytes:
    """Return the description of an interface."""
    return block(order, 1, struct.pack(f"{order}HHI", link, 0, 0) + options)


def packet(order: str, ticks: int, frame: bytes, *, port: int = 0) -> bytes:
    """Return an Enhanced Packet Block."""
    head = struct.pack(f"{order}IIIII", port, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 6, head + frame)


def old_packet(order: str, ticks: int, frame: bytes) -> bytes:
    """Return an obsolete Packet Block."""
    head = struct.pack(f"{order}HHIIII", 0, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 2, head + frame)


def pcap(frames: Frames, *, link: int = 1) -> bytes:
    """Return a classic pcap file in nanoseconds."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link)]
    for time_ns, frame in frames:
        seconds, fraction = divmod(time_ns, 1_000_000_000)
        out.append(struct.pack("<IIII", seconds, fraction, len(frame), len(frame)) + frame)
    return b"".join(out)


def pcapng(frames: Frames) -> bytes:
    """Return a pcapng file as Wireshark writes it, with names and statistics between."""
    out = [section("<"), interface("<", options=NANOSECONDS), block("<", 4, b"names of hosts")]
    out += [packet("<", time_ns, frame) for time_ns, frame in frames]
    return b"".join([*out, block("<", 5, b"\0" * 12)])


def two_sections(frames: Frames) -> bytes:
    """Return a pcapng file of two sections in both byte orders, with clocks that count differently."""
    frames = list(frames)
    half = len(frames) // 2
    epoch = 1_600_000_000
    clock = struct.pack(">HHBxxxHHq", 9, 1, 9, 14, 8, epoch)
    out = [section("<"), interface("<", 147), interface("<", options=NANOSECONDS)]
    out += [packet("<", time_ns, frame, port=1) for time_ns, frame in frames[:half]]
    out += [section(">"), interface(">", options=clock)]
    out += [old_packet(">", time_ns - epoch * 1_000_000_000, frame) for time_ns, frame in frames[half:]]
    return b"".join(out)


def _cooked(frames: Frames) -> bytes:
    return pcap([(at, b"\0\0\0\1\0\6" + b"\2" * 6 + b"\0\0" + frame[12:]) for at, frame in frames], link=113)


def _cooked2(frames: Frames) -> bytes:
    head = struct.pack(">HIHBB8x", 0, 3, 1, 0, 6)
    return pcap([(at, frame[12:14] + head + frame[14:]) for at, frame in frames], link=276)


def _family(order: str, frame: bytes) -> bytes:
    return struct.pack(f"{order}I", 2 if frame[12:14] == b"\x08\0" else 30)


def _null(order: str, link: int) -> Callable[[Frames], bytes]:
    return lambda frames: pcap([(at, _family(order, frame) + frame[14:]) for at, frame in frames], link=link)


def _raw(link: int) -> Callable[[Frames], bytes]:
    return lambda frames: pcap([(at, frame[14:]) for at, frame in frames], link=link)


@dataclass(frozen=True)
class Form:
    """One form of a capture; every form of untagged frames comes to the same rows."""

    name: str
    make: Callable[[Frames], bytes]


FORMS = (
    Form("pcap", pcap),
    Form("pcapng", pcapng),
    Form("pcapng-sections", two_sections),
    Form("pcap.gz", lambda frames: gzip.compress(pcap(frames), mtime=0)),
    Form("pcapng.gz", lambda frames: gzip.compress(pcapng(frames), mtime=0)),
    Form("gz-members", lambda frames: gzip.compress(pcap(frames)[:100]) + gzip.compress(pcap(frames)[100:])),
    Form("sll", _cooked),
    Form("sll2", _cooked2),
    Form("null", _null("<", 0)),
    Form("null-big", _null(">", 0)),
    Form("loop", _null(">", 108)),
    Form("raw-12", _raw(12)),
    Form("raw-14", _raw(14)),
    Form("raw-101", _raw(101)),
)
