"""Several threads read one interface, and several interfaces at once: each connection stays in one place."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from tests.live.cable import Wire, state, until

from podwire.capture import Capture, Filter
from podwire.model.overlays import Encapsulation, Overlay

pytestmark = pytest.mark.live

CROWD = 60
TUNNEL_PORT = 8472


@pytest.fixture(params=[1, 3], ids=["one-thread", "three-threads"])
def capture(request: pytest.FixtureRequest) -> Iterator[Capture]:
    core = Capture(threads=request.param)
    yield core
    core.close()


def crowd(packets: ModuleType) -> tuple[Any, list[Any]]:
    """Many connections, every second one in a tunnel."""
    trace = packets.Trace()
    talks = []
    for number in range(CROWD):
        ends = {"client": f"10.10.{number}.1", "server": f"10.20.{number % 7}.1"}
        tunnel = packets.Tunnel(1, TUNNEL_PORT, "192.168.0.1", "192.168.0.2") if number % 2 else None
        talks.append(packets.Talk(trace, sport=20_000 + number, tunnel=tunnel, cseq=1000 * number, **ends))
    return trace, talks


def finish(packets: ModuleType, talk: Any, at: float) -> None:
    talk.c(at, packets.PSH | packets.ACK, b"q" * 100)
    talk.c(at + 1, packets.FIN | packets.ACK)
    talk.s(at + 2, packets.FIN | packets.ACK)
    talk.c(at + 3, packets.ACK)


def frames_of(trace: Any) -> list[bytes]:
    frames = [frame for _, frame in sorted(trace.frames, key=lambda each: each[0])]
    trace.frames.clear()
    return frames


def whole(capture: Capture) -> bool:
    ended = [Filter("transition-state", "in", ["ended"]), Filter("obytes", "in", [100])]
    return len(capture.rows(ended, ["id"])) == CROWD


@pytest.mark.parametrize("trouble", ["none", "down", "gone"])
def test_a_connection_stays_with_its_thread(wire: Wire, capture: Capture, packets: ModuleType, trouble: str) -> None:
    """All packets of a connection meet in one place, also after the interface was down, or came back as another."""
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=TUNNEL_PORT), 0)])
    trace, talks = crowd(packets)
    wire.near.run(lambda: capture.open_interface("cap0"))
    for talk in talks:
        talk.open()
    wire.send(frames_of(trace))
    open_ones = [Filter("cur-state", "in", ["est"]), Filter("proto", "in", ["tcp"])]
    until("every connection", lambda: len(capture.rows(open_ones, ["id"])) == CROWD)
    if trouble == "down":
        wire.switch("down")
        until("the state down", lambda: state(capture) == "down")
        wire.switch("up")
    elif trouble == "gone":
        wire.unplug()
        until("the state gone", lambda: state(capture) == "gone")
        wire.plug()
    until("the state up", lambda: state(capture) == "up")
    for talk in talks:
        finish(packets, talk, 1000)
    wire.send(frames_of(trace))
    until("every end", lambda: whole(capture))
    rows = capture.rows([Filter("proto", "in", ["tcp"]), Filter("src-ip", "prefix", ["10.10.0.0/16"])], ["one-way"])
    assert [row["one-way"] for row in rows] == [False] * CROWD
    (source,) = capture.source_counters()
    assert source["kernel-drops"] == 0


def test_both_ports_of_a_mirror_come_together(wire: Wire, capture: Capture, packets: ModuleType) -> None:
    """Each direction on an interface of its own, and what both saw counted once."""
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=TUNNEL_PORT), 0)])
    wire.plug_another()
    for name in ("cap0", "cap1"):
        wire.near.run(lambda name=name: capture.open_interface(name))
    until("both up", lambda: {each["state"] for each in capture.source_counters()} == {"up"})
    trace, talks = crowd(packets)
    for talk in talks:
        talk.open()
        finish(packets, talk, 1000)
    frames = frames_of(trace)
    wire.send(frames[0::2])
    wire.send(frames[1::2], "far1")
    mine = [Filter("proto", "in", ["tcp"]), Filter("src-ip", "prefix", ["10.0.0.0/8"])]
    until(
        "all packets",
        lambda: sum(row["opkts"] + row["ipkts"] for row in capture.rows(mine, ["opkts", "ipkts"])) == len(frames),
    )
    assert len(capture.rows(mine, ["id"])) == CROWD


def test_what_became_of_live_packets_adds_up(wire: Wire, capture: Capture, packets: ModuleType) -> None:
    wire.near.run(lambda: capture.open_interface("cap0"))
    trace, talks = crowd(packets)
    for talk in talks:
        talk.open()
    frames = [frame[: 14 + (number * 7) % len(frame)] for number, frame in enumerate(frames_of(trace))]
    wire.send([frame for frame in frames if len(frame) > 14])
    until("the packets", lambda: capture.counters()["packets"] >= CROWD)
    others = {
        "packets",
        "bytes",
        "source",
        "kernel-drops",
        "ring-full",
        "outages",
        "filtered",
        "evicted",
        "not-entered",
    }
    (source,) = capture.source_counters()
    outcomes = [value for name, value in source.items() if isinstance(value, int) and name not in others]
    assert sum(outcomes) == source["packets"]


def test_one_that_goes_away_leaves_the_others_alone(wire: Wire, capture: Capture) -> None:
    wire.plug_another()
    for name in ("cap1", "cap0"):
        wire.near.run(lambda name=name: capture.open_interface(name))
    wire.unplug()
    until("the state gone", lambda: capture.source_counters()[1]["state"] == "gone")
    assert capture.source_counters()[0]["state"] == "up"
    wire.plug()
    until("the state up", lambda: capture.source_counters()[1]["state"] == "up")
    port = wire.talk()
    until("a connection afterwards", lambda: capture.rows([Filter("src-port", "in", [port])], ["id"]))
