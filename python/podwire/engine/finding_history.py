"""Keeps the history of findings, and of what the wire taught: writes what changed, and reads it at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from podwire.engine.parts import Parts
from podwire.history import HistoryStore, Kind
from podwire.model.findings import CniFinding
from podwire.tables.findings import FindingRow
from podwire.tables.learned import LearnedRow

Row = Mapping[str, Any]
Key = tuple[str, int, str]
"""Cluster, first time and words of a finding."""

CURRENT, ENDED, LEARNED = "current", "ended", "learned"
"""What the column `record` says: the first two of findings by the API, the last of what the wire taught."""


class FindingHistory:
    """Writes to the kind `finding` of a store by way of `add`."""

    def __init__(
        self, parts: Parts, *, add: Callable[[Sequence[Row]], None], words: Callable[[CniFinding], Row]
    ) -> None:
        self._parts = parts
        self._add = add
        self._words = words
        """Makes the columns of a finding."""
        self._written: dict[Key, tuple[bool, int]] = {}
        """Whether each was last written as one that holds, and with how many packets."""

    def write(self, now_ns: int, *, only_changes: bool) -> None:
        """Write what holds, and once more what holds no longer."""
        rows = []
        for key, is_current, packets, row in self._rows(now_ns):
            known = self._written.get(key)
            if known == (is_current, packets) and (only_changes or not is_current):
                continue
            self._written[key] = (is_current, packets)
            rows.append(row)
        self._add(rows)

    def _rows(self, now_ns: int) -> Iterator[tuple[Key, bool, int, Row]]:
        for each in list(self._parts.findings.rows()):
            words = {**self._words(each.finding), "record": CURRENT if each.is_current else ENDED}
            yield _key(each, each.finding), each.is_current, 0, words | _times(each, each.finding, now_ns)
        for row in self._parts.learned.rows():
            words = {**self._words(row.finding()), "record": LEARNED, "learned": row.short}
            yield _key(row, row.finding()), row.is_current, row.packets, words | _times(row, row, now_ns)

    def load(self, store: HistoryStore) -> None:
        """Put what earlier runs found into the tables, each as it was last written."""
        latest: dict[Key, tuple[tuple[int, bool], FindingRow | LearnedRow]] = {}
        for record in store.records(Kind.FINDING):
            row = _read(record)
            if row is None:
                continue
            key = _key(row, row.finding if isinstance(row, FindingRow) else row.finding())
            written = (record["recorded-time"], not record["current"])
            if key not in latest or latest[key][0] <= written:
                latest[key] = (written, row)
        rows = sorted((row for _, row in latest.values()), key=lambda row: row.first_seen_ns)
        self._parts.findings.load(row for row in rows if isinstance(row, FindingRow))
        learned = [row for row in rows if isinstance(row, LearnedRow)]
        self._parts.learned.load(learned)
        self._written = dict.fromkeys(latest, (False, 0))
        self._written |= {_key(row, row.finding()): (False, row.packets) for row in learned}


def _key(row: FindingRow | LearnedRow, finding: CniFinding) -> Key:
    tunnels = ",".join(each.short for each in finding.overlays) if isinstance(row, LearnedRow) else ""
    return row.cluster, row.first_seen_ns, f"{finding.plugin} {finding.backend} {tunnels}"


def _times(row: FindingRow | LearnedRow, kept: CniFinding | LearnedRow, now_ns: int) -> dict[str, Any]:
    return {
        "recorded-time": now_ns,
        "cluster-name": row.cluster,
        "current": row.is_current,
        "first-seen": row.first_seen_ns,
        "last-seen": now_ns if row.is_current else row.last_seen_ns,
        "finding": msgspec.json.encode(kept).decode(),
    }


def _read(record: Row) -> FindingRow | LearnedRow | None:
    """Return what a record tells; None where it cannot be read."""
    text = record["finding"] or ""
    try:
        if record["record"] == LEARNED:
            learned = msgspec.json.decode(text, type=LearnedRow)
            learned.last_seen_ns = record["last-seen"]
            return learned
        finding = msgspec.json.decode(text, type=CniFinding)
    except msgspec.MsgspecError:
        return None
    return FindingRow(record["cluster-name"], finding, record["first-seen"], record["last-seen"], is_current=False)
