"""`vflow-settings`: whether the switch looks into VXLAN."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Verb
from podwire.catalog.types import LIST, ON_OFF

_HELP = "Look into VXLAN packets in flight; a Kubernetes connection's overlay-vxlan-analytics turns it on."

VFLOW_SETTINGS = Noun(
    name="vflow-settings",
    plural="vflow-settings",
    title="vFlow settings",
    show_help="Display the vFlow settings.",
    is_singleton=True,
    columns=(
        Column("inflight-vxlan-analytics", ON_OFF, _HELP, is_default=True),
        Column("overlays", LIST, "The tunnels that are looked into now: kind, UDP port, VNI.", is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify the vFlow settings.",
            (Flag("inflight-vxlan-analytics", "inflight-vxlan-analytics", "no-inflight-vxlan-analytics", _HELP),),
            needs_one=True,
        ),
    ),
    examples=("vflow-settings-show", "vflow-settings-modify inflight-vxlan-analytics"),
)
