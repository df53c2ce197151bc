"""`podwire replay` as it is typed: what it shows, what it refuses, and how it ends."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SUMMARY = re.compile(r"^packets=(\d+) connections=(\d+) dropped=(\d+) seconds=\d+\.\d{3} rate=\d+$", re.MULTILINE)

CASES = Path(__file__).parents[2] / "cases" / "pcap"
TUNNELS = CASES / "tunnels"

Done = subprocess.CompletedProcess[str]
Replay = Callable[..., Done]
Written = Callable[[str], str]


def summary(done: Done) -> tuple[int, int, int]:
    """Packets, connections and dropped, as the last line on standard error says."""
    found = SUMMARY.search(done.stderr)
    assert found is not None, done.stderr
    assert done.stderr.endswith(f"{found.group()}\n")
    return int(found[1]), int(found[2]), int(found[3])


def rows(done: Done) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_capture_is_shown(replay: Replay, written: Written) -> None:
    done = replay(written("handshake"))
    assert done.returncode == 0
    assert summary(done) == (8, 1, 0)
    assert done.stderr.count("\n") == 1
    heads, _, row = done.stdout.splitlines()
    assert heads.split()[:5] == ["switch", "vlan", "src-ip", "dst-ip", "dst-port"]
    assert row.split()[2:6] == ["10.10.1.1", "10.10.2.1", "8080", "fin"]


def test_what_ended_long_before_the_capture_did_is_shown(
    replay: Replay, make: ModuleType, packets: ModuleType, tmp_path: Path
) -> None:
    trace = make.handshake().trace
    packets.Talk(trace, sport=50000).open(3 * 3600 * 1e6)
    path = tmp_path / "long.pcap"
    trace.write(path)
    done = replay(str(path), "connection-show", "format", "cur-state,transition-state", "--json")
    assert sorted(str(row["cur-state"]) for row in rows(done)) == ["est", "fin"]
    assert summary(done)[1] == 2


def test_the_command_takes_its_own_words(replay: Replay, written: Written) -> None:
    done = replay(written("handshake"), "connection-show", "format", "src-ip,total-bytes", "--json")
    assert rows(done) == [{"src-ip": "10.10.1.1", "total-bytes": 460}]
    assert replay(written("handshake"), "connection-show format src-ip").stdout.splitlines()[-1] == "10.10.1.1"
    assert replay(written("handshake"), "capture-show", "format", "packets").stdout.splitlines()[-1] == "8"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nosuch.pcap",), "There is no file nosuch.pcap."),
        (("nosuch.pcap", "vport-shw"), "unknown command 'vport-shw'; did you mean 'vport-show'?"),
        (("nosuch.pcap", "k8s-connection-show"), "k8s-connection-show needs the daemon (podwire serve); "),
        (("nosuch.pcap", "connection-clear"), "connection-clear needs the daemon (podwire serve); "),
        (("nosuch.pcap", "connection-show", "colour", "red"), "connection-show: unknown option 'colour'"),
        (("connection-show",), "No capture file is named; "),
        (("nosuch.pcap", "--objects"), "--objects needs a value; "),
        (("nosuch.pcap", "--colour", "red"), "Unknown option '--colour'; "),
        (("nosuch.pcap", "--mode", "half"), "--mode: 'half' is neither full nor control."),
        (("nosuch.pcap", "--overlay", "vxlan"), "--overlay: 'vxlan' is not KIND:PORT[:VNI]"),
        (("nosuch.pcap", "--overlay", "vxlan:65536"), "--overlay: 'vxlan:65536' is not KIND:PORT[:VNI]"),
        (("nosuch.pcap", "--overlay", "vxlan:8472:"), "--overlay: 'vxlan:8472:' is not KIND:PORT[:VNI]"),
        (("nosuch.pcap", "--overlay", "stt:7471"), "--overlay: 'stt:7471' is not KIND:PORT[:VNI]"),
        (("nosuch.pcap", "--overlay", "esp:0"), "--overlay: 'esp:0' is not KIND:PORT[:VNI]"),
        (("nosuch.pcap", "--overlay", "nvgre", "--overlay", "esp", "--overlay", "esp:4501"), "There is no file"),
        (("-", "-"), "Standard input (-) can be read only once."),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_before_anything_is_read(
    replay: Replay, words: tuple[str, ...], sentence: str
) -> None:
    done = replay(*words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"podwire replay: {sentence}")
    assert done.stderr.count("\n") == 1


def test_usage_and_help_need_no_capture(replay: Replay) -> None:
    assert replay("--help").stdout.startswith("usage: podwire replay CAPTURE…")
    assert replay("connection-show", "?").stdout.startswith("connection-show")
    assert replay().stderr.startswith("usage: podwire replay CAPTURE…")
    assert (replay("--help").returncode, replay().returncode) == (0, 1)


def test_a_torn_capture_is_shown_as_far_as_it_goes(replay: Replay, written: Written) -> None:
    path = written("handshake")
    Path(path).write_bytes(Path(path).read_bytes()[:-7])
    done = replay(path, "connection-show", "format", "opkts", "--json")
    assert done.returncode == 1
    assert rows(done) == [{"opkts": 4}]
    assert summary(done) == (7, 1, 0)
    assert done.stderr.startswith(f"podwire replay: {path} breaks at byte ")


@pytest.mark.parametrize(("content", "hint"), [(b"", "is empty"), (b"kind: List\n", "is no capture file")])
def test_what_is_no_capture_is_told_beside_what_is(
    replay: Replay, written: Written, tmp_path: Path, content: bytes, hint: str
) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(content)
    done = replay(str(foreign), written("handshake"), "connection-show", "--json")
    assert (done.returncode, len(rows(done))) == (1, 1)
    assert done.stderr.startswith(f"podwire replay: {foreign} {hint}")
    alone = replay(str(foreign))
    assert (alone.returncode, alone.stdout) == (1, "")
    assert hint in alone.stderr


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_capture_may_come_on_standard_input(replay: Replay, written: Written, pack: Callable[[bytes], bytes]) -> None:
    done = replay("-", "connection-show", "--json", stdin=pack(Path(written("handshake")).read_bytes()))
    assert (done.returncode, len(rows(done))) == (0, 1)


def test_a_tunnel_that_was_not_looked_into_is_told(replay: Replay, written: Written) -> None:
    path = written("vxlan_flannel")
    done = replay(path, "connection-show", "proto", "tcp", "--json")
    assert (done.returncode, rows(done)) == (0, [])
    assert "UDP to port 8472" in done.stderr
    assert "--overlay vxlan:8472." in done.stderr
    looked = replay(path, "--overlay", "vxlan:8472", "connection-show", "format", "vxlan,cur-state", "--json")
    assert rows(looked) == [{"vxlan": 1, "cur-state": "fin"}]
    assert "--overlay" not in looked.stderr
    assert rows(replay(path, "--overlay=vxlan:8472:7", "connection-show", "proto", "tcp", "--json")) == []


@pytest.mark.parametrize(
    ("story", "words"), [("ipip", ["ipip"]), ("sit", ["sit"]), ("gre-key", ["gre"]), ("fou", ["fou:5556"])]
)
def test_a_tunnel_is_looked_into_where_asked(replay: Replay, story: str, words: list[str]) -> None:
    path = str(TUNNELS / story / "capture.pcap")
    closed = replay(path, "connection-show", "proto", "tcp", "--json")
    assert rows(closed) == []
    assert ("--overlay ipip --overlay gre." in closed.stderr) == (story != "fou")
    looked = replay(path, "--overlay", *words, "connection-show", "format", "cur-state", "--json")
    assert rows(looked) == [{"cur-state": "fin"}]
    assert "--overlay" not in looked.stderr


def test_control_mode_is_the_filter_of_the_live_mode(replay: Replay, written: Written) -> None:
    words = ("connection-show", "format", "cur-state,latency,total-bytes", "--json")
    full, control = (replay(written("handshake"), "--mode", mode, *words) for mode in ("full", "control"))
    assert rows(full) == rows(control)
    shown = replay(written("handshake"), "--mode", "control", "capture-show", "format", "packets,filtered", "--json")
    assert rows(shown) == [{"packets": 4, "filtered": 4}]


def test_a_capture_without_packets_is_told(replay: Replay, written: Written, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(Path(written("handshake")).read_bytes()[:24])
    done = replay(str(empty))
    assert (done.returncode, summary(done)) == (0, (0, 0, 0))
    assert "No packet was read: what was given holds none." in done.stderr


def test_overlays_that_contradict_each_other_are_told(replay: Replay) -> None:
    done = replay(str(CASES / "vxlan-flannel" / "capture.pcap"), "--overlay=geneve:8472", "--overlay=vxlan:8472:1")
    assert "vxlan:8472:1 is not looked into: UDP port 8472 is taken as geneve already." in done.stderr


def test_tunnels_with_another_identifier_are_told(replay: Replay) -> None:
    done = replay(str(CASES / "vxlan-flannel" / "capture.pcap"), "--overlay", "vxlan:8472:5")
    assert "8 packets are in tunnels with another network identifier: leave the identifier out" in done.stderr


def test_wireguard_that_nobody_asked_for_is_told(replay: Replay) -> None:
    capture = str(TUNNELS / "wireguard" / "capture.pcap")
    assert "--overlay wireguard:51820" in replay(capture).stderr
    assert "--overlay" not in replay(capture, "--overlay", "wireguard:51820").stderr
    assert "WireGuard by its port" in replay(capture, "encrypted-show").stderr


def test_what_the_objects_do_not_tell_is_told(replay: Replay, written: Written, tmp_path: Path) -> None:
    objects = tmp_path / "objects.yaml"
    objects.write_text("apiVersion: v1\nkind: Node\nmetadata: {name: one}\n")
    for words, sentence in (
        (("k8s-cni-show",), "No Kubernetes objects were given"),
        (("--objects", str(objects), "k8s-cni-show"), "No CNI plugin is told by these objects"),
        (("--objects", str(objects), "k8s-service-show"), "None is among the objects that were given."),
        (("--objects", str(objects), "k8s-path-show", "src-pod", "a", "dst-ip", "10.0.0.1"), "No Pod a has an address"),
    ):
        assert sentence in replay(written("handshake"), *words).stderr


def test_a_file_may_be_called_like_a_command(replay: Replay, written: Written, tmp_path: Path) -> None:
    path = tmp_path / "connection-show"
    path.write_bytes(Path(written("handshake")).read_bytes())
    assert summary(replay(str(path))) == (8, 1, 0)


def test_several_threads_show_the_same(written: Written, replay: Replay) -> None:
    paths = [written(story) for story in ("handshake", "ipv6", "retransmitted", "refused")]
    words = ("connection-show", "format", "src-ip,dst-ip,cur-state,latency,obytes,retransmits", "--json")
    alone = replay(*paths, "--threads", "1", *words)
    assert alone.stdout.count("\n") == 2
    for threads in ("2", "3"):
        shared = replay(*paths, "--threads", threads, *words)
        assert sorted(shared.stdout.splitlines()) == sorted(alone.stdout.splitlines())


@pytest.mark.parametrize("number", ["0", "65", "two", "-1"])
def test_a_number_of_threads_that_makes_no_sense(replay: Replay, number: str) -> None:
    done = replay("capture.pcap", f"--threads={number}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a number from 1 to 64" in done.stderr
