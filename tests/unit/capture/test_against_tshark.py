"""tshark reads the same captures and comes to the same connections."""

from __future__ import annotations

import random
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay

FIELDS = (
    "tcp.stream",
    "frame.protocols",
    "frame.time_epoch",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "tcp.len",
    "tcp.analysis.retransmission",
    "tcp.analysis.initial_rtt",
    "tcp.flags.syn",
    "tcp.flags.ack",
)


@dataclass
class Stream:
    """What tshark says of one `tcp.stream`."""

    ends: frozenset[tuple[str, str]] = frozenset()
    first_ns: int = 0
    last_ns: int = 0
    packets: int = 0
    stream_bytes: int = 0
    again: int = 0
    rtt_ns: set[int] = field(default_factory=set)


def read_with_tshark(tshark: str, path: str, ports: list[int]) -> list[Stream]:
    """Run tshark over the file; the innermost addresses of each frame count."""
    command = [tshark, "-n", "-r", path, "-Y", "tcp", "-T", "fields", "-E", "occurrence=l", "-E", "separator=/t"]
    for port in ports:
        command += ["-d", f"udp.port=={port},vxlan"]
    for name in FIELDS:
        command += ["-e", name]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    streams: dict[str, Stream] = defaultdict(Stream)
    for line in out.splitlines():
        told = dict(zip(FIELDS, line.split("\t"), strict=True))
        _add(streams[told["tcp.stream"]], told)
    return list(streams.values())


def _add(stream: Stream, told: dict[str, str]) -> None:
    seconds, _, fraction = told["frame.time_epoch"].partition(".")
    time_ns = int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9])
    layers = told["frame.protocols"].split(":")
    ip = next(layer for layer in reversed(layers) if layer in ("ip", "ipv6"))
    ends = frozenset((told[f"{ip}.{side}"], told[f"tcp.{side}port"]) for side in ("src", "dst"))
    stream.first_ns = stream.first_ns or time_ns
    stream.ends, stream.last_ns = ends, time_ns
    stream.packets += 1
    is_again = bool(told["tcp.analysis.retransmission"])
    stream.again += is_again
    stream.stream_bytes += 0 if is_again else int(told["tcp.len"])
    if told["tcp.analysis.initial_rtt"]:
        stream.rtt_ns.add(round(float(told["tcp.analysis.initial_rtt"]) * 1e9))


def read_with_core(capture: Capture, path: str) -> list[dict[str, Any]]:
    """Read the file and return its rows in the order in which they began."""
    capture.read_files([path])
    columns = ["src-ip", "src-port", "dst-ip", "dst-port", "opkts", "ipkts", "total-bytes", "retransmits", "latency"]
    columns += ["client-latency", "syn-resends", "syn-ack-resends", "started-time", "last-time", "id"]
    return capture.rows([], columns)[::-1]


def compare(rows: list[dict[str, Any]], streams: list[Stream]) -> None:
    assert len(rows) == len(streams)
    for row, stream in zip(rows, streams, strict=True):
        ends = frozenset((row[f"{side}-ip"], str(row[f"{side}-port"])) for side in ("src", "dst"))
        assert ends == stream.ends
        assert (row["started-time"], row["last-time"]) == (stream.first_ns, stream.last_ns)
        assert row["opkts"] + row["ipkts"] == stream.packets
        assert row["total-bytes"] == stream.stream_bytes
        resends = row["syn-resends"] + row["syn-ack-resends"]
        assert row["retransmits"] + resends == stream.again
        if stream.rtt_ns and not resends and row["client-latency"] is not None:
            assert stream.rtt_ns == {row["latency"] + row["client-latency"]}


def test_stories(capture: Capture, tshark: str, case: Any) -> None:
    if case.known["is-tshark-blind"]:
        return
    case.prepare(capture)
    ports = [overlay[1] for overlay in case.known["overlays"]]
    compare(read_with_core(capture, case.capture_file), read_with_tshark(tshark, case.capture_file, ports))


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd(capture: Capture, tshark: str, packets: ModuleType, tmp_path: Path, seed: int) -> None:
    """Hundreds of connections at a time, with losses, tagged, tunnelled and plain."""
    trace = crowd(packets, random.Random(seed))  # noqa: S311 - the same every time
    path = tmp_path / "crowd.pcap"
    trace.write(path)
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=8472), 0)])
    compare(read_with_core(capture, str(path)), read_with_tshark(tshark, str(path), [8472]))


def crowd(packets: ModuleType, chance: random.Random) -> Any:
    trace = packets.Trace()
    tunnel = packets.Tunnel(1, 8472, "192.168.0.1", "192.168.0.2")
    for number in range(300):
        talk = packets.Talk(
            trace,
            client=f"10.10.1.{number % 200 + 1}" if number % 3 else f"fd00::{number + 1:x}",
            server="10.10.2.1" if number % 3 else "fd00:1::1",
            sport=20000 + number,
            vlans=(chance.randrange(1, 4095),) if chance.random() < 0.3 else (),
            tunnel=tunnel if chance.random() < 0.5 else None,
            cseq=chance.randrange(1 << 32),
            sseq=chance.randrange(1 << 32),
        )
        converse(packets, talk, chance)
    return trace


def converse(packets: ModuleType, talk: Any, chance: random.Random) -> None:
    """One connection: a handshake, data both ways with segments that are sent again, and an end or none."""
    push, finish = packets.PSH | packets.ACK, packets.FIN | packets.ACK
    at = talk.open(chance.randrange(1_000_000), answer_us=chance.randrange(50, 5000), ack_us=chance.randrange(1, 50))
    for _ in range(chance.randrange(6)):
        send, answer = (talk.c, talk.s) if chance.random() < 0.5 else (talk.s, talk.c)
        size = chance.randrange(1, 1200)
        at += chance.randrange(1, 2000)
        send(at, push, b"x" * size)
        if chance.random() < 0.2:
            at += 300_000
            send(at, push, b"x" * size, back=size)
        at += chance.randrange(1, 100)
        answer(at, packets.ACK)
    end = chance.random()
    if end < 0.6:
        talk.c(at + 10, finish)
        talk.s(at + 20, finish)
        talk.c(at + 30, packets.ACK)
    elif end < 0.8:
        talk.s(at + 10, packets.RST | packets.ACK)
