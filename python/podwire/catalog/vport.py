"""`vport`: every Pod as an entry of the vPort table."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, LIST, MAC, STRING, TIME, VLAN

VPORT = Noun(
    name="vport",
    plural="vports",
    title="vPort table",
    show_help="Display vPort table entries.",
    columns=(
        Column("owner", STRING, "The switch that holds the entry.", is_default=True),
        Column("mac", MAC, "A stable dummy: the entry is not learned from traffic.", is_default=True),
        Column("vlan", VLAN, "A dummy: the entry is not learned from traffic.", is_default=True),
        Column("ip", ADDRESS, "The Pod's address.", is_default=True, is_key=True),
        Column("svc-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("hostname", STRING, "The node that the Pod runs on.", is_default=True),
        Column("entity", STRING, "The Pod's name.", is_default=True, is_key=True),
        Column("power", STRING, "The state of the Pod's containers.", is_default=True),
        Column("portgroup", LIST, "The Pod's labels.", is_default=True),
        Column("status", LIST, "What kind of entry it is.", is_default=True),
        Column("namespace", STRING, "The Pod's namespace.", is_key=True),
        Column("uid", STRING, "The Pod's UID."),
        Column("create-time", TIME, "When the Pod was created."),
    ),
    examples=("vport-show svc-name pluribus", "vport-show ip 10.10.0.0/16 format ip,entity,namespace,hostname"),
)
