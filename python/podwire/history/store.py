"""The history of one switch on disk: takes batches, commits and seals them, and says where they are."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from podwire.history.archive import Archive
from podwire.history.channel import Channel, Segment
from podwire.history.errors import DamagedFileError, HistoryError
from podwire.history.files import NS_PER_HOUR, FileSet, Layout, size_of
from podwire.history.journal import Journal, read_journal, recover_journal
from podwire.history.schema import KINDS, Kind
from podwire.history.seal import read_parquet, sync_folder
from podwire.settings.history import HistoryLimits
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)

_CLOCK_SLACK_NS = 60_000_000_000
"""How long an hour must be over before its files are merged: a segment of it may still be sealed."""


@dataclass(frozen=True, slots=True)
class HistoryState:
    """How the writing of one kind goes."""

    kind: Kind
    queued: int
    """Rows that wait in memory."""
    written: int
    """Rows that were made safe since the start."""
    dropped: int
    """Rows that were let go, because the disk was full or slow for too long."""
    journals: int
    files: int
    bytes: int
    oldest_ns: int | None
    damaged: int
    """Files and journals that could not be read since the start, and were set aside."""


class HistoryStore:
    """See the room. Every method may be called from any thread, `tend` from one at a time."""

    def __init__(self, folder: Path, *, switch: str, clock: Clock, limits: HistoryLimits | None = None) -> None:
        self.limits = limits or HistoryLimits()
        self.fault = ""
        """Why nothing is written at present: one sentence, or nothing."""
        self.torn_bytes = 0
        """Bytes that a killed run left half written, and that were cut off."""
        self._layout = Layout(folder, switch)
        self._clock = clock
        self._lock = threading.RLock()
        """Guards what is in memory; nothing is written while it is held."""
        self._write_lock = threading.Lock()
        """Held while journals are written; taken before the other."""
        self._channels = {kind: Channel() for kind in Kind}
        self._archive = Archive(self._layout, self._lock)

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
            self._archive.open()
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
        with self._write_lock:
            try:
                self._check_room()
                for kind, channel in self._channels.items():
                    self._commit(kind, channel)
            except OSError as error:
                self.fault = f"History is not written: {error.strerror or error} ({self.folder})."
            else:
                self.fault = ""

    def close(self) -> None:
        """Commit, close and seal everything; what is much, or has no room, is sealed after the next start."""
        self.commit()
        with self._write_lock, self._lock:
            for channel in self._channels.values():
                self._close_journal(channel)
        if sum(each.rows for channel in self._channels.values() for each in channel.closed) > self.limits.merge_rows:
            return
        try:
            self.seal()
        except OSError as error:
            _log.warning("history: not everything is sealed: %s", error.strerror or error)

    def files(self, kind: Kind, start_ns: int | None = None, end_ns: int | None = None) -> FileSet:
        """Return all that may hold records of the window, which may be open: files by their hours, and what is young.

        Records are written after what they tell of: a connection that was there at a time has a record within twice
        the update interval after it, which is added to the window's end.
        """
        with self._lock:
            channel = self._channels[kind]
            last_ns = None if end_ns is None else end_ns + self.limits.latest_record_ns
            release = self._archive.lend()
            paths = self._archive.select(kind, start_ns, last_ns)
            batches = self._young(kind, channel)
            return FileSet(paths, [*batches, *channel.writing, *channel.queue], release)

    def records(
        self,
        kind: Kind,
        start_ns: int | None = None,
        end_ns: int | None = None,
        *,
        only: tuple[str, Collection[str]] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the records of a kind that has few of them, in no order: all that may be in the window, and more.

        `only` names a column and the words that it must have.
        """
        for batch in self._batches(kind, start_ns, end_ns):
            kept = (
                batch if only is None else batch.filter(pc.is_in(batch.column(only[0]).cast("string"), _words(only[1])))
            )
            yield from kept.to_pylist()

    def recorded_times(self, kind: Kind) -> set[int]:
        """Return when records of a kind that has few of them were written."""
        return {at for batch in self._batches(kind) for at in batch.column("recorded-time").to_pylist()}

    def _batches(self, kind: Kind, start_ns: int | None = None, end_ns: int | None = None) -> Iterator[pa.RecordBatch]:
        found = self.files(kind, start_ns, end_ns)
        for path in found.parquet:
            try:
                batches = read_parquet(path, kind)
            except DamagedFileError:
                self._archive.set_aside(kind, path)
                continue
            yield from batches
        yield from found.batches
        found.close()

    def set_damaged_aside(self, kind: Kind) -> int:
        """Read every sealed file of a kind and set aside those that are damaged; return how many. Raises OSError."""
        before = self._archive.damaged[kind]
        for _ in self._batches(kind):
            pass
        return self._archive.damaged[kind] - before

    def clear(self, kind: Kind) -> None:
        """Forget every record of a kind that was committed or waits."""
        with self._write_lock, self._lock:
            channel = self._channels[kind]
            channel.queue, channel.queued_bytes = [], 0
            self._close_journal(channel)
            channel.closed, closed = [], channel.closed
            self._archive.clear(kind)
        for segment in closed:
            segment.path.unlink(missing_ok=True)
        self._archive.unlink_doomed()

    def states(self) -> list[HistoryState]:
        """Return how it goes, by kind."""
        return [self._state(kind, channel) for kind, channel in self._channels.items()]

    def tend(self) -> None:
        """Seal closed journals, merge the files of hours that are over, and remove what is too old or too much.

        What the disk has no room for stays as it is until the next call.
        """
        now_ns = self._clock.now_ns()
        try:
            self._archive.retire(before_ns=now_ns - self.limits.most_age_ns, most_bytes=self._room_for_files())
            self._archive.unlink_doomed()
            self.seal()
            for kind, channel in self._channels.items():
                waiting = [each.hour_ns for each in channel.closed]
                until_ns = min([now_ns - _CLOCK_SLACK_NS, *waiting])
                self._archive.merge(kind, until_ns=until_ns, most_rows=self.limits.merge_rows)
        except OSError as error:
            _log.warning("history: files cannot be sealed or merged: %s", error.strerror or error)

    def seal(self) -> None:
        """Seal every closed journal. Raises OSError; what was not sealed stays as it is."""
        for kind, channel in self._channels.items():
            for segment in list(channel.closed):
                try:
                    self._archive_segment(kind, channel, segment)
                except DamagedFileError:
                    self._drop_segment(kind, channel, segment)

    def _young(self, kind: Kind, channel: Channel) -> list[pa.RecordBatch]:
        """Return what is committed and not sealed yet, oldest first. Called with the lock."""
        batches: list[pa.RecordBatch] = []
        for segment in list(channel.closed):
            try:
                batches += read_journal(segment.path, KINDS[kind], segment.committed)
            except DamagedFileError:
                self._drop_segment(kind, channel, segment)
        if channel.journal is not None and channel.committed:
            batches += read_journal(channel.journal.path, KINDS[kind], channel.committed)
        return batches

    def _drop_segment(self, kind: Kind, channel: Channel, segment: Segment) -> None:
        with self._lock:
            if segment in channel.closed:
                channel.closed.remove(segment)
            self._archive.set_aside(kind, segment.path)

    def _room_for_files(self) -> int:
        with self._lock:
            journals = sum(each.committed for channel in self._channels.values() for each in channel.closed)
            return max(0, self.limits.most_bytes - journals)

    def _state(self, kind: Kind, channel: Channel) -> HistoryState:
        files, size, oldest_ns = self._archive.summary(kind)
        with self._lock:
            journals = sum(size_of(each.path) for each in channel.closed) + channel.committed
            return HistoryState(
                kind,
                queued=channel.queued,
                written=channel.written,
                dropped=channel.dropped,
                journals=len(channel.closed) + (channel.journal is not None),
                files=files,
                bytes=size + journals,
                oldest_ns=oldest_ns,
                damaged=self._archive.damaged[kind],
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
        number = max(channel.number, self._archive.last_number(kind)) + 1
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

    def _archive_segment(self, kind: Kind, channel: Channel, segment: Segment) -> None:
        sealed = self._archive.write(kind, segment)
        with self._lock:
            # A reader sees the one or the other, never both.
            is_wanted = segment in channel.closed
            if is_wanted:
                channel.closed.remove(segment)
                self._archive.add(kind, sealed)
        if not is_wanted:
            sealed.path.unlink()
        segment.path.unlink(missing_ok=True)

    def _recover(self, kind: Kind, number: int, path: Path) -> None:
        """Take up one journal of an earlier run: cut off what is torn, remove what is sealed already or empty."""
        channel = self._channels[kind]
        channel.number = max(channel.number, number)
        if self._archive.holds(kind, number):
            path.unlink()
            return
        try:
            found = recover_journal(path, KINDS[kind])
        except DamagedFileError:
            self._archive.set_aside(kind, path)
            return
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


def _words(words: Collection[str]) -> pa.Array:
    return pa.array(list(words), pa.string())
