"""Filters, columns, limits, files that break, and what a closed core does."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture, CaptureError, Claim, CoreFailedError, Filter
from podwire.capture.overlays import MAX_TUNNELS
from podwire.model.overlays import Encapsulation, Overlay
from podwire.support.errors import UnavailableError


@pytest.fixture
def crowd(capture: Capture, packets: ModuleType, tmp_path: Path) -> Capture:
    """Ten whole connections and ten attempts, one a second, from ten clients to two servers."""
    trace = packets.Trace()
    for number in range(20):
        talk = packets.Talk(
            trace,
            client=f"10.10.1.{number % 10 + 1}",
            server="10.10.2.1" if number < 10 else "fd00::1" if number == 19 else "10.20.0.1",
            sport=40000 + number,
            dport=80 if number % 2 else 443,
        )
        if number == 19:
            talk.client = "fd00::2"
        at = number * 1_000_000
        if number < 10:
            talk.open(at, answer_us=100 * (number + 1))
        else:
            talk.c(at, packets.SYN)
    path = tmp_path / "crowd.pcap"
    trace.write(path)
    capture.read_files([str(path)])
    return capture


def ports(capture: Capture, *filters: Filter, limit: int = 0) -> list[int]:
    return [row["src-port"] - 40000 for row in capture.rows(filters, ["src-port"], limit)]


def test_rows_are_newest_first_and_limited(crowd: Capture) -> None:
    assert ports(crowd) == list(range(19, -1, -1))
    assert ports(crowd, limit=3) == [19, 18, 17]
    assert ports(crowd, Filter("cur-state", "in", ["est"]), limit=2) == [9, 8]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (Filter("src-port", "in", [40003, 40004]), [4, 3]),
        (Filter("src-port", "range", [40000, 40001]), [1, 0]),
        (Filter("src-ip", "in", ["10.10.1.1"]), [10, 0]),
        (Filter("dst-ip", "prefix", ["10.20.0.0/16", "fd00::/64"]), list(range(19, 9, -1))),
        (Filter("dst-ip", "prefix", ["10.20.0.0/16"]), list(range(18, 9, -1))),
        (Filter("dst-ip", "prefix", ["::/0"]), [19]),
        (Filter("dst-ip", "prefix", ["0.0.0.0/0"], is_negated=True), [19]),
        (Filter("cur-state", "in", ["syn", "syn-ack"]), list(range(19, 9, -1))),
        (Filter("latency", "range", [0, 200_000]), [1, 0]),
        (Filter("latency", "range", [0, 10**30], is_negated=True), list(range(19, 9, -1))),
        (Filter("one-way", "in", [False]), list(range(9, -1, -1))),
        (Filter("vxlan", "in", [1]), []),
        (Filter("proto", "in", ["tcp"], is_negated=True), []),
        (Filter("transition-state", "in", ["ended"]), []),
        (Filter("src-endpoint", "in", []), []),
        (Filter("source", "in", ["elsewhere"]), []),
        (Filter("total-bytes", "in", [0, -1]), list(range(19, -1, -1))),
    ],
    ids=str,
)
def test_filters(crowd: Capture, told: Filter, wanted: list[int]) -> None:
    assert ports(crowd, told) == wanted


@pytest.mark.parametrize(
    "told",
    [
        Filter("colour", "in", [1]),
        Filter("latency", "prefix", ["10.0.0.0/8"]),
        Filter("latency", "in", ["x"]),
        Filter("latency", "range", [1]),
        Filter("src-ip", "in", ["10.0.0.256"]),
        Filter("src-ip", "prefix", ["10.0.0.0/33"]),
        Filter("src-ip", "range", [1, 2]),
        Filter("cur-state", "like", ["e"]),
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_names_its_column(crowd: Capture, told: Filter) -> None:
    with pytest.raises(ValueError, match=told.column):
        crowd.rows([told], ["id"])


def test_an_unknown_column_is_named(crowd: Capture) -> None:
    with pytest.raises(ValueError, match="'colour'"):
        crowd.rows([], ["id", "colour"])


def test_rows_are_what_the_snapshot_tells(crowd: Capture) -> None:
    columns = ["id", "src-ip", "source", "cur-state", "end", "latency", "vxlan", "encap", "started-time", "one-way"]
    assert crowd.rows([], columns) == crowd.snapshot([], columns).to_pylist()
    assert crowd.rows([], []) == [{}] * 20


def test_the_snapshot_is_an_arrow_batch(crowd: Capture) -> None:
    batch = crowd.snapshot([], ["id", "src-ip", "latency", "one-way", "vxlan"])
    assert batch.num_rows == 20
    assert [str(field.type) for field in batch.schema] == ["int64", "string", "int64", "bool", "int64"]
    batch.validate(full=True)
    assert batch.column("vxlan").null_count == 20
    assert crowd.snapshot([], []).num_columns == 0


@pytest.mark.parametrize("told", [[], [Filter("cur-state", "in", ["est"])], [Filter("src-reason", "in", ["named"])]])
def test_a_scan_has_the_same_rows_in_some_order(crowd: Capture, told: list[Filter]) -> None:
    columns = crowd.poll(0).schema.names
    batch = crowd.scan(told, columns)
    batch.validate(full=True)
    assert str(batch.schema.field("src-ip").type) == "dictionary<values=string, indices=int32, ordered=0>"
    assert sorted(batch.to_pylist(), key=lambda row: -row["id"]) == crowd.rows(told, columns)
    assert crowd.scan(told, []).num_columns == 0


def test_a_scan_refuses_what_a_snapshot_refuses(crowd: Capture) -> None:
    with pytest.raises(ValueError, match="'colour'"):
        crowd.scan([], ["id", "colour"])
    with pytest.raises(ValueError, match="latency"):
        crowd.scan([Filter("latency", "prefix", ["10.0.0.0/8"])], ["id"])


def test_claims_name_both_sides(crowd: Capture, packets: ModuleType) -> None:
    until_ns = packets.START_NS + 1_500_000_000
    crowd.set_claims([Claim(1, "10.10.1.1", spans=[(7, 0, None)]), Claim(1, "10.10.2.1", spans=[(9, 0, until_ns)])])
    columns = ["src-endpoint", "dst-endpoint", "src-reason", "dst-reason"]
    (row,) = crowd.rows([Filter("src-port", "in", [40000])], columns)
    assert row == {"src-endpoint": 7, "dst-endpoint": 9, "src-reason": "named", "dst-reason": "named"}
    (row,) = crowd.rows([Filter("src-port", "in", [40002])], columns)
    assert row == {"src-endpoint": 0, "dst-endpoint": 0, "src-reason": "none-claims", "dst-reason": "ended"}


@pytest.mark.parametrize("claim", [Claim(0, "10.0.0.1"), Claim(1, "nowhere")])
def test_a_claim_that_makes_no_sense_is_refused(capture: Capture, claim: Claim) -> None:
    with pytest.raises(ValueError, match=claim.address):
        capture.set_claims([claim])


def test_while_not_collecting_packets_are_only_counted(capture: Capture, make: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "story.pcap"
    make.handshake().trace.write(path)
    capture.set_collecting(False)
    capture.read_files([str(path)])
    counters = capture.counters()
    assert counters["packets"] == counters["not-collected"] == 8
    assert capture.rows([], ["id"]) == []


def test_clear_forgets_connections_and_keeps_counters(crowd: Capture) -> None:
    packets_before = crowd.counters()["packets"]
    crowd.clear()
    assert crowd.rows([], ["id"]) == []
    assert crowd.counters()["packets"] == packets_before
    assert crowd.counters()["connections"] == 0


def test_a_torn_file_is_read_up_to_its_break(capture: Capture, make: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "torn.pcap"
    make.handshake().trace.write(path)
    path.write_bytes(path.read_bytes()[:-7])
    summary = capture.read_files([str(path)])
    assert summary.packets == 7
    assert len(summary.errors) == 1
    assert summary.errors[0].startswith(f"{path} breaks at byte ")
    assert len(capture.rows([], ["id"])) == 1


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04....", "unzip"),
        (b"\n\r\r\n....", "within its first block"),
        (b"\x1f\x8b..", "ends early"),
        (b"kind: List", "begins like neither pcap nor pcapng"),
    ],
)
def test_what_is_no_capture_is_left_out_and_told(
    capture: Capture, make: ModuleType, tmp_path: Path, content: bytes, hint: str
) -> None:
    sound, foreign = tmp_path / "sound.pcap", tmp_path / "foreign.pcap"
    make.handshake().trace.write(sound)
    foreign.write_bytes(content)
    with pytest.raises(CaptureError, match=hint) as caught:
        capture.read_files([str(foreign)])
    assert isinstance(caught.value, UnavailableError)
    summary = capture.read_files([str(foreign), str(sound)])
    assert summary.packets == capture.counters()["packets"] == 8
    assert summary.errors == (str(caught.value),)
    assert str(caught.value).startswith(f"{foreign} ")


@pytest.mark.parametrize("path", ["/nowhere/at-all.pcap", "/dev/null", "/"])
def test_what_is_no_file_is_refused(capture: Capture, path: str) -> None:
    with pytest.raises(CaptureError, match=path):
        capture.read_files([path])


def test_tunnels_that_cannot_be_looked_into_are_returned(capture: Capture) -> None:
    stt, bare = Overlay(Encapsulation.STT, port=7471), Overlay(Encapsulation.VXLAN)
    known = [
        Overlay(Encapsulation.VXLAN, port=8472),
        Overlay(Encapsulation.GENEVE, port=6081),
        Overlay(Encapsulation.IPIP),
    ]
    left = capture.set_overlays([(overlay, 1) for overlay in (stt, *known, bare)])
    assert [(each.overlay, each.cluster, each.why) for each in left] == [(stt, 1, ""), (bare, 1, "")]


def test_tunnels_that_contradict_each_other_are_returned_with_the_reason(capture: Capture) -> None:
    first, rival = Overlay(Encapsulation.GENEVE, port=6081), Overlay(Encapsulation.VXLAN, port=6081, vni=7)
    (left,) = capture.set_overlays([(first, 1), (rival, 2)])
    assert (left.overlay, left.cluster) == (rival, 2)
    assert left.why == "vxlan:6081:7 is not looked into: UDP port 6081 is taken as geneve already."
    assert capture.counters()["overlays-refused"] == 1
    assert capture.set_overlays([(rival, 2)]) == []
    assert capture.counters()["overlays-refused"] == 0, "what is refused now, not ever"


def test_more_tunnels_than_are_looked_into_are_returned(capture: Capture) -> None:
    left = capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=port), 1) for port in range(1, MAX_TUNNELS + 3)])
    assert [each.overlay.port for each in left] == [MAX_TUNNELS + 1, MAX_TUNNELS + 2]
    assert left[0].why == "vxlan:65 is not looked into: 64 others are, which is the most."


def test_more_files_than_are_counted_apart_share_the_last_place(
    capture: Capture, packets: ModuleType, tmp_path: Path
) -> None:
    paths = []
    for number in range(260):
        trace = packets.Trace()
        packets.Talk(trace, sport=1024 + number).c(number, packets.SYN)
        paths.append(str(tmp_path / f"{number}.pcap"))
        trace.write(Path(paths[-1]))
    assert capture.read_files(paths).packets == 260
    sources = capture.source_counters()
    assert len(sources) == 256
    assert sources[-1]["interface"] == "further sources"
    assert sum(source["packets"] for source in sources) == capture.counters()["packets"] == 260


def test_reading_a_file_again_uses_its_place(capture: Capture, make: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "story.pcap"
    make.handshake().trace.write(path)
    for _ in range(3):
        capture.read_files([str(path)])
    assert [source["packets"] for source in capture.source_counters()] == [24]


def test_snapshots_and_reading_go_on_at_once(capture: Capture, packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    for number in range(2000):
        packets.Talk(trace, sport=1024 + number).open(number * 10)
    path = tmp_path / "many.pcap"
    trace.write(path)
    failures: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(20):
                ids = [row["id"] for row in capture.rows([], ["id", "src-ip"])]
                assert ids == sorted(set(ids), reverse=True)
                capture.counters()
                capture.source_counters()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    capture.read_files([str(path)])
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(capture.rows([], ["id"])) == 2000


def test_reading_can_be_interrupted(capture: Capture, make: ModuleType, packets: ModuleType, tmp_path: Path) -> None:
    trace = packets.Trace()
    talk = packets.Talk(trace)
    talk.c(0, packets.ACK, b"x")
    trace.frames *= 50_000
    path = tmp_path / "long.pcap"
    trace.write(path)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            capture.read_files([str(path)] * 600)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 <= capture.counters()["packets"] < 50_000 * 600


def test_ended_connections_are_told_once(
    capture: Capture, packets: ModuleType, make: ModuleType, tmp_path: Path
) -> None:
    story = make.handshake()
    packets.Talk(story.trace, sport=50000).c(10_000_000, packets.SYN)
    path = tmp_path / "story.pcap"
    story.trace.write(path)
    capture.read_files([str(path)])
    ended: list[dict[str, Any]] = capture.poll(10).to_pylist()
    assert [(row["src-port"], row["cur-state"], row["total-bytes"]) for row in ended] == [(40000, "fin", 460)]
    assert capture.poll(10).num_rows == 0


def test_a_closed_core_says_so(capture: Capture) -> None:
    capture.close()
    capture.close()
    with pytest.raises(CaptureError, match="closed"):
        capture.counters()


def test_a_failed_core_says_so_whatever_is_asked(capture: Capture, capfd: pytest.CaptureFixture[str]) -> None:
    for ask in (capture._engine.fail, capture.counters, capture.source_counters, lambda: capture.poll(1)):
        with pytest.raises(CoreFailedError, match=r"^The packet core failed \(as asked\): restart podwire"):
            ask()
    capture.close()
    assert "panicked" in capfd.readouterr().err


def test_only_two_modes_exist() -> None:
    with pytest.raises(ValueError, match="neither full nor control"):
        Capture(mode="half")
