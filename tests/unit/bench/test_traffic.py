"""The generator's captures are what they claim to be: tshark and podwire both say so."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay

SMALL = ("--packets", "3000", "--connections", "150", "--at-a-time", "20")
KINDS = ("plain", "vxlan", "geneve", "ipip", "mixed")
REPEATED = ("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission")

Make = Callable[..., Any]


def fields(tshark: str, made: Any, names: Iterable[str], *more: str) -> list[list[str]]:
    """The named fields of every frame, the innermost where there are several; payload is not dissected."""
    command = [tshark, "-n", "-r", made.name, "-T", "fields", "-E", "occurrence=l", *more]
    for protocol in ("http", "tls"):
        command += ["--disable-protocol", protocol]
    for name in names:
        command += ["-e", name]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [line.split("\t") for line in told.splitlines()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ipv6", ["0", "0.5"])
def test_tshark_finds_every_connection_and_nothing_malformed(tshark: str, make: Make, kind: str, ipv6: str) -> None:
    made = make(*SMALL, "--kind", kind, "--ipv6", ipv6)
    rows = fields(tshark, made, ("tcp.stream", "_ws.malformed", "tcp.len"))
    assert len(rows) == made.packets == 3000
    assert {stream for stream, _, _ in rows} == {str(number) for number in range(150)}
    assert not any(malformed for _, malformed, _ in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_checksums_are_right_where_nothing_is_cut(tshark: str, make: Make, kind: str) -> None:
    made = make(*SMALL, "--kind", kind, "--ipv6", "0.5", "--snap", "2000")
    checks = [word for name in ("ip", "tcp") for word in ("-o", f"{name}.check_checksum:TRUE")]
    rows = fields(tshark, made, ("ip.checksum.status", "tcp.checksum.status"), *checks)
    assert {tcp for _, tcp in rows} == {"1"}
    assert {ip for ip, _ in rows} <= {"1", ""}


def test_handshake_and_close_are_whole(tshark: str, make: Make) -> None:
    made = make(*SMALL, "--reset", "0", "--refused", "0")
    flags = Counter(int(told, 16) & 0x07 for (told,) in fields(tshark, made, ("tcp.flags",)))
    assert (flags[2], flags[1], flags[4]) == (300, 300, 0)


def test_losses_are_repaired_by_retransmission(tshark: str, make: Make) -> None:
    still = make(*SMALL, "--loss", "0", "--reorder", "0")
    lossy = make(*SMALL, "--loss", "0.05", "--reorder", "0")
    assert still.repeated == 0
    assert not any(any(row) for row in fields(tshark, still, (*REPEATED, "tcp.analysis.lost_segment")))
    told = fields(tshark, lossy, (*REPEATED, "tcp.analysis.out_of_order"))
    assert any(any(row[:-1]) for row in told)
    # What is sent again within 3 ms without duplicate acknowledgments, tshark takes for reordered.
    assert sum(any(row) for row in told) >= lossy.repeated > 0


def test_a_flood_is_syns_alone(tshark: str, make: Make) -> None:
    made = make("--packets", "500", "--connections", "500", "--at-a-time", "500", "--syn-flood", "1")
    assert {told for (told,) in fields(tshark, made, ("tcp.flags",))} == {"0x0002"}


def test_a_capture_is_made_once(make: Make) -> None:
    first = make(*SMALL)
    before = first.path.stat().st_mtime_ns
    assert make(*SMALL) == first
    assert first.path.stat().st_mtime_ns == before
    assert make(*SMALL, "--seed", "2").path != first.path


@pytest.mark.parametrize("kind", ["plain", "vxlan"])
def test_podwire_finds_the_same(make: Make, kind: str) -> None:
    made = make(*SMALL, "--kind", kind, "--ipv6", "0.5", "--reorder", "0")
    capture = Capture()
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=4789), 0)])
    capture.set_collecting(True)
    assert capture.read_files([made.name]).packets == made.packets
    counters = capture.counters()
    # IPv6 has no identification: a repeated acknowledgement within a millisecond cannot be told from a mirror's copy.
    read = counters["tcp"] + counters["duplicate"]
    assert (read, counters["created"], counters["joined"]) == (made.packets, made.connections, 0)
    capture.close()


def test_the_sums_beside_a_capture_are_json(make: Make) -> None:
    made = make(*SMALL)
    facts = json.loads(made.path.with_suffix(".json").read_text(encoding="ascii"))
    assert (facts["packets"], facts["connections"]) == (3000, 150)
