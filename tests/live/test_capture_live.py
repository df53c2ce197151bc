"""Interfaces read by real packet sockets, in network namespaces of the tests' own."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from tests.live.cable import FAR, PORT, Wire, state, until

from podwire.capture import Capture, CaptureError, Filter
from podwire.model.overlays import Encapsulation, Overlay
from podwire_lab.namespaces import in_thread

pytestmark = pytest.mark.live


@pytest.fixture(params=[1, 3], ids=["one-thread", "three-threads"])
def capture(request: pytest.FixtureRequest) -> Iterator[Capture]:
    core = Capture(threads=request.param)
    yield core
    core.close()


def ended(capture: Capture, port: int) -> list[dict[str, Any]]:
    columns = ["dst-port", "cur-state", "obytes", "ibytes", "latency", "vlan", "source", "one-way", "dst-ip"]
    mine = [Filter("src-port", "in", [port]), Filter("transition-state", "in", ["ended"])]
    return capture.rows(mine, columns)


def test_a_connection_over_the_cable(wire: Wire, capture: Capture) -> None:
    assert wire.near.run(lambda: capture.open_interface("cap0")) == 0
    port = wire.talk()
    (row,) = until("the end of the connection", lambda: ended(capture, port))
    assert row.pop("latency") > 0
    assert row == {
        "dst-port": PORT,
        "dst-ip": FAR,
        "cur-state": "fin",
        "obytes": 1000,
        "ibytes": 50_000,
        "vlan": 0,
        "source": "cap0",
        "one-way": False,
    }
    (source,) = capture.source_counters()
    assert source["state"] == "up"
    assert source["kernel-drops"] == source["ring-full"] == source["outages"] == 0
    assert source["packets"] >= source["tcp"] >= 9
    assert capture.last_packet_ns() > time.time_ns() - 10**11


def test_a_tag_that_the_kernel_took_off_is_told(wire: Wire, capture: Capture, packets: ModuleType) -> None:
    """The kernel takes the outermost tag out of every frame and hands it over beside it."""
    trace = packets.Trace()
    for vlans in ((7,), (8, 9)):
        talk = packets.Talk(trace, vlans=vlans, sport=40000 + vlans[0])
        at = talk.open()
        talk.c(at + 10, packets.RST | packets.ACK)
    wire.near.run(lambda: capture.open_interface("cap0"))
    wire.send([frame for _, frame in trace.frames])
    resets = [Filter("cur-state", "in", ["rst"])]
    until("both resets", lambda: len(capture.rows(resets, ["id"])) == 2)
    assert {(row["src-port"], row["vlan"]) for row in capture.rows(resets, ["src-port", "vlan"])} == {
        (40007, 7),
        (40008, 8),
    }


def test_a_missing_interface_is_named(capture: Capture) -> None:
    for name in ("nowhere0", "a-name-that-is-too-long", ""):
        with pytest.raises(CaptureError, match=f"no network interface '{name}'"):
            capture.open_interface(name)
    assert capture.source_counters() == []


def test_an_interface_is_read_once(wire: Wire, capture: Capture) -> None:
    wire.near.run(lambda: capture.open_interface("cap0"))
    with pytest.raises(CaptureError, match="being read already"):
        wire.near.run(lambda: capture.open_interface("cap0"))


def test_without_the_right_it_says_which_one(capture: Capture) -> None:
    def weakened() -> None:
        _drop_net_raw()
        capture.open_interface("lo")

    with pytest.raises(CaptureError, match="'lo' needs the right CAP_NET_RAW"):
        in_thread(weakened)


def _drop_net_raw() -> None:
    """Take CAP_NET_RAW (13) from the calling thread, for good: capget(2), capset(2), version 3."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~(1 << 13)
    assert libc.capset(header, sets) == 0


def test_an_interface_that_goes_down_is_taken_up_again(wire: Wire, capture: Capture) -> None:
    wire.near.run(lambda: capture.open_interface("cap0"))
    wire.switch("down")
    until("the state down", lambda: state(capture) == "down")
    wire.switch("up")
    until("the state up", lambda: state(capture) == "up")
    port = wire.talk()
    until("a connection afterwards", lambda: ended(capture, port))
    assert capture.source_counters()[0]["outages"] == 1


def test_an_interface_that_is_down_at_first_is_waited_for(wire: Wire, capture: Capture) -> None:
    wire.switch("down")
    wire.near.run(lambda: capture.open_interface("cap0"))
    assert state(capture) == "down"
    wire.switch("up")
    until("the state up", lambda: state(capture) == "up")
    port = wire.talk()
    until("a connection afterwards", lambda: ended(capture, port))


def test_an_interface_that_comes_back_as_another_is_taken_up_again(wire: Wire, capture: Capture) -> None:
    wire.near.run(lambda: capture.open_interface("cap0"))
    wire.unplug()
    until("the state gone", lambda: state(capture) == "gone")
    wire.plug()
    until("the state up", lambda: state(capture) == "up")
    port = wire.talk()
    until("a connection afterwards", lambda: ended(capture, port))
    assert wire.promiscuity() == 1


def test_an_interface_that_has_another_name_is_left(wire: Wire, capture: Capture) -> None:
    """Nobody asked for it under that name; under its old one it is taken up again, as is another one of that name."""
    wire.near.run(lambda: capture.open_interface("cap0"))
    until("the state up", lambda: state(capture) == "up" and wire.promiscuity() == 1)
    wire.rename("cap0", "other0")
    until("the state gone", lambda: state(capture) == "gone")
    assert wire.promiscuity("other0") == 0
    unseen = wire.talk()
    wire.rename("other0", "cap0")
    until("the state up", lambda: state(capture) == "up")
    port = wire.talk()
    until("a connection afterwards", lambda: ended(capture, port))
    assert not ended(capture, unseen)
    wire.rename("cap0", "other0")
    wire.plug_another("cap0")
    until("another one", lambda: state(capture) == "up" and wire.promiscuity() == 1)
    assert wire.promiscuity("other0") == 0


def test_promiscuity_is_put_back(wire: Wire, capture: Capture) -> None:
    source = wire.near.run(lambda: capture.open_interface("cap0"))
    assert wire.promiscuity() == 1
    capture.close_source(source)
    assert wire.promiscuity() == 0
    assert state(capture) == "closed"
    assert wire.near.run(lambda: capture.open_interface("cap0")) == source
    assert wire.promiscuity() == 1
    capture.close()
    assert wire.promiscuity() == 0


def test_tunnels_can_be_named_while_reading(wire: Wire, capture: Capture, packets: ModuleType) -> None:
    trace = packets.Trace()
    talk = packets.Talk(trace, tunnel=packets.Tunnel(3, 5555, "192.168.0.1", "192.168.0.2"))
    talk.open()
    talk.c(900, packets.PSH | packets.ACK, b"q" * 700)
    frames = [frame for _, frame in trace.frames]
    wire.near.run(lambda: capture.open_interface("cap0"))
    wire.send(frames)
    until("the datagrams", lambda: capture.counters()["udp"] == len(frames))
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=5555, vni=3), 0)])
    wire.send(frames)
    columns = ["cur-state", "vxlan", "obytes", "outer-src-ip"]
    until("the data", lambda: capture.rows([Filter("obytes", "in", [700])], columns))
    assert capture.rows([Filter("proto", "in", ["tcp"])], columns) == [
        {"cur-state": "est", "vxlan": 3, "obytes": 700, "outer-src-ip": "192.168.0.1"}
    ]


def test_control_mode_lets_the_kernel_choose(wire: Wire, packets: ModuleType) -> None:
    trace = packets.Trace()
    tunnel = packets.Tunnel(1, 8472, "192.168.0.1", "192.168.0.2")
    for talk in (packets.Talk(trace), packets.Talk(trace, sport=41000, tunnel=tunnel)):
        at = talk.open()
        for number in range(20):
            talk.c(at + number, packets.PSH | packets.ACK, b"q" * 100)
        talk.c(at + 30, packets.FIN | packets.ACK)
        talk.s(at + 40, packets.FIN | packets.ACK)
        talk.c(at + 50, packets.ACK)
    capture = Capture(mode="control")
    try:
        capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=8472, vni=1), 0)])
        wire.near.run(lambda: capture.open_interface("cap0"))
        wire.send([frame for _, frame in trace.frames])
        whole = [Filter("transition-state", "in", ["ended"])]
        until("both ends", lambda: len(capture.rows(whole, ["id"])) == 2)
        assert [row["obytes"] for row in capture.rows(whole, ["obytes"])] == [2000, 2000]
        assert capture.counters()["packets"] == 8
    finally:
        capture.close()
