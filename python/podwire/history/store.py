"""The history of one switch on disk: takes batches, commits and seals them, and says where they are."""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from podwire.history.channel import Channel, Segment
from podwire.history.errors import HistoryError
from podwire.history.files import NS_PER_HOUR, FileSet, Layout, Sealed
from podwire.history.journal import Journal, read_journal, recover_journal
from podwire.history.schema import KINDS, Kind
from podwire.history.seal import sync_folder, write_parquet
from podwire.settings.history import HistoryLimits
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HistoryState:
    """How the writing of one kind goes."""

    kind: Kind
    queued: int
    written: int
    dropped: int
    journals: int
    files: int
    bytes: int
    oldest_ns: int | None


class HistoryStore:
    """See the room. `add` and `files` may be called from any thread; `commit` from one, `seal` from one other."""

    def __init__(self, folder: Path, *, switch: str, clock: Clock, limits: HistoryLimits | None = None) -> None:
        self.limits = limits or HistoryLimits()
        self.fault = ""
        """Why nothing is written at present: one sentence, or nothing."""
        self._layout = Layout(folder, switch)
        self._clock = clock
        self._lock = threading.RLock()
        self._channels = {kind: Channel() for kind in Kind}
        self._sealed: dict[Kind, list[Sealed]] = {kind: [] for kind in Kind}
        self._leases: set[int] = set()
        self._lease_numbers = itertools.count()
        self._doomed: list[tuple[int, Path]] = []
        """(the first lease that never saw it, file)."""
        self.torn_bytes = 0
        """Bytes that a killed run left half written, and that were cut off."""

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._layout.folder

    def open(self) -> None:
        """Take up what an earlier run has left. Raises HistoryError where the folder cannot be used."""
        try:
            self._layout.journals.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in self._layout.find_unfinished():
                path.unlink()
            for kind in Kind:
                self._sealed[kind] = self._without_covered(self._layout.find_sealed(kind))
            for kind, number, path in self._layout.find_journals():
                self._recover(kind, number, path)
        except OSError as error:
            msg = f"The history in {self.folder} cannot be used: {error.strerror or error}."
            raise HistoryError(msg) from error

    def add(self, kind: Kind, batch: pa.RecordBatch) -> bool:
        """Queue a batch for the next commit; say whether there was room. What there is no room for is counted."""
        if not len(batch):
            return True
        size = batch.nbytes
        channel = self._channels[kind]
        with self._lock:
            if channel.queued_bytes + size > self.limits.queue_bytes:
                channel.dropped += len(batch)
                return False
            channel.queue.append(batch)
            channel.queued_bytes += size
        return True

    def commit(self) -> None:
        """Write what is queued and sync it. On a full or broken disk it stays queued, and `fault` says so."""
        try:
            self._check_room()
            for kind, channel in self._channels.items():
                self._commit(kind, channel)
        except OSError as error:
            self.fault = f"History is not written: {error.strerror or error} ({self.folder})."
        else:
            self.fault = ""

    def close(self) -> None:
        """Commit and close what is open; it is sealed at the next start, or by `seal` before it."""
        self.commit()
        with self._lock:
            for channel in self._channels.values():
                self._close_journal(channel)

    def files(self, kind: Kind, start_ns: int | None = None, end_ns: int | None = None) -> FileSet:
        """Return all that may hold records of the window, which may be open: files by their hours, and what is young.

        Records are written after what they tell of: a connection that was there at a time has a record within the
        update interval after it, which is added to the window's end.
        """
        with self._lock:
            channel = self._channels[kind]
            lease = next(self._lease_numbers)
            self._leases.add(lease)
            last_ns = None if end_ns is None else end_ns + self.limits.latest_record_ns
            paths = [each.path for each in self._sealed[kind] if _may_hold(each, start_ns, last_ns)]
            young = [(each.path, each.committed) for each in channel.closed]
            if channel.journal is not None and channel.committed:
                young.append((channel.journal.path, channel.committed))
            waiting = [*channel.writing, *channel.queue]
            batches = [batch for path, size in young for batch in read_journal(path, KINDS[kind], size)]
        return FileSet(paths, batches + waiting, lambda: self._leases.discard(lease))

    def states(self) -> list[HistoryState]:
        """Return how it goes, by kind."""
        with self._lock:
            return [self._state(kind, channel) for kind, channel in self._channels.items()]

    def seal(self) -> None:
        """Seal every closed journal. Raises OSError where there is no room; what was not sealed stays as it is."""
        for kind, channel in self._channels.items():
            for segment in list(channel.closed):
                self._seal(kind, channel, segment)
        self.unlink_doomed()

    def doom(self, path: Path) -> None:
        """Have a replaced file removed once nobody reads it."""
        with self._lock:
            self._doomed.append((next(self._lease_numbers), path))

    def unlink_doomed(self) -> None:
        """Remove the replaced files that nobody reads any more."""
        with self._lock:
            oldest = min(self._leases, default=None)
            gone = [path for until, path in self._doomed if oldest is None or oldest >= until]
            self._doomed = [each for each in self._doomed if each[1] not in set(gone)]
        for path in gone:
            path.unlink(missing_ok=True)

    def _state(self, kind: Kind, channel: Channel) -> HistoryState:
        sealed = self._sealed[kind]
        return HistoryState(
            kind,
            queued=channel.queued,
            written=channel.written,
            dropped=channel.dropped,
            journals=len(channel.closed) + (channel.journal is not None),
            files=len(sealed),
            bytes=sum(map(_size, [*(each.path for each in sealed), *(each.path for each in channel.closed)]))
            + channel.committed,
            oldest_ns=min(
                [*(each.hour_ns for each in sealed), *(each.hour_ns for each in channel.closed)], default=None
            ),
        )

    def _check_room(self) -> None:
        """Raise OSError where the disk is nearly full: the rest is for others, such as the configuration."""
        room = os.statvfs(self.folder)
        if room.f_bavail * room.f_frsize < self.limits.least_free_bytes:
            msg = "the disk is nearly full"
            raise OSError(msg)

    def _commit(self, kind: Kind, channel: Channel) -> None:
        now_ns = self._clock.now_ns()
        with self._lock:
            if channel.journal is not None and self._is_due(channel, now_ns):
                self._close_journal(channel)
            if not channel.queue:
                return
            if channel.journal is None:
                self._open_journal(kind, channel, now_ns)
            journal = channel.journal
            assert journal is not None
            channel.writing, channel.queue = channel.queue, []
            taken, channel.queued_bytes = channel.queued_bytes, 0
        try:
            journal.commit(channel.writing)
        except OSError:
            with self._lock:
                channel.queue = channel.writing + channel.queue
                channel.queued_bytes += taken
                channel.writing = []
                self._close_journal(channel)
            raise
        with self._lock:
            channel.written += sum(map(len, channel.writing))
            channel.writing = []
            channel.committed = journal.committed

    def _is_due(self, channel: Channel, now_ns: int) -> bool:
        """Say whether the open journal is to be closed: by age, by rows, or because another hour has begun."""
        assert channel.journal is not None
        too_old = not 0 <= now_ns - channel.opened_ns < self.limits.seal_ns
        too_large = channel.journal.rows >= self.limits.segment_rows
        return too_old or too_large or now_ns // NS_PER_HOUR * NS_PER_HOUR != channel.hour_ns

    def _open_journal(self, kind: Kind, channel: Channel, now_ns: int) -> None:
        number = max([channel.number, *(each.last for each in self._sealed[kind])]) + 1
        channel.journal = Journal(self._layout.journal(kind, number), KINDS[kind])
        sync_folder(self._layout.journals)
        channel.number, channel.committed = number, 0
        channel.opened_ns, channel.hour_ns = now_ns, now_ns // NS_PER_HOUR * NS_PER_HOUR

    def _close_journal(self, channel: Channel) -> None:
        journal, channel.journal = channel.journal, None
        if journal is None:
            return
        journal.close()
        if journal.committed:
            segment = Segment(channel.number, journal.path, channel.hour_ns, journal.committed, journal.rows)
            channel.closed.append(segment)
        else:
            journal.path.unlink(missing_ok=True)
        channel.committed = 0

    def _seal(self, kind: Kind, channel: Channel, segment: Segment) -> None:
        sealed = self._layout.sealed(kind, segment.number, segment.number, segment.hour_ns)
        write_parquet(sealed.path, kind, read_journal(segment.path, KINDS[kind], segment.committed))
        with self._lock:
            channel.closed.remove(segment)
            self._sealed[kind].append(sealed)
        segment.path.unlink()

    def _recover(self, kind: Kind, number: int, path: Path) -> None:
        """Take up one journal of an earlier run: cut off what is torn, remove what is sealed already or empty."""
        channel = self._channels[kind]
        channel.number = max(channel.number, number)
        if any(each.first <= number <= each.last for each in self._sealed[kind]):
            path.unlink()
            return
        found = recover_journal(path, KINDS[kind])
        if found.torn_bytes:
            self.torn_bytes += found.torn_bytes
            _log.warning("history: %d bytes of %s were half written and are cut off", found.torn_bytes, path.name)
            os.truncate(path, found.good_bytes)
        if not found.batches:
            path.unlink()
            return
        hour_ns = found.batches[0].column("recorded-time")[0].as_py() // NS_PER_HOUR * NS_PER_HOUR
        rows = sum(map(len, found.batches))
        channel.closed.append(Segment(number, path, hour_ns, found.readable_bytes, rows))

    def _without_covered(self, found: Sequence[Sealed]) -> list[Sealed]:
        """Remove the files that a merged one holds too: podwire was killed before it could."""
        kept = []
        for each in found:
            if any(other.covers(each) for other in found):
                each.path.unlink()
            else:
                kept.append(each)
        return kept


def _may_hold(sealed: Sealed, start_ns: int | None, last_ns: int | None) -> bool:
    ends_ns = sealed.hour_ns + NS_PER_HOUR
    return (start_ns is None or ends_ns > start_ns) and (last_ns is None or sealed.hour_ns <= last_ns)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
