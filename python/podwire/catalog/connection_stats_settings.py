"""`connection-stats-settings`: what is collected of connections, how much memory sums may take, and their logs."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Option, Parameter, Verb
from podwire.catalog.types import BYTES, DURATION, YES_NO, ValueType

_VALUES: tuple[tuple[str, ValueType, str], ...] = (
    ("connection-max-memory", BYTES, "The memory that the connection table may take, from 1M."),
    (
        "connection-stats-max-memory",
        BYTES,
        "The memory that answering connection-stats-show or connection-latency-show may take, from 32M; default 1G.",
    ),
    (
        "client-server-stats-max-memory",
        BYTES,
        "The memory that answering client-server-stats-show may take, from 32M; default 1G.",
    ),
    ("service-stat-max-memory", BYTES, "The memory that answering traffic-show may take, from 32M; default 1G."),
    (
        "connection-backup-interval",
        DURATION,
        "How often a record is kept of each connection that goes on; 10s to 1d, default 5m.",
    ),
    ("connection-stats-log-interval", DURATION, "How often sums by host and port are logged; 10s to 1d, default 5m."),
    (
        "connection-stats-log-disk-space",
        BYTES,
        "The disk space of that log with its rotated files, from 1M; default 40M.",
    ),
    (
        "client-server-stats-log-interval",
        DURATION,
        "How often sums by client and server are logged; 10s to 1d, default 5m.",
    ),
    (
        "client-server-stats-log-disk-space",
        BYTES,
        "The disk space of that log with its rotated files, from 1M; default 40M.",
    ),
    (
        "fabric-connection-max-memory",
        BYTES,
        "The memory that connections of other switches may take; kept for a fabric.",
    ),
    (
        "fabric-connection-backup-interval",
        DURATION,
        "How often records of those are kept; 10s to 1d, default 5m; kept for a fabric.",
    ),
)

_FLAGS = (
    (
        "connection-backup-enable",
        "connection-backup-disable",
        "Keep records of connections that go on, or of ends alone.",
    ),
    (
        "connection-stats-log-enable",
        "connection-stats-log-disable",
        "Log sums by host and port to log/connection-stats.jsonl in the state folder, or log none.",
    ),
    (
        "client-server-stats-log-enable",
        "client-server-stats-log-disable",
        "Log sums by client and server to log/client-server-stats.jsonl in the state folder, or log none.",
    ),
    (
        "fabric-connection-backup-enable",
        "fabric-connection-backup-disable",
        "Keep records of connections of other switches, or none; kept for a fabric.",
    ),
)

_OPTIONS: tuple[Option, ...] = (
    Flag("enable", "enable", "disable", "Enable or disable collecting connection statistics."),
    *(Parameter(name, value_type, text) for name, value_type, text in _VALUES),
    *(Flag(yes, yes, no, text) for yes, no, text in _FLAGS),
)

CONNECTION_STATS_SETTINGS = Noun(
    name="connection-stats-settings",
    plural="connection-stats-settings",
    title="Connection statistics settings",
    show_help="Display the settings of connection statistics.",
    is_singleton=True,
    columns=(
        Column("enable", YES_NO, "Whether connection statistics are collected.", is_default=True),
        *(Column(name, value_type, text, is_default=True) for name, value_type, text in _VALUES),
        *(Column(yes, YES_NO, text, is_default=True) for yes, _, text in _FLAGS),
    ),
    verbs=(Verb("modify", "Modify the settings of connection statistics.", _OPTIONS, needs_one=True),),
    examples=(
        "connection-stats-settings-modify enable",
        "connection-stats-settings-modify connection-max-memory 512M",
        "connection-stats-settings-modify client-server-stats-log-enable client-server-stats-log-disk-space 40M",
        "connection-stats-settings-show",
    ),
)
