"""`switch-info`: this switch."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import DURATION, PATH, STRING, TIME

SWITCH_INFO = Noun(
    name="switch-info",
    plural="switch-info",
    title="This switch",
    show_help="Display what this switch is and runs.",
    is_singleton=True,
    columns=(
        Column("name", STRING, "The name of the switch.", is_default=True),
        Column("version", STRING, "The version of podwire.", is_default=True),
        Column("started-time", TIME, "When podwire was started.", is_default=True),
        Column("uptime", DURATION, "How long it has run.", is_default=True, is_volatile=True),
        Column("state-dir", PATH, "Where its settings are kept.", is_default=True),
        Column("warning", STRING, "What happened at the start that its operator should know.", is_default=True),
    ),
    examples=("switch-info-show",),
)
