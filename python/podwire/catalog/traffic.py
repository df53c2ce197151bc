"""`traffic`: connections added up by Pod, workload, namespace, Service or node."""

from __future__ import annotations

from podwire.catalog import sums
from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, STRING, choice

GROUPS = ("pod", "workload", "namespace", "service", "node")

_COLUMNS = (
    sums.SWITCH,
    sums.TIME_COLUMN,
    Column("by", choice(*GROUPS), "What to add up by; pod without it."),
    Column("role", choice("client", "server"), "As what: the client or the server.", is_default=True, is_key=True),
    Column("cluster-name", STRING, "The Kubernetes cluster.", is_default=True, is_key=True),
    Column("namespace", STRING, "The namespace.", is_default=True, is_key=True),
    Column("pod", STRING, "The Pod.", is_default=True, is_key=True),
    Column("workload", STRING, "What the Pod belongs to.", is_default=True, is_key=True),
    Column("service", STRING, "The Services of the server's address and port.", is_default=True, is_key=True),
    Column("node", STRING, "The node.", is_default=True, is_key=True),
    sums.CONNECTIONS,
    sums.FAILURES,
    *sums.beside(sums.STATES),
    *sums.BYTES_COLUMNS,
    *sums.PERCENTILES,
    *sums.beside(sums.AVERAGES),
    Column("resends", COUNT, sums.RESENDS.help, is_default=True),
    *sums.beside((sums.LAST_SEEN,)),
    *sums.TIMES,
)

TRAFFIC = Noun(
    name="traffic",
    plural="traffic",
    title="Traffic",
    show_help="Display connections added up by Pod, workload, namespace, Service or node, a row for each role. "
    + sums.WINDOW,
    columns=_COLUMNS,
    filters=sums.connection_filters(_COLUMNS),
    times=("first-time", "last-time"),
    counts_window=True,
    examples=(
        "traffic-show by namespace",
        "traffic-show by workload role server sort-desc latency-p95 limit-output 10",
        "traffic-show by service dst-port 443 within-last 10m",
    ),
)
