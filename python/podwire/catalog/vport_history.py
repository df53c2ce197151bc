"""`vport-history`: who had which address when."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, NUMBER, STRING, TIME, choice

VPORT_HISTORY = Noun(
    name="vport-history",
    plural="vport-histories",
    title="History of the vPort table",
    show_help="Display who had which address when.",
    columns=(
        Column("ip", ADDRESS, "The address.", is_default=True, is_key=True),
        Column("svc-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("entity", STRING, "The Pod or the node that had it.", is_default=True),
        Column("namespace", STRING, "The Pod's namespace.", is_default=True),
        Column("state", choice("held", "unsure"), "unsure: several may have had it then.", is_default=True),
        Column(
            "from-time",
            TIME,
            "Since when; empty where it was so before podwire knew of it, 0 in JSON.",
            is_default=True,
            is_key=True,
        ),
        Column("until-time", TIME, "Until when; empty while it goes on.", is_default=True, is_key=True),
        Column("kind", choice("pod", "node"), "Whether it is a Pod or a node."),
        Column("hostname", STRING, "The node that the Pod runs on."),
        Column("workload", STRING, "What the Pod belongs to: its kind and name."),
        Column("protocol", STRING, "The protocol of the port, where only a port of the address is meant."),
        Column("port", NUMBER, "The port of a Pod that shares its node's address.", is_key=True),
        Column("uid", STRING, "The UID of the Pod or node."),
        Column("last-time", TIME, "Until when it is known: now, while it goes on.", is_volatile=True),
    ),
    times=("from-time", "last-time"),
    examples=(
        "vport-history-show ip 10.10.2.1",
        "vport-history-show ip 10.10.2.1 start-time 2026-11-22T12:00:00 end-time 2026-11-22T12:00:00",
        "vport-history-show entity pod-A within-last 1h",
    ),
)
