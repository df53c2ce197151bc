"""Every encapsulation, read from its file, comes to the connection that it carries."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture

CASES = Path(__file__).parents[2] / "cases" / "pcap"

FIELDS = ("tcp.stream", "frame.protocols", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport")


@dataclass(frozen=True)
class TunnelCase:
    """One capture on disk."""

    folder: Path
    known: dict[str, Any]

    @property
    def capture_file(self) -> str:
        return str(self.folder / "capture.pcap")

    def read(self, capture: Capture) -> list[dict[str, Any]]:
        """Read the capture; return the columns that the case tells of."""
        # The core itself is asked: which kinds of overlay the rest of podwire passes on is another story.
        capture._engine.set_overlays([tuple(overlay) for overlay in self.known["overlays"]])
        assert capture.read_files([self.capture_file]).errors == ()
        columns = sorted({name for row in self.known["rows"] for name in row} | {"id"})
        return capture.rows([], columns)[::-1]


def _cases() -> list[TunnelCase]:
    paths = sorted((CASES / "tunnels").glob("*/case.json"))
    return [TunnelCase(path.parent, json.loads(path.read_text())) for path in paths]


each_case = pytest.mark.parametrize("tunnel_case", _cases(), ids=lambda case: case.folder.name)


@pytest.fixture(scope="module")
def make_tunnels() -> ModuleType:
    sys.path.insert(0, str(CASES))
    try:
        return importlib.import_module("make_tunnels")
    finally:
        sys.path.remove(str(CASES))


def test_the_folders_are_what_is_written(make_tunnels: ModuleType, tmp_path: Path) -> None:
    make_tunnels.write(tmp_path)
    cases = _cases()
    assert {case.folder.name for case in cases} == {path.name for path in tmp_path.iterdir()}
    for case in cases:
        for name in ("capture.pcap", "case.json"):
            assert (case.folder / name).read_bytes() == (tmp_path / case.folder.name / name).read_bytes()


@each_case
def test_the_connection_inside_is_told(capture: Capture, tunnel_case: TunnelCase) -> None:
    rows = tunnel_case.read(capture)
    wanted = tunnel_case.known["rows"]
    assert [{name: row[name] for name in told} for row, told in zip(rows, wanted, strict=True)] == wanted


@each_case
def test_every_packet_has_its_outcome(capture: Capture, tunnel_case: TunnelCase) -> None:
    tunnel_case.read(capture)
    (source,) = capture.source_counters()
    outcomes = tunnel_case.known["outcomes"]
    # What holds nothing to follow is counted as unsupported.
    counted = {name: source.get(name, source.get(f"unsupported-{name}")) for name in outcomes}
    assert counted == outcomes
    assert source["packets"] == sum(outcomes.values())


@each_case
def test_tshark_sees_the_same(capture: Capture, tshark: str, tunnel_case: TunnelCase) -> None:
    decode = tunnel_case.known["tshark"]
    if decode is None:
        return
    rows = tunnel_case.read(capture)
    command = [tshark, "-n", "-r", tunnel_case.capture_file, "-Y", "tcp", "-T", "fields", "-E", "occurrence=l"]
    command += [word for rule in decode for word in ("-d", rule)]
    command += [word for name in FIELDS for word in ("-e", name)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    streams = Counter(_stream(dict(zip(FIELDS, line.split("\t"), strict=True))) for line in out.splitlines())
    assert streams == {
        frozenset((row[f"{side}-ip"], str(row[f"{side}-port"])) for side in ("src", "dst")): row["opkts"] + row["ipkts"]
        for row in rows
    }


def _stream(told: dict[str, str]) -> frozenset[tuple[str, str]]:
    layers = told["frame.protocols"].split(":")
    ip = next(layer for layer in reversed(layers) if layer in ("ip", "ipv6"))
    return frozenset((told[f"{ip}.{side}"], told[f"tcp.{side}port"]) for side in ("src", "dst"))
