"""Every packet has exactly one outcome, whatever its bytes are; and `capture-show` and `encrypted-show` tell them."""

from __future__ import annotations

import asyncio
import json
import random
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.catalog.capture import CAPTURE
from podwire.commands.capture import CaptureHandler
from podwire.commands.encrypted import EncryptedHandler
from podwire.commands.query import Query
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.nodes import NodeAddresses
from podwire.support.clock import FixedClock

CASES = Path(__file__).parents[2] / "cases" / "pcap"
FILE_HEADER, RECORD_HEADER = 24, 16
NOT_OUTCOMES = {"source", "packets", "bytes", "kernel-drops", "ring-full", "outages", "filtered", "evicted"}
SUMMED = ("tcp", "udp", "icmp", "sctp", "icmp-errors", "fragments", "encrypted", "duplicates", "not-collected")
GROUPS = ("truncated", "malformed", "unsupported")


def shown(handler: Any) -> list[dict[str, Any]]:
    noun = handler.noun
    return list(asyncio.run(handler.show(Query(noun, noun.columns))).rows)


def check(capture: Capture, packets: int) -> None:
    """What became of the packets adds up, by source, in all, and as it is shown."""
    sources = capture.source_counters()
    for source in sources:
        outcomes = {
            name: value
            for name, value in source.items()
            if isinstance(value, int) and name not in NOT_OUTCOMES | {"not-entered"}
        }
        assert sum(outcomes.values()) == source["packets"], source["interface"]
    assert sum(source["packets"] for source in sources) == capture.counters()["packets"] == packets
    for row in shown(CaptureHandler(Parts(capture=capture, clock=FixedClock(0)), None)):
        assert sum(row[name] for name in SUMMED + GROUPS) == row["packets"]
        assert row.keys() == {column.name for column in CAPTURE.columns}


def mutated(bytes_of: bytes, rng: random.Random) -> bytes:
    """Change some bytes of the packets, and cut some packets short; the headers of the records stay true."""
    out = bytearray(bytes_of[:FILE_HEADER])
    at = FILE_HEADER
    while at < len(bytes_of):
        seconds, fraction, kept, length = struct.unpack_from("<4I", bytes_of, at)
        data = bytearray(bytes_of[at + RECORD_HEADER : at + RECORD_HEADER + kept])
        at += RECORD_HEADER + kept
        for _ in range(rng.choice((0, 1, 1, 2, 8))):
            if data:
                data[min(rng.randrange(len(data)), rng.randrange(len(data)))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data) + 1) :]
        out += struct.pack("<4I", seconds, fraction, len(data), length) + data
    return bytes(out)


def every_case() -> list[Path]:
    return sorted(path.parent for path in CASES.rglob("case.json"))


def prepare(capture: Capture, folder: Path) -> None:
    """Tell the core of the tunnels of a case."""
    overlays = json.loads((folder / "case.json").read_text())["overlays"]
    capture._engine.set_overlays([tuple(overlay) for overlay in overlays])


@pytest.mark.parametrize("mode", ["full", "control"])
@pytest.mark.parametrize("folder", every_case(), ids=lambda folder: folder.name)
def test_damaged_packets_are_counted_too(folder: Path, mode: str, tmp_path: Path) -> None:
    rng = random.Random(folder.name)  # noqa: S311 - damage is no secret
    whole = (folder / "capture.pcap").read_bytes()
    paths = []
    for number in range(10):
        path = tmp_path / f"{number}.pcap"
        path.write_bytes(mutated(whole, rng))
        paths.append(str(path))
    capture = Capture(mode=mode)
    try:
        prepare(capture, folder)
        summary = capture.read_files(paths)
        check(capture, summary.packets - capture.counters()["filtered"])
    finally:
        capture.close()


def test_what_is_not_collected_is_an_outcome(capture: Capture) -> None:
    capture.set_collecting(False)
    check(capture, capture.read_files([str(CASES / "handshake" / "capture.pcap")]).packets)
    assert capture.source_counters()[0]["not-collected"] > 0


def test_a_bound_on_memory_evicts_and_tells_whose(capture: Capture, packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(12_000):
        packets.Talk(trace, client=f"10.{number >> 8}.{number & 255}.1").c(number, packets.SYN)
    trace.write(tmp_path / "flood.pcap")
    capture.set_max_memory(1 << 20)
    check(capture, capture.read_files([str(tmp_path / "flood.pcap")]).packets)
    (row,) = shown(CaptureHandler(Parts(capture=capture, clock=FixedClock(0)), None))
    kept = capture.counters()["connections"]
    assert row["evicted"] == 12_000 - kept > 0


def test_a_bound_on_memory_can_be_raised(packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(12_000):
        packets.Talk(trace, client=f"10.{number >> 8}.{number & 255}.1").c(number, packets.SYN)
    trace.write(tmp_path / "flood.pcap")
    capture = Capture(max_memory_bytes=1 << 20)
    try:
        capture.set_max_memory(64 << 20)
        capture.read_files([str(tmp_path / "flood.pcap")])
        assert capture.counters()["connections"] == 12_000
    finally:
        capture.close()


@pytest.mark.parametrize(("kind", "packets_by_family"), [("esp", [1, 2]), ("wireguard", [4])])
def test_encrypted_traffic_is_told_by_nodes(capture: Capture, kind: str, packets_by_family: list[int]) -> None:
    folder = CASES / "tunnels" / kind
    prepare(capture, folder)
    check(capture, capture.read_files([str(folder / "capture.pcap")]).packets)
    parts = Parts(capture=capture, clock=FixedClock(capture.last_packet_ns()))
    for name, address in (("one", "192.168.0.11"), ("two", "192.168.0.12")):
        parts.nodes.replace(name, [(Node(name=f"node-{name}"), NodeAddresses(own=(address,), outer=(address,)))])
    rows = shown(EncryptedHandler(parts))
    assert sorted(row["node-packets"] + row["peer-packets"] for row in rows) == packets_by_family
    assert sum(packets_by_family) == capture.counters()["encrypted"]
    assert {row["kind"] for row in rows} == {kind}
    assert [(row["node"], row["peer"]) for row in rows if ":" not in row["node-ip"]] == [("node-one", "node-two")]
    parts.nodes.replace("other", [(Node(name="twin"), NodeAddresses(outer=("192.168.0.12",)))])
    assert {row["peer"] for row in shown(EncryptedHandler(parts))} == {None}
