"""Sums over connections as SQL: what is counted, and by what.

A roll-up looks at each connection once a side: traffic by Pod counts it for the client's Pod and for the server's, as
two rows that the column `role` tells apart, so that the rows of one role add up to the connections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podwire.history.where import literal, quoted

MOST = (1 << 63) - 1
"""Sums stop here: 64 bits with a sign, as everywhere."""

FAILED = (
    "(proto = 'tcp' AND NOT coalesce(joined, false) AND ((\"cur-state\" = 'rst' AND latency IS NULL) "
    "OR (\"cur-state\" IN ('syn', 'syn-ack') AND record = 'ended')))"
)
"""A connection that never came about: refused (reset before an answer), or given up without one."""

PERCENTILES = {"latency-p50": 0.5, "latency-p95": 0.95, "latency-p99": 0.99}
"""Columns with the latency below which this part of the connections stays (the value of a real connection)."""


def bounded(total: str) -> str:
    """Return SQL for this total within 64 bits, and unknown where it is."""
    # Not `least`, which passes over what is unknown.
    return f"(CASE WHEN {total} > {MOST} THEN {MOST} ELSE {total} END)::BIGINT"


def summed(*expressions: str) -> str:
    """Return SQL for the sum of all that these are in all rows; it stays within 64 bits."""
    return bounded(f"({' + '.join(f'coalesce(sum({expression}), 0)' for expression in expressions)})")


def known(*expressions: str) -> str:
    """Return the same, unknown where no row knows any of them."""
    counts = " + ".join(f"count({expression})" for expression in expressions)
    return f"CASE WHEN {counts} > 0 THEN {summed(*expressions)} END"


def in_state(*states: str) -> str:
    """Return SQL that counts the connections whose last state is one of these."""
    return f'count(*) FILTER ("cur-state" IN ({", ".join(map(literal, states))}))'


MEASURES: Mapping[str, str] = {
    "connections": "count(*)",
    "failures": f"count(*) FILTER ({FAILED})",
    "syn": in_state("syn"),
    "syn-ack": in_state("syn-ack"),
    "est": in_state("est"),
    "fin": in_state("fin"),
    "rst": in_state("rst"),
    "obytes": known("obytes"),
    "ibytes": known("ibytes"),
    "total-bytes": known("obytes", "ibytes"),
    "sent-bytes": known("CASE WHEN side = 'client' THEN obytes ELSE ibytes END"),
    "received-bytes": known("CASE WHEN side = 'client' THEN ibytes ELSE obytes END"),
    "syn-resends": summed('"syn-resends"'),
    "syn-ack-resends": summed('"syn-ack-resends"'),
    "retransmits": summed("retransmits"),
    "resends": summed('"syn-resends"', '"syn-ack-resends"', "retransmits"),
    "avg-latency": "avg(latency)::BIGINT",
    "avg-dur": "avg(dur)::BIGINT",
    "max-latency": "max(latency)",
    "as-client": "count(*) FILTER (side = 'client')",
    "as-server": "count(*) FILTER (side = 'server')",
    "clients": 'count(DISTINCT "src-ip")',
    "servers": 'count(DISTINCT "dst-ip")',
    "first-time": 'min("started-time")',
    "last-time": 'max("last-time")',
    "measured": "count(latency)",
}
"""Every measure but the percentiles, by the name of its column."""

SIDES = ("client", "server")


@dataclass(frozen=True)
class Rollup:
    """What to count, and by what."""

    keys: Mapping[str, Mapping[str, str]]
    """Column → side → SQL over a connection's columns; a side that a key lacks has null there. Where there is none, the
    connections make one row, and none of nothing."""
    measures: Sequence[str]
    """Of MEASURES and PERCENTILES."""
    sides: Sequence[str] = ("client",)
    """`client` alone looks at each connection once."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Columns that say the same in all rows."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Measures of its own: column → SQL aggregate."""
    where: str = ""
    """SQL that leaves connections out: `latency IS NOT NULL`."""

    @property
    def has_percentiles(self) -> bool:
        """True where the values of all connections must be held or estimated."""
        return any(name in PERCENTILES for name in self.measures)

    def columns(self) -> list[str]:
        """Return the columns that it gives, keys first."""
        return [*self.keys, *self.constants, *self.measures, *self.more]

    def sql(self, rows: str, *, time: str = "", is_estimated: bool = False) -> str:
        """Return SQL over the relation `rows`; `time` is the SQL of an interval's start, as one more key.

        With `is_estimated` percentiles come from a sketch of bounded size.
        """
        keys = ({"time": dict.fromkeys(self.sides, time)} if time else {}) | dict(self.keys)
        where = f" WHERE {self.where}" if self.where else ""
        sides = []
        for side in self.sides:
            made = [f"{each.get(side, 'NULL')} AS {quoted('key ' + name)}" for name, each in keys.items()]
            sides.append(f"SELECT *, {literal(side)} AS side, {', '.join(made)} FROM {rows}{where}")
        named = [f"{quoted('key ' + name)} AS {quoted(name)}" for name in keys]
        named += [f"{literal(value)} AS {quoted(name)}" for name, value in self.constants.items()]
        measured = [f"{self._measure(name, is_estimated=is_estimated)} AS {quoted(name)}" for name in self.measures]
        measured += [f"{expression} AS {quoted(name)}" for name, expression in self.more.items()]
        grouped = f" GROUP BY {', '.join(quoted('key ' + name) for name in keys)}" if keys else " HAVING count(*) > 0"
        return f"SELECT {', '.join([*named, *measured])} FROM ({' UNION ALL '.join(sides)}){grouped}"

    @staticmethod
    def _measure(name: str, *, is_estimated: bool) -> str:
        if name not in PERCENTILES:
            return MEASURES[name]
        # The same call for all of them: the latencies are gathered once.
        parts = ", ".join(map(str, PERCENTILES.values()))
        function = "approx_quantile" if is_estimated else "quantile_disc"
        return f"{function}(latency, [{parts}])[{[*PERCENTILES].index(name) + 1}]"


def key(column: str) -> Mapping[str, str]:
    """Return the key that has the same column on both sides."""
    return dict.fromkeys(SIDES, quoted(column))


def end_key(name: str) -> Mapping[str, str]:
    """Return the key that is the client's column on one side and the server's on the other: `pod`, `ip`."""
    return {"client": quoted(f"src-{name}"), "server": quoted(f"dst-{name}")}


ROLE: Mapping[str, str] = {side: literal(side) for side in SIDES}
"""The key that tells the sides apart."""


def key_sql(expression: str) -> Mapping[str, str]:
    """Return the key that is worked out of a connection in the same way on both sides."""
    return dict.fromkeys(SIDES, expression)


def last_seen_ago(now_ns: int) -> Mapping[str, str]:
    """Return the measure of the time since the latest packet."""
    return {"last-seen-ago": f'greatest({now_ns} - max("last-time"), 0)'}
