"""However many threads read a capture, its rows and its counters are the same."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.unit.capture.shards import read

from podwire.capture import Capture, CaptureError

CASES = Path(__file__).parents[2] / "cases" / "pcap"
MANY = (2, 3, 5)


def folders() -> list[Path]:
    return sorted(path.parent for path in CASES.rglob("case.json"))


def overlays_of(folder: Path) -> list[Any]:
    overlays: list[Any] = json.loads((folder / "case.json").read_text())["overlays"]
    return overlays


@pytest.mark.parametrize("mode", ["full", "control"])
@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_story_is_the_same(folder: Path, mode: str) -> None:
    paths, overlays = [str(folder / "capture.pcap")], overlays_of(folder)
    alone = read(paths, overlays, threads=1, mode=mode)
    for threads in MANY:
        assert read(paths, overlays, threads=threads, mode=mode) == alone


@pytest.mark.parametrize("threads", MANY)
def test_several_captures_merged_by_time_are_the_same(packets: ModuleType, tmp_path: Path, threads: int) -> None:
    """Each capture has some of every connection's packets, some in a tunnel."""
    traces = [packets.Trace() for _ in range(3)]
    whole = packets.Trace()
    for number in range(600):
        ends = {"client": f"10.10.{number % 200}.1", "server": f"10.20.{number % 11}.1"}
        tunnel = packets.Tunnel(1, 8472, "192.168.0.1", "192.168.0.2") if number % 3 else None
        talk = packets.Talk(whole, sport=10_000 + number, cseq=7919 * number, tunnel=tunnel, **ends)
        at = talk.open(number * 13)
        talk.c(at + 50, packets.PSH | packets.ACK, b"q" * (number % 90))
        if number % 2:
            talk.c(at + 90, packets.FIN | packets.ACK)
            talk.s(at + 99, packets.FIN | packets.ACK)
    for number, frame in enumerate(sorted(whole.frames)):
        traces[number % 3].frames.append(frame)
    paths = [str(tmp_path / f"{number}.pcap") for number in range(3)]
    for path, trace in zip(paths, traces, strict=True):
        trace.write(Path(path))
    overlays = [["vxlan", 8472, None, False, 1]]
    alone = read(paths, overlays, threads=1)
    assert len(alone["rows"]) == 600
    assert read(paths, overlays, threads=threads) == alone


@pytest.mark.parametrize("threads", MANY)
def test_servers_that_others_saw_are_known_in_time(packets: ModuleType, tmp_path: Path, threads: int) -> None:
    """Of a connection joined in the middle, who is the server is told by answers that another thread counts."""
    rng = random.Random(threads)  # noqa: S311 - the same every time
    trace = packets.Trace()
    for number in range(3000):
        ends = {"client": f"10.{number >> 8}.{number & 255}.1", "server": f"10.200.{rng.randrange(50)}.1"}
        port = 20_000 + rng.randrange(400)
        talk = packets.Talk(trace, sport=10_000 + rng.randrange(20_000), dport=port, **ends)
        if rng.random() < 0.3:
            talk.open(number * 10)
        else:
            talk.s(number * 10, packets.PSH | packets.ACK, b"joined")
    trace.write(tmp_path / "joined.pcap")
    paths = [str(tmp_path / "joined.pcap")]
    alone = read(paths, [], threads=1)
    assert {row["dst-port"] >= 20_000 for row in alone["rows"]} == {True, False}
    assert read(paths, [], threads=threads) == alone


def test_silence_ends_rows_at_the_same_time(packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(2000):
        talk = packets.Talk(trace, client=f"10.10.{number % 50}.1", sport=10_000 + number // 100)
        talk.c(number * 500_000, packets.SYN)
    trace.write(tmp_path / "silent.pcap")
    paths = [str(tmp_path / "silent.pcap")]
    alone = read(paths, [], threads=1)
    assert alone["counters"]["timeout-half-open"] > 0
    for threads in MANY:
        assert read(paths, [], threads=threads) == alone


def test_fragments_of_tunnels_follow(packets: ModuleType, tmp_path: Path) -> None:
    """The later fragments of a tunnel's datagrams have only the nodes' addresses; each is with its own connection."""
    trace = packets.Trace()
    for number in range(200):
        client, server = f"10.10.{number}.1", f"10.20.{number}.1"
        data = packets.tcp_packet(client, server, packets.Segment(40_000, 80, 1, 1, packets.ACK, b"x" * 1400))
        outer = bytearray(packets.vxlan(packets.ethernet(data), 7, 8472, ("192.168.0.1", "192.168.0.2")))
        outer[4:6] = number.to_bytes(2, "big")
        head, body = outer[:20], outer[20:]
        for offset, part, more in ((0, body[:800], 0x2000), (100, body[800:], 0)):
            own = bytearray(head)
            own[2:4] = (20 + len(part)).to_bytes(2, "big")
            own[6:8] = (more | offset).to_bytes(2, "big")
            trace.frames.append((packets.START_NS + number * 1000 + offset, packets.ethernet(bytes(own + part))))
    trace.write(tmp_path / "fragments.pcap")
    paths, overlays = [str(tmp_path / "fragments.pcap")], [["vxlan", 8472, None, False, 0]]
    alone = read(paths, overlays, threads=1)
    assert alone["counters"]["fragments-followed"] == 200
    assert {row["opkts"] + row["ipkts"] for row in alone["rows"]} == {2}
    for threads in MANY:
        assert read(paths, overlays, threads=threads) == alone


def test_the_bound_on_memory_is_for_all_together(packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(40_000):
        packets.Talk(trace, client=f"10.{number >> 8}.{number & 255}.1").c(number, packets.SYN)
    trace.write(tmp_path / "flood.pcap")
    counters = {}
    for threads in (1, 4):
        counters[threads] = read([str(tmp_path / "flood.pcap")], [], threads=threads, max_memory_bytes=4 << 20)[
            "counters"
        ]
        assert counters[threads]["evicted"] + counters[threads]["connections"] == 40_000
    assert counters[4]["connections"] == pytest.approx(counters[1]["connections"], rel=0.1)


def test_a_torn_capture_is_read_as_far_as_it_goes(packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(9000):
        packets.Talk(trace, client=f"10.10.{number % 200}.1", sport=number).c(number, packets.SYN)
    path = tmp_path / "torn.pcap"
    trace.write(path)
    path.write_bytes(path.read_bytes()[:-7])
    alone, shared = (read([str(path)], [], threads=threads) for threads in (1, 3))
    assert shared == alone
    assert alone["packets"] == 8999
    assert len(alone["errors"]) == 1


def test_what_cannot_be_opened_is_told() -> None:
    capture = Capture(threads=3)
    try:
        with pytest.raises(CaptureError, match="nowhere"):
            capture.read_files(["/nowhere.pcap"])
    finally:
        capture.close()
