"""The sealed files of one switch: which there are, who reads them, and which are merged or removed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from podwire.history.channel import Segment
from podwire.history.errors import DamagedFileError
from podwire.history.files import NS_PER_HOUR, Layout, Sealed, is_parquet, set_aside, size_of
from podwire.history.journal import read_journal
from podwire.history.schema import KINDS, Kind
from podwire.history.seal import count_rows, read_parquet, write_parquet


class Archive:
    """Files by kind, oldest first. Every method may be called from any thread; one at a time seals and merges."""

    def __init__(self, layout: Layout, lock: threading.RLock) -> None:
        self._layout = layout
        self._lock = lock
        self._files: dict[Kind, list[Sealed]] = {kind: [] for kind in Kind}
        self._sizes: dict[Path, int] = {}
        self._leases: set[int] = set()
        self._lease_numbers = itertools.count()
        self._doomed: list[tuple[int, Path]] = []
        """(the first lease that never saw it, file)."""
        self._merged: dict[Kind, int] = dict.fromkeys(Kind, 0)
        """Until when every hour is merged."""
        self.removed = 0
        """Files that retention has removed."""
        self.damaged: dict[Kind, int] = dict.fromkeys(Kind, 0)
        """Files and journals that could not be read and were set aside."""

    def open(self) -> None:
        """Find the files of earlier runs, and remove what a merged one holds too: podwire was killed before it could.

        What is no Parquet is set aside. Raises OSError.
        """
        for kind in Kind:
            found = self._layout.find_sealed(kind)
            for each in [each for each in found if not is_parquet(each.path)]:
                found.remove(each)
                self.set_aside(kind, each.path)
            for each in found:
                if any(other.covers(each) for other in found):
                    each.path.unlink()
                else:
                    self.add(kind, each)

    def last_number(self, kind: Kind) -> int:
        """Return the highest number of a sealed segment; 0 where there is none."""
        with self._lock:
            return max((each.last for each in self._files[kind]), default=0)

    def holds(self, kind: Kind, number: int) -> bool:
        """Say whether the segment is sealed."""
        with self._lock:
            return any(each.first <= number <= each.last for each in self._files[kind])

    def select(self, kind: Kind, start_ns: int | None, last_ns: int | None) -> list[Path]:
        """Return the files whose hours may hold records of the span, oldest first."""
        with self._lock:
            return [each.path for each in self._files[kind] if _may_hold(each, start_ns, last_ns)]

    def lend(self) -> Callable[[], None]:
        """Promise that no file of now is removed until what is returned is called."""
        with self._lock:
            lease = next(self._lease_numbers)
            self._leases.add(lease)
        return lambda: self._leases.discard(lease)

    def write(self, kind: Kind, segment: Segment) -> Sealed:
        """Make a file of a closed journal; readers get it once it is added. Raises OSError."""
        sealed = self._layout.sealed(kind, segment.number, segment.number, segment.hour_ns)
        write_parquet(sealed.path, kind, read_journal(segment.path, KINDS[kind], segment.committed))
        return sealed

    def add(self, kind: Kind, sealed: Sealed) -> None:
        """Show a file to readers."""
        size = size_of(sealed.path)
        with self._lock:
            self._files[kind].append(sealed)
            self._files[kind].sort(key=lambda each: (each.first, each.last))
            self._sizes[sealed.path] = size

    def merge(self, kind: Kind, *, until_ns: int, most_rows: int) -> None:
        """Merge the files of the hours that are over at `until_ns`, up to `most_rows` together. Raises OSError.

        A damaged file is set aside; what is left to merge then is merged by the next call.
        """
        since_ns, until_ns = self._merged[kind], until_ns // NS_PER_HOUR * NS_PER_HOUR
        if since_ns >= until_ns:
            return
        with self._lock:
            young = [each for each in self._files[kind] if since_ns <= each.hour_ns < until_ns]
        try:
            for _, files in itertools.groupby(young, key=lambda each: each.hour_ns):
                for group in _groups(files, most_rows):
                    self._merge(kind, group)
        except DamagedFileError as error:
            self.set_aside(kind, error.path)
            return
        self._merged[kind] = until_ns

    def retire(self, *, before_ns: int, most_bytes: int) -> None:
        """Remove the files whose hours ended before `before_ns`, and the oldest hours beyond `most_bytes`."""
        with self._lock:
            every = sorted(
                (each.hour_ns, each.first, kind, each) for kind, files in self._files.items() for each in files
            )
            total = sum(self._sizes.values())
            for hour_ns, _, kind, each in every:
                if hour_ns + NS_PER_HOUR >= before_ns and total <= most_bytes:
                    continue
                total -= self._sizes[each.path]
                self._remove(kind, each)
                self.removed += 1

    def set_aside(self, kind: Kind, path: Path) -> None:
        """Keep a damaged file out of the way of readers, once. Raises OSError."""
        with self._lock:
            self._files[kind] = [each for each in self._files[kind] if each.path != path]
            self._sizes.pop(path, None)
            if path.exists():
                set_aside(path)
                self.damaged[kind] += 1

    def clear(self, kind: Kind) -> None:
        """Remove every file of a kind."""
        with self._lock:
            for each in list(self._files[kind]):
                self._remove(kind, each)

    def unlink_doomed(self) -> None:
        """Delete the files that were removed and that nobody reads any more."""
        with self._lock:
            oldest = min(self._leases, default=None)
            gone = [path for since, path in self._doomed if oldest is None or oldest >= since]
            self._doomed = [each for each in self._doomed if each[1] not in set(gone)]
        for path in gone:
            path.unlink(missing_ok=True)
            _remove_empty(path.parent)

    def summary(self, kind: Kind) -> tuple[int, int, int | None]:
        """Return how many files there are, their bytes, and when the oldest hour began."""
        with self._lock:
            files = self._files[kind]
            size = sum(self._sizes[each.path] for each in files)
            return len(files), size, min((each.hour_ns for each in files), default=None)

    def _remove(self, kind: Kind, sealed: Sealed) -> None:
        self._files[kind].remove(sealed)
        del self._sizes[sealed.path]
        self._doomed.append((next(self._lease_numbers), sealed.path))

    def _merge(self, kind: Kind, group: Sequence[Sealed]) -> None:
        first, last = group[0], group[-1]
        merged = self._layout.sealed(kind, first.first, last.last, first.hour_ns)
        batches: list[pa.RecordBatch] = [batch for each in group for batch in read_parquet(each.path, kind)]
        write_parquet(merged.path, kind, batches)
        with self._lock:
            if all(each in self._files[kind] for each in group):
                self.add(kind, merged)
                for each in group:
                    self._remove(kind, each)
                return
        # Some of it was removed meanwhile: it must not come back.
        merged.path.unlink()


def _groups(files: Iterable[Sealed], most_rows: int) -> list[list[Sealed]]:
    """Divide an hour's files into groups that follow each other without a gap and have so many rows together."""
    groups: list[list[Sealed]] = []
    rows = 0
    for each in files:
        count = count_rows(each.path)
        if groups and groups[-1][-1].last + 1 == each.first and rows + count <= most_rows:
            groups[-1].append(each)
            rows += count
        else:
            groups.append([each])
            rows = count
    return [group for group in groups if len(group) > 1]


def _may_hold(sealed: Sealed, start_ns: int | None, last_ns: int | None) -> bool:
    ends_ns = sealed.hour_ns + NS_PER_HOUR
    return (start_ns is None or ends_ns > start_ns) and (last_ns is None or sealed.hour_ns <= last_ns)


def _remove_empty(hour: Path) -> None:
    """Remove the folder of an hour, and of its day, where nothing is left in it."""
    for folder in (hour, hour.parent):
        try:
            folder.rmdir()
        except OSError:
            return
