"""Every story, read from its file, comes to the rows that it tells."""

from __future__ import annotations

import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture, Filter

NO_OUTCOMES = {
    "source",
    "interface",
    "state",
    "packets",
    "bytes",
    "kernel-drops",
    "ring-full",
    "outages",
    "filtered",
    "evicted",
    "not-entered",
}


def test_the_folders_are_what_the_stories_say(make: ModuleType, tmp_path: Path, case: Any) -> None:
    make.write(tmp_path)
    for name in ("capture.pcap", "case.json"):
        assert (case.folder / name).read_bytes() == (tmp_path / case.folder.name / name).read_bytes()


def test_the_rows_are_as_told(capture: Capture, case: Any) -> None:
    case.prepare(capture)
    summary = capture.read_files([case.capture_file])
    assert summary.errors == ()
    wanted = case.known["rows"]
    columns = sorted({name for row in wanted for name in row} | {"id"})
    rows = capture.rows([], columns)[::-1]
    assert [{name: row[name] for name in told} for row, told in zip(rows, wanted, strict=False)] == wanted
    assert len(rows) == len(wanted)


def test_a_mirror_may_cut_its_frames(capture: Capture, tmp_path: Path, case: Any) -> None:
    """Switches and clouds can be told to send on only so much of each frame: the headers tell the rest."""
    case.prepare(capture)
    path = tmp_path / "cut.pcap"
    path.write_bytes(cut(Path(case.capture_file).read_bytes(), 130))
    assert capture.read_files([str(path)]).errors == ()
    untold = {"owire-bytes", "iwire-bytes", "wire-bytes"}
    wanted = [{name: told for name, told in row.items() if name not in untold} for row in case.known["rows"]]
    columns = sorted({name for row in wanted for name in row} | {"id"})
    rows = capture.rows([], columns)[::-1]
    assert [{name: row[name] for name in told} for row, told in zip(rows, wanted, strict=True)] == wanted


def cut(capture: bytes, most: int) -> bytes:
    """Return the pcap with frames of at most so many bytes, as if they had been no longer."""
    lengths = struct.Struct(">II" if capture[0] == 0xA1 else "<II")
    pieces, at = [capture[:24]], 24
    while at < len(capture):
        times, (stored, _) = capture[at : at + 8], lengths.unpack_from(capture, at + 8)
        frame = capture[at + 16 : at + 16 + min(stored, most)]
        pieces += [times, lengths.pack(len(frame), len(frame)), frame]
        at += 16 + stored
    return b"".join(pieces)


def test_every_packet_has_one_outcome(capture: Capture, case: Any) -> None:
    case.prepare(capture)
    summary = capture.read_files([case.capture_file])
    (source,) = capture.source_counters()
    assert source["packets"] == summary.packets == capture.counters()["packets"]
    assert source["packets"] == sum(value for name, value in source.items() if name not in NO_OUTCOMES)
    assert source["interface"] == case.capture_file
    assert source["state"] == "read"


def test_control_mode_tells_the_same_ends(case: Any) -> None:
    """What opens and closes connections tells their states and latencies."""
    capture = Capture(mode="control")
    try:
        case.prepare(capture)
        summary = capture.read_files([case.capture_file])
        counters = capture.counters()
        assert counters["packets"] + counters["filtered"] == summary.packets
        short = [row for row in case.known["rows"] if row["cur-state"] in ("syn", "rst", "syn-ack")]
        if short:
            # Only what passes is counted.
            told = {name: value for name, value in short[0].items() if name not in ("opkts", "ipkts", "icmp-errors")}
            assert capture.rows([], list(told)) == [told]
        whole = [row for row in case.known["rows"] if row["cur-state"] == "fin" and "ended-time" in row]
        columns = ["cur-state", "latency", "obytes", "ibytes", "syn-resends"]
        ended = capture.rows([Filter("transition-state", "in", ["ended"]), Filter("end", "in", ["fin"])], columns)
        assert len(ended) == sum(row["transition-state"] == "ended" for row in whole)
        for row in ended:
            assert row == {"cur-state": "fin", "latency": 74_800, "obytes": 149, "ibytes": 311, "syn-resends": 0}
    finally:
        capture.close()


@pytest.mark.parametrize("story", ["handshake", "vxlan-flannel"])
def test_parts_of_one_capture_are_merged_by_time(
    capture: Capture, packets: ModuleType, make: ModuleType, tmp_path: Path, story: str
) -> None:
    """Each direction in a file of its own, as from two taps, comes to the same row."""
    whole = getattr(make, story.replace("-", "_"))()
    ways = (packets.Trace(), packets.Trace())
    for index, frame in enumerate(whole.trace.frames):
        ways[index % 2].frames.append(frame)
    paths = [str(tmp_path / f"{number}.pcap") for number in range(2)]
    for way, path in zip(ways, paths, strict=True):
        way.write(Path(path))
    if story == "vxlan-flannel":
        capture._engine.set_overlays([tuple(whole.overlays[0])])
    capture.read_files(paths)
    (row,) = capture.rows([], [*whole.rows[0], "source"])
    assert row.pop("source") == paths[0]
    assert row == whole.rows[0]
