"""How the history is written: intervals, bounds and how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """The settings of the room `history` that operators need not know."""

    queue_bytes: int = 128 << 20
    """Bytes of records that may wait for the disk, of each kind: some seconds of 100,000 connections a second. What
    comes beyond is let go and counted."""
    segment_rows: int = 250_000
    """Rows after which a journal is sealed: sealing sorts them in memory, of which it takes some 650 bytes a row."""
    seal_ns: int = 300 * _SECOND
    """The age at which a journal is sealed."""
    latest_record_ns: int = 600 * _SECOND
    """How long after a moment a record of what was there may be written: the update interval of long-lived
    connections and its spread."""
    least_free_bytes: int = 64 << 20
    """Free bytes of the disk below which nothing is written: what shares it must go on."""
    most_bytes: int = 20 << 30
    """Bytes that the history may take; set by the operator."""
    most_age_ns: int = 30 * 86_400 * _SECOND
    """The age at which a file is removed; set by the operator."""
    merge_rows: int = 400_000
    """Rows that merged files may have: merging takes some 800 bytes of memory a row."""
