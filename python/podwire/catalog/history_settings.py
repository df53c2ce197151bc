"""`history-settings`: what is kept of what happened, and for how long."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Parameter, Verb
from podwire.catalog.types import BYTES, DURATION, YES_NO

_UPDATE = "How often a record is kept of a connection that goes on; 10s to 1d, default 5m."
_SPACE = "The disk space that history may take, from 16M; beyond it the oldest goes; default 20G."
_AGE = "The age at which records are removed, from 1h; default 30d."

HISTORY_SETTINGS = Noun(
    name="history-settings",
    plural="history-settings",
    title="History settings",
    show_help="Display what is kept of what happened, and for how long.",
    is_singleton=True,
    columns=(
        Column("enable", YES_NO, "Whether history is written.", is_default=True),
        Column("update-interval", DURATION, _UPDATE, is_default=True),
        Column("max-disk-space", BYTES, _SPACE, is_default=True),
        Column("max-age", DURATION, _AGE, is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify what is kept of what happened, and for how long.",
            (
                Flag("enable", "enable", "disable", "Write history, or stop writing it; what is kept stays."),
                Parameter("update-interval", DURATION, _UPDATE),
                Parameter("max-disk-space", BYTES, _SPACE),
                Parameter("max-age", DURATION, _AGE),
            ),
            needs_one=True,
        ),
    ),
    examples=("history-settings-modify max-age 14d max-disk-space 50G", "history-settings-show"),
)
