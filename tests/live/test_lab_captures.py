"""What the lab's wire carried, recorded by dumpcap: podwire's replay and tshark come to the same connections."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from podwire_lab import Lab

from .conftest import PODWIRE, Row, eventually

pytestmark = pytest.mark.live

TUNNELS = {"flannel-host-gw": None, "flannel-vxlan": 8472, "calico-vxlan-custom": 4799}
FIELDS = ("tcp.stream", "frame.time_epoch", "tcp.srcport", "tcp.len", "tcp.analysis.retransmission")


STATES = ["fin", "fin", "fin", "fin", "rst", "syn"]


def record(lab: Lab, path: Path, port: int | None) -> None:
    """Record the mirror while every kind of connection passes."""
    dumpcap = shutil.which("dumpcap")
    if dumpcap is None:
        pytest.skip("dumpcap is not installed")
    command = [dumpcap, "-q", "-P", "-i", lab.mirror, "-w", str(path), "-f", "tcp or udp"]
    process = lab.run_in_switch(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "File:" not in process.stderr.readline():
        assert process.poll() is None
    lab.traffic.short(3, size=20_000)
    lab.traffic.refused()
    lab.traffic.dropped()
    lab.traffic.late()
    # What still waits in the kernel's ring when dumpcap ends is lost, so that the file must have it all before.
    eventually(lambda: states(replayed(path, port)) == STATES)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def replayed(path: Path, port: int | None) -> list[Row]:
    words = [str(PODWIRE), "replay", str(path), *(["--overlay", f"vxlan:{port}"] if port else [])]
    done = subprocess.run([*words, "connection-show", "--json"], capture_output=True, text=True, check=False)
    return sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda row: row["id"])


def states(rows: list[Row]) -> list[str]:
    return sorted(row["cur-state"] for row in rows)


def judged(tshark: str, path: Path, port: int | None) -> dict[str, list[list[str]]]:
    """Return tshark's packets by stream, in the order of the streams' beginning."""
    command = [tshark, "-n", "-r", str(path), "-Y", "tcp", "-T", "fields", "-E", "occurrence=l"]
    command += ["-d", f"udp.port=={port},vxlan"] if port else []
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    streams: dict[str, list[list[str]]] = {}
    for line in done.stdout.splitlines():
        values = line.split("\t")
        streams.setdefault(values[0], []).append(values)
    return streams


@pytest.mark.parametrize("plane", TUNNELS)
def test_replay_agrees_with_tshark(plane: str, tshark: str, tmp_path: Path) -> None:
    port = TUNNELS[plane]
    path = tmp_path / "lab.pcap"
    with Lab(plane) as lab:
        record(lab, path, port)
    rows, streams = replayed(path, port), judged(tshark, path, port)
    assert len(rows) == len(streams) == 6
    for row, packets in zip(rows, streams.values(), strict=True):
        times = [int(packet[1].replace(".", "").ljust(19, "0")[:19]) for packet in packets]
        assert (row["started-time"], row["last-time"]) == (times[0], times[-1])
        assert row["src-port"] == int(packets[0][2])
        assert row["opkts"] + row["ipkts"] == len(packets)
        assert row["total-bytes"] == sum(int(packet[3]) for packet in packets if not packet[4])
        again = row["retransmits"] + row["syn-resends"] + row["syn-ack-resends"]
        assert again == sum(bool(packet[4]) for packet in packets)
