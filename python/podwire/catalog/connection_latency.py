"""`connection-latency`: how many connections had which latency."""

from __future__ import annotations

from podwire.catalog import sums
from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, LATENCY, PERCENT, STRING, choice

LATENCIES = ("latency", "server-latency", "client-latency")

_COLUMNS = (
    sums.TIME_COLUMN,
    Column("of", choice(*LATENCIES), "Which latency; latency without it."),
    Column("from", LATENCY, "The least latency of the row.", is_default=True, is_key=True),
    Column("below", LATENCY, "The latency that the row's stay below; nothing where it has no end.", is_default=True),
    Column("connections", COUNT, "Connections.", is_default=True),
    Column("percent", PERCENT, "Their part of all whose latency is known.", is_default=True),
    Column("cumulative", PERCENT, "The part with this latency or less.", is_default=True),
    Column("bar", STRING, "The number of connections as a bar.", is_default=True),
    *sums.TIMES,
)

CONNECTION_LATENCY = Noun(
    name="connection-latency",
    plural="connection-latencies",
    title="Latency of connections",
    show_help="Display how many connections had which latency; those whose latency is not known are left out. "
    + sums.WINDOW,
    columns=_COLUMNS,
    # The histogram's own `latency` would be the value of one connection: as a filter it is that.
    filters=sums.connection_filters(_COLUMNS),
    times=("first-time", "last-time"),
    counts_window=True,
    examples=(
        "connection-latency-show",
        "connection-latency-show of server-latency dst-port 443 within-last 10m",
    ),
)
