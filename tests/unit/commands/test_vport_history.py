"""Who had an address at a time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from podwire.capture import Capture
from podwire.catalog.vport_history import VPORT_HISTORY
from podwire.commands.query import parse_query
from podwire.commands.vport_history import VPortHistoryHandler
from podwire.engine.parts import Parts
from podwire.support.clock import FixedClock
from podwire.tables.claims import AddressPort, Sight
from podwire.tables.endpoints import EndpointKind

NOW = 1_767_268_809_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def parts() -> Parts:
    made = Parts(capture=cast("Capture", None), clock=FixedClock(NOW))
    cluster = made.clusters.number("k")
    for name, since, until in (("a", 500, 300), ("b", 310, None)):
        holder = made.endpoints.put("k", EndpointKind.POD, name, namespace="default", name=name, node="n1")
        at_ns = NOW - since * SECOND
        made.claims.claim(cluster, "10.0.0.1", holder.number, Sight(at_ns, at_ns, at_ns + 20 * SECOND))
        if until is not None:
            made.claims.end(cluster, "10.0.0.1", holder.number, until_ns=NOW - until * SECOND)
    made.claims.claim(cluster, AddressPort("192.0.2.1", 6, 9100), holder.number, Sight(NOW - 9, NOW - 9, NOW - 9))
    return made


def ask(parts: Parts, *params: tuple[str, str]) -> list[dict[str, Any]]:
    query = parse_query(VPORT_HISTORY, [("format", "all"), *params], now_ns=NOW)
    return asyncio.run(VPortHistoryHandler(parts).show(query)).as_rows()


def test_each_holder_has_its_time_and_between_them_nobody_can_tell(parts: Parts) -> None:
    rows = ask(parts, ("ip", "10.0.0.1"))
    assert [(row["entity"], row["state"]) for row in rows] == [("a", "held"), (None, "unsure"), ("b", "held")]
    assert [row["until-time"] for row in rows] == [NOW - 310 * SECOND, NOW - 300 * SECOND, None]
    assert rows[2]["last-time"] == NOW


def test_the_time_options_ask_for_who_had_it_then(parts: Parts) -> None:
    assert [row["entity"] for row in ask(parts, ("ip", "10.0.0.1"), ("older-than", "400s"))] == ["a"]
    assert [row["entity"] for row in ask(parts, ("ip", "10.0.0.1"), ("within-last", "10s"))] == ["b"]


def test_a_port_of_a_node_is_a_row(parts: Parts) -> None:
    (row,) = ask(parts, ("ip", "192.0.2.1"))
    assert (row["entity"], row["protocol"], row["port"], row["kind"]) == ("b", "tcp", 9100, "pod")


def test_what_is_not_known_says_so() -> None:
    empty = Parts(capture=cast("Capture", None), clock=FixedClock(NOW))
    query = parse_query(VPORT_HISTORY, [], now_ns=NOW)
    answer = asyncio.run(VPortHistoryHandler(empty).show(query))
    assert (answer.count, list(answer.notes)) == (0, ["No cluster has told of any address yet."])
