"""One kind of record on its way: the queue in memory, the journal that is written, and the journals to be sealed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from podwire.history.journal import Journal


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed journal that waits to be sealed."""

    number: int
    path: Path
    hour_ns: int
    committed: int
    """Bytes of it that count."""
    rows: int


class Channel:
    """The state of one kind. The store's lock guards every field but `journal`, which the committing thread owns."""

    def __init__(self) -> None:
        self.queue: list[pa.RecordBatch] = []
        self.queued_bytes = 0
        self.writing: list[pa.RecordBatch] = []
        """What the committing thread has taken of the queue."""
        self.journal: Journal | None = None
        self.number = 0
        """The number of the open journal's segment, or of the last one."""
        self.hour_ns = 0
        self.opened_ns = 0
        self.committed = 0
        """Bytes of the open journal that readers may see."""
        self.closed: list[Segment] = []
        self.written = 0
        """Rows that are safe on disk, since the start."""
        self.dropped = 0
        """Rows that were let go because the queue was full."""

    @property
    def queued(self) -> int:
        """Rows that wait in memory."""
        return sum(map(len, self.queue)) + sum(map(len, self.writing))
