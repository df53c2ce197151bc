"""`connection-stats-settings`: whether connections are collected."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Parameter, Verb
from podwire.catalog.types import BYTES, YES_NO

CONNECTION_STATS_SETTINGS = Noun(
    name="connection-stats-settings",
    plural="connection-stats-settings",
    title="Connection statistics settings",
    show_help="Display the settings of connection statistics.",
    is_singleton=True,
    columns=(
        Column("enable", YES_NO, "Whether connection statistics are collected.", is_default=True),
        Column("connection-max-memory", BYTES, "The memory that the connection table may take.", is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify the settings of connection statistics.",
            (
                Flag("enable", "enable", "disable", "Enable or disable collecting connection statistics."),
                Parameter("connection-max-memory", BYTES, "Set the memory that the connection table may take."),
            ),
            needs_one=True,
        ),
    ),
    examples=(
        "connection-stats-settings-modify enable",
        "connection-stats-settings-modify connection-max-memory 512M",
        "connection-stats-settings-show",
    ),
)
