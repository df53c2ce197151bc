"""`client-server-stats`: connections added up by client and server."""

from __future__ import annotations

from podwire.catalog import sums
from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, STRING, VLAN, VNI

_COLUMNS = (
    Column("switch", STRING, sums.SWITCH.help, is_default=True),
    sums.TIME_COLUMN,
    Column(
        "vlan",
        VLAN,
        "The VLAN of the outermost tag; the native VLAN for untagged packets.",
        is_default=True,
        is_key=True,
    ),
    Column("vxlan", VNI, "The network identifier of the tunnel.", is_default=True, is_key=True),
    Column("client-ip", ADDRESS, "The client.", is_default=True, is_key=True),
    Column("server-ip", ADDRESS, "The server.", is_default=True, is_key=True),
    Column("cluster-name", STRING, "The Kubernetes cluster of the named ends."),
    *(
        Column(f"{side}-{name}", STRING, f"The {side}'s {text}.")
        for side in ("client", "server")
        for name, text in (
            ("pod", "Pod"),
            ("namespace", "Pod's namespace"),
            ("workload", "workload"),
            ("node", "node"),
        )
    ),
    *sums.beside((sums.CONNECTIONS, sums.FAILURES)),
    *sums.STATES,
    *sums.BYTES_COLUMNS,
    *sums.AVERAGES,
    *sums.beside(sums.PERCENTILES),
    sums.RESENDS,
    sums.LAST_SEEN,
    *sums.TIMES,
)

CLIENT_SERVER_STATS = Noun(
    name="client-server-stats",
    plural="client-server-stats",
    title="Client and server statistics",
    show_help="Display connections added up by client and server. " + sums.WINDOW,
    columns=_COLUMNS,
    filters=sums.connection_filters(_COLUMNS),
    times=("first-time", "last-time"),
    counts_window=True,
    examples=(
        "client-server-stats-show",
        "client-server-stats-show syn 1000- within-last 5m",
        "client-server-stats-show format client-pod,server-pod,connections,total-bytes sort-desc total-bytes",
    ),
)
"""The first fourteen default columns are those that operators of NetVisor know, in their order."""
