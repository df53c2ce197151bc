"""What a report tells, asked for with the commands of the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from podwire.catalog import Noun
from podwire.catalog.client_server_stats import CLIENT_SERVER_STATS
from podwire.catalog.connection_latency import CONNECTION_LATENCY
from podwire.catalog.connection_stats import CONNECTION_STATS
from podwire.catalog.traffic import TRAFFIC
from podwire.cli.transport import Transport

STATES = ("est", "fin", "rst", "syn-ack", "syn")
OTHER = "active"
"""The state of connections that are not TCP."""
MOST_TALKERS = 15
MOST_PAIRS = 60
"""Pairs of workloads on the map; more cannot be told apart."""

_NS_PER_SECOND = 1_000_000_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
_MOST_STEPS = 60

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """The time that a report is about: nanoseconds since the epoch."""

    start_ns: int
    end_ns: int

    @property
    def step_seconds(self) -> int:
        """How long one point of a chart over time lasts: a round time, so that there are at most 60."""
        seconds = max(1, (self.end_ns - self.start_ns) // _NS_PER_SECOND)
        return next((step for step in _STEPS if seconds <= step * _MOST_STEPS), -(-seconds // _MOST_STEPS))

    def words(self) -> list[tuple[str, str]]:
        """Return it as the time options of a show command."""
        end_ns = -(-self.end_ns // _NS_PER_SECOND) * _NS_PER_SECOND
        return [("start-time", _time(self.start_ns)), ("end-time", _time(end_ns))]


def _time(value_ns: int) -> str:
    """Write a time in UTC, whole seconds."""
    return datetime.fromtimestamp(value_ns // _NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Facts:
    """The rows behind a report."""

    span: Span
    totals: Row
    """Connections, failures, bytes and latencies in all."""
    states: Mapping[str, Mapping[int, int]]
    """State → start of a step → connections that began in it."""
    latencies: Sequence[Row]
    talkers: Sequence[Row]
    pairs: Sequence[Row]
    notes: Sequence[str] = ()


def gather(transport: Transport, span: Span) -> Facts:
    """Ask for everything. Raises PodwireError as the commands do."""
    notes: list[str] = []

    def ask(noun: Noun, *params: tuple[str, str]) -> list[dict[str, Any]]:
        answer = transport.show(noun, [*params, *span.words()])
        notes.extend(each for each in answer.notes if each not in notes and answer.rows)
        return answer.rows

    sides = ask(TRAFFIC, ("by", "namespace"), ("role", "client"), ("format", "connections,failures,obytes,ibytes"))
    totals = {name: sum(row[name] or 0 for row in sides) for name in ("connections", "failures", "obytes", "ibytes")}
    interval = ("interval", f"{span.step_seconds}s")
    columns = ("format", ",".join(("time", "proto", "connections", *STATES)))
    by_port = ask(CONNECTION_STATS, ("by", "port"), interval, columns)
    talkers = ask(
        CONNECTION_STATS,
        ("format", "ip,namespace,pod,cluster-name,connections,failures,obytes,ibytes,total-bytes,latency-p95"),
        ("sort-desc", "total-bytes,connections"),
        ("limit-output", str(MOST_TALKERS)),
    )
    names = ",".join(f"{side}-{name}" for side in ("client", "server") for name in ("namespace", "workload"))
    pairs = ask(
        CLIENT_SERVER_STATS,
        ("format", f"{names},connections,failures,total-bytes,latency-p95"),
        ("sort-desc", "connections"),
        ("limit-output", str(MOST_PAIRS)),
    )
    return Facts(span, totals, _states(by_port), ask(CONNECTION_LATENCY), talkers, pairs, notes)


def _states(rows: Sequence[Row]) -> dict[str, dict[int, int]]:
    """Add the ports up: connections by state and step."""
    states: dict[str, dict[int, int]] = {state: {} for state in (*STATES, OTHER)}
    for row in rows:
        counts = {state: row[state] or 0 for state in STATES}
        counts[OTHER] = (row["connections"] or 0) - sum(counts.values())
        for state, count in counts.items():
            states[state][row["time"]] = states[state].get(row["time"], 0) + count
    return states
