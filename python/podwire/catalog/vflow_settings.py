"""`vflow-settings`: whether the switch looks into VXLAN."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Verb
from podwire.catalog.types import LIST, ON_OFF

FLAGS = (
    (
        "inflight-vxlan-analytics",
        "Look into VXLAN packets in flight; a Kubernetes connection's overlay-vxlan-analytics turns it on.",
    ),
    ("vxlan-analytics", "Look into VXLAN packets; to a mirror port they are the same as those in flight."),
    ("enable-user-defined-flow", "Kept for scripts; longlived-tcp-conn-stats asks for it, as NetVisor does."),
    (
        "longlived-tcp-conn-stats",
        "Kept for scripts; podwire follows the bytes of long-lived connections anyway, in mode full.",
    ),
)
"""The flags, as NetVisor calls them."""

VFLOW_SETTINGS = Noun(
    name="vflow-settings",
    plural="vflow-settings",
    title="vFlow settings",
    show_help="Display the vFlow settings.",
    is_singleton=True,
    columns=(
        *(Column(name, ON_OFF, text, is_default=True) for name, text in FLAGS),
        Column("overlays", LIST, "The tunnels that are looked into now: kind, UDP port, VNI.", is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify the vFlow settings.",
            tuple(Flag(name, name, f"no-{name}", text) for name, text in FLAGS),
            needs_one=True,
        ),
    ),
    examples=("vflow-settings-show", "vflow-settings-modify inflight-vxlan-analytics"),
)
