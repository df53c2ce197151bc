"""`connection-stats`: connections added up by host or by port."""

from __future__ import annotations

from podwire.catalog import sums
from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, BYTES, COUNT, PORT, STRING, choice

HOST_COLUMNS = ("ip", "as-client", "as-server")
"""What only rows by host have."""
PORT_COLUMNS = ("proto", "port", "app", "clients", "servers")
"""What only rows by port have."""

_COLUMNS = (
    Column("switch", STRING, sums.SWITCH.help, is_default=True),
    sums.TIME_COLUMN,
    Column("by", choice("host", "port"), "What to add up by; host without it."),
    Column("ip", ADDRESS, "The host.", is_default=True, is_key=True),
    Column("cluster-name", STRING, "The host's Kubernetes cluster."),
    Column("pod", STRING, "The host's Pod."),
    Column("namespace", STRING, "The namespace of the host's Pod."),
    Column("node", STRING, "The host's node."),
    Column("proto", STRING, "The transport protocol.", is_default=True, is_key=True),
    Column("port", PORT, "The server's port.", is_default=True, is_key=True),
    Column("app", STRING, "The name of the port's service.", is_default=True),
    sums.CONNECTIONS,
    Column("as-client", COUNT, "Connections that the host began.", is_default=True),
    Column("as-server", COUNT, "Connections that the host was the server of.", is_default=True),
    Column("clients", COUNT, "Different clients of the port.", is_default=True),
    Column("servers", COUNT, "Different servers with the port.", is_default=True),
    sums.FAILURES,
    *sums.STATES,
    Column("obytes", BYTES, "Stream bytes that the host sent; by port, the clients.", is_default=True),
    Column("ibytes", BYTES, "Stream bytes that the host received; by port, the clients.", is_default=True),
    sums.BYTES_COLUMNS[2],
    *sums.AVERAGES,
    *sums.beside(sums.PERCENTILES),
    sums.RESENDS,
    sums.LAST_SEEN,
    *sums.TIMES,
)

CONNECTION_STATS = Noun(
    name="connection-stats",
    plural="connection-stats",
    title="Connection statistics",
    show_help="Display connections added up by host, or by port. " + sums.WINDOW,
    columns=_COLUMNS,
    filters=sums.connection_filters(_COLUMNS),
    times=("first-time", "last-time"),
    counts_window=True,
    examples=(
        "connection-stats-show sort-desc total-bytes limit-output 10",
        "connection-stats-show by port",
        "connection-stats-show by port interval 5m within-last 1h",
    ),
)
