"""Sums over connections: from real captures, through every layer, against the rows that they add up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.catalog import NOUNS, Noun
from podwire.catalog.units import NS_PER_SECOND
from podwire.commands.connection_latency import EDGES, histogram
from podwire.commands.dispatch import Commands
from podwire.engine.parts import Parts
from podwire.model.overlays import Encapsulation, Overlay
from podwire.replay.answers import make_commands
from podwire.support.clock import FixedClock
from podwire.support.errors import UsageError
from podwire.support.port_names import app_name, port_names, read_services
from podwire.tables.endpoints import EndpointKind

CASES = Path(__file__).parents[2] / "cases" / "pcap"
BY_NAME = {noun.name: noun for noun in NOUNS}
Row = dict[str, Any]
STORIES = sorted(path.parent.name for path in CASES.glob("*/capture.pcap"))


@pytest.fixture
def parts() -> Iterator[Parts]:
    capture = Capture(keeps_ended=True)
    capture.set_collecting(True)
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=4789), 0), (Overlay(Encapsulation.VXLAN, port=8472), 0)])
    yield Parts(capture=capture, clock=FixedClock(0))
    capture.close()


@pytest.fixture
def commands(parts: Parts) -> Commands:
    return make_commands(parts)


def read(parts: Parts, *stories: str) -> None:
    parts.capture.read_files([str(CASES / story / "capture.pcap") for story in stories])
    assert isinstance(parts.clock, FixedClock)
    parts.clock.set_ns(parts.capture.last_packet_ns() + NS_PER_SECOND)


def shown(commands: Commands, name: str, *params: tuple[str, str]) -> list[Row]:
    noun: Noun = BY_NAME[name]
    return asyncio.run(commands.show(noun, params)).as_rows()


ALL = ("format", "all")


@pytest.mark.parametrize("story", STORIES)
def test_the_table_and_a_question_say_the_same(parts: Parts, commands: Commands, story: str) -> None:
    read(parts, story)
    live = shown(commands, "connection", ALL)
    asked = shown(commands, "connection", ALL, ("since-start", "true"))
    assert asked == [row | {"time": None} for row in live]


@pytest.mark.parametrize(
    "params",
    [
        [("src-ip", "10.10.0.0/16")],
        [("src-ip", "fd00::/8")],
        [("not src-ip", "10.10.1.0/24")],
        [("dst-port", "8080,53")],
        [("not cur-state", "fin")],
        [("latency", "10us-")],
        [("app", "http*")],
        [("not app", "http-alt")],
        [("age", "1s-")],
        [("one-way", "no")],
        [("vlan", "1")],
        [("sort-desc", "latency"), ("limit-output", "3")],
        [("sort-asc", "src-ip"), ("limit-output", "3")],
        [("limit-output", "2")],
        [("sum-by", "dst-port")],
    ],
    ids=str,
)
def test_options_mean_the_same_in_the_past(parts: Parts, commands: Commands, params: list[tuple[str, str]]) -> None:
    read(parts, *STORIES)
    plain = [] if params[-1][0] == "sum-by" else [("format", "src-ip,src-port,dst-ip,dst-port,latency,cur-state,app")]
    live = shown(commands, "connection", *plain, *params)
    assert live
    assert shown(commands, "connection", *plain, *params, ("since-start", "true")) == live


@pytest.mark.parametrize("by", ["pod", "workload", "namespace", "service", "node"])
def test_traffic_adds_up(parts: Parts, commands: Commands, by: str) -> None:
    read(parts, *STORIES)
    rows = shown(commands, "connection", ALL)
    traffic = shown(commands, "traffic", ALL, ("by", by))
    for role in ("server",) if by == "service" else ("client", "server"):
        mine = [row for row in traffic if row["role"] == role]
        assert sum(row["connections"] for row in mine) == len(rows)
        for name in ("obytes", "ibytes", "total-bytes"):
            assert sum(row[name] for row in mine) == sum(row[name] for row in rows)
        resends = ("retransmits", "syn-resends", "syn-ack-resends")
        assert sum(row["resends"] for row in mine) == sum(row[name] for row in rows for name in resends)
        for state in ("syn", "syn-ack", "est", "fin", "rst"):
            assert sum(row[state] for row in mine) == sum(row["cur-state"] == state for row in rows)


def test_hosts_and_ports_add_up(parts: Parts, commands: Commands) -> None:
    read(parts, *STORIES)
    rows = shown(commands, "connection", ALL)
    hosts = shown(commands, "connection-stats", ALL)
    assert sum(row["as-client"] for row in hosts) == sum(row["as-server"] for row in hosts) == len(rows)
    assert {row["ip"] for row in hosts} == {row[end] for row in rows for end in ("src-ip", "dst-ip")}
    for host in hosts:
        sent = sum(row["obytes"] for row in rows if row["src-ip"] == host["ip"])
        sent += sum(row["ibytes"] for row in rows if row["dst-ip"] == host["ip"])
        assert host["obytes"] == sent
        assert host["connections"] == host["as-client"] + host["as-server"]
    ports = shown(commands, "connection-stats", ALL, ("by", "port"))
    assert sum(row["connections"] for row in ports) == len(rows)
    for port in ports:
        mine = [row for row in rows if (row["proto"], row["dst-port"]) == (port["proto"], port["port"])]
        assert port["clients"] == len({row["src-ip"] for row in mine})
        assert port["servers"] == len({row["dst-ip"] for row in mine})
        assert port["app"] == app_name(port["proto"], port["port"])


def test_pairs_are_told_apart_by_what_is_shown(parts: Parts, commands: Commands) -> None:
    read(parts, *STORIES)
    rows = shown(commands, "connection", ALL)
    pairs = shown(commands, "client-server-stats", ("format", "client-ip,server-ip,connections"))
    assert {(row["client-ip"], row["server-ip"]) for row in pairs} == {(row["src-ip"], row["dst-ip"]) for row in rows}
    assert len(pairs) == len({(row["client-ip"], row["server-ip"]) for row in pairs})
    assert shown(commands, "client-server-stats", ("format", "connections")) == [{"connections": len(rows)}]


def test_filters_on_connections_come_before_the_sum_and_those_on_sums_after_it(
    parts: Parts, commands: Commands
) -> None:
    read(parts, *STORIES)
    rows = [row for row in shown(commands, "connection", ALL) if row["dst-port"] == 8080]
    found = shown(commands, "connection-stats", ("by", "port"), ("dst-port", "8080"), ("format", "connections,proto"))
    assert sum(row["connections"] for row in found) == len(rows)
    hosts = shown(commands, "connection-stats", ("connections", "2-"), ("format", "connections"))
    assert hosts
    assert all(row["connections"] >= 2 for row in hosts)


def test_intervals_give_the_time(parts: Parts, commands: Commands) -> None:
    read(parts, *STORIES)
    rows = shown(commands, "connection", ALL)
    found = shown(commands, "traffic", ("by", "node"), ("role", "server"), ("interval", "1s"), ("since-start", "true"))
    assert sum(row["connections"] for row in found) == len(rows)
    assert {row["time"] for row in found} == {row["started-time"] // NS_PER_SECOND * NS_PER_SECOND for row in rows}


def test_a_failure_is_what_never_came_about(parts: Parts, commands: Commands) -> None:
    read(parts, "refused")
    (row,) = shown(commands, "traffic", ("by", "node"), ("role", "client"), ("format", "connections,failures"))
    assert row["failures"] == row["connections"] > 0
    parts.capture.clear()
    read(parts, "handshake")
    (row,) = shown(commands, "traffic", ("by", "node"), ("role", "client"), ("format", "connections,failures"))
    assert (row["connections"], row["failures"]) == (1, 0)


def test_the_histogram_counts_every_known_latency(parts: Parts, commands: Commands) -> None:
    read(parts, *STORIES)
    latencies = [row["latency"] for row in shown(commands, "connection", ALL) if row["latency"] is not None]
    found = shown(commands, "connection-latency", ALL)
    assert sum(row["connections"] for row in found) == len(latencies)
    for row in found:
        inside = [each for each in latencies if row["from"] <= each and (not row["below"] or each < row["below"])]
        assert row["connections"] == len(inside)
        assert bool(row["bar"]) == bool(inside)
    assert found[-1]["cumulative"] == 100
    assert sum(row["percent"] for row in found) == pytest.approx(100, abs=0.1)
    other = shown(commands, "connection-latency", ("of", "server-latency"), ("format", "connections"))
    assert sum(row["connections"] for row in other) <= len(latencies)


def test_the_histogram_has_its_empty_rows_and_no_end() -> None:
    counted = [{"bucket": 0, "connections": 1}, {"bucket": len(EDGES) - 1, "connections": 3}]
    rows = list(histogram(counted))
    assert len(rows) == len(EDGES)
    assert [row["from"] for row in rows] == list(EDGES)
    assert rows[-1]["below"] is None
    assert [row["connections"] for row in rows[1:-1]] == [0] * (len(EDGES) - 2)


def test_names_are_those_of_the_time(parts: Parts, commands: Commands) -> None:
    read(parts, "handshake")
    parts.endpoints.put("c", EndpointKind.POD, "u", namespace="n", name="p", node="w")
    assert [row["pod"] for row in shown(commands, "traffic", ("format", "role,pod"))] == [None, None]


@pytest.mark.parametrize(
    ("name", "params", "fault"),
    [
        ("traffic", [("by", "pod,node")], "by takes one of pod, workload, namespace, service, node"),
        ("traffic", [("by", "colour")], "by: 'colour' is not one of"),
        ("connection-latency", [("not of", "latency")], "of takes one of"),
        ("traffic", [("interval", "1ns"), ("since-start", "true")], ""),
    ],
)
def test_what_does_not_fit_is_told(
    parts: Parts, commands: Commands, name: str, params: list[tuple[str, str]], fault: str
) -> None:
    read(parts, "handshake")
    if not fault:
        assert shown(commands, name, *params)
        return
    with pytest.raises(UsageError, match=fault):
        shown(commands, name, *params)


def test_names_of_ports() -> None:
    text = "http 80/tcp www # web\nhttp 80/udp\n# 1/tcp\nbad\nx 99999999/tcp\ny -1/tcp\nssl 443/tcp\nother 443/tcp\n"
    assert read_services(text) == {("tcp", 80): "http", ("udp", 80): "http", ("tcp", 443): "ssl"}
    assert port_names()["tcp", 443] == "https"
    assert app_name("tcp", 64_999) == "64999"
    assert app_name("icmp", 8) is None
    assert app_name(None, 80) is None
