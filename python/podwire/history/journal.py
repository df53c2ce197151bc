"""One segment on its way to disk: an Arrow IPC stream that grows by commits, each synced and guarded by a checksum.

Any reader of Arrow streams can read it. A commit ends with an empty batch whose metadata hold the place where the
commit began and the checksum of its bytes; what a power cut leaves behind the last whole commit is cut off.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from podwire.history.files import reading

_MARK = "podwire-commit {start:020} {checksum:010}"
_MARK_PATTERN = re.compile(rb"podwire-commit (\d{20}) (\d{10})")
"""The one text in an empty batch's metadata: found in them as it is, wherever the format puts it."""


class _Sink:
    """What the stream writer writes to: bytes that wait for the next commit."""

    def __init__(self) -> None:
        self.closed = False
        self.position = 0
        self.waiting: list[bytes] = []

    def write(self, chunk: object) -> int:
        """Take bytes over; they are copied, because Arrow may use its memory again."""
        copied = bytes(chunk)  # type: ignore[call-overload]
        self.waiting.append(copied)
        self.position += len(copied)
        return len(copied)

    def tell(self) -> int:
        """Return how many bytes were written, waiting ones too."""
        return self.position

    def flush(self) -> None:
        """Nothing: commits write."""

    def close(self) -> None:
        """Nothing: the journal closes its file."""
        self.closed = True

    def take(self) -> list[bytes]:
        """Return the waiting bytes and forget them."""
        taken, self.waiting = self.waiting, []
        return taken


class Journal:
    """A segment that is being written. Not for several threads at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Make the file; raises OSError where that is not possible, and FileExistsError where it is there."""
        self.path = path
        self.committed = 0
        """Bytes that are safe on disk."""
        self._mark_checksum = 0
        self.rows = 0
        """Rows in them."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._sink = _Sink()
        self._stream = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), schema)

    def commit(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Write the batches, one at least, and sync them.

        Raises OSError; then nothing of them is in the file, and the journal takes no more: the stream's state holds
        dictionaries that were not written.
        """
        for batch in batches:
            self._stream.write_batch(batch)
        content = self._sink.take()
        text = _MARK.format(start=self.committed, checksum=_checksum(content, self._mark_checksum))
        # A slice has the dictionaries that were just written, so that none is written again.
        self._stream.write_batch(batches[-1].slice(0, 0), custom_metadata={"commit": text})
        mark = self._sink.take()
        try:
            self._write(content + mark)
        except OSError:
            os.ftruncate(self._file, self.committed)
            raise
        self.committed += sum(map(len, content + mark))
        self._mark_checksum = _checksum(mark, 0)
        self.rows += sum(map(len, batches))

    def _write(self, chunks: list[bytes]) -> None:
        offset = self.committed
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                written = os.pwrite(self._file, view, offset)
                view, offset = view[written:], offset + written
        os.fdatasync(self._file)

    def close(self) -> None:
        """Close the file; what was committed stays."""
        os.close(self._file)


def _checksum(chunks: list[bytes], start: int) -> int:
    for chunk in chunks:
        start = zlib.crc32(chunk, start)
    return start


class Recovered(NamedTuple):
    """What was found in a journal of an earlier run."""

    batches: list[pa.RecordBatch]
    readable_bytes: int
    """Where the last batch with rows ends."""
    good_bytes: int
    """Where the last whole commit ends."""
    torn_bytes: int
    """Bytes behind the last whole commit."""


def read_journal(path: Path, schema: pa.Schema, length: int | None = None) -> list[pa.RecordBatch]:
    """Return the committed batches of a journal without copying them: `length` is where the commits end.

    Raises OSError, DamagedFileError.
    """
    with reading(path):
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer(length)
        return _batches(content, schema)


def recover_journal(path: Path, schema: pa.Schema) -> Recovered:
    """Read a journal of an earlier run up to its last whole commit. Raises OSError, DamagedFileError."""
    if not path.stat().st_size:
        return Recovered([], 0, 0, 0)
    with reading(path):
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
        readable, good = _last_commit(content)
        return Recovered(_batches(content.slice(0, readable), schema), readable, good, content.size - good)


def _batches(content: pa.Buffer, schema: pa.Schema) -> list[pa.RecordBatch]:
    if not content.size:
        return []
    with pa.ipc.open_stream(content) as stream:
        return [fitted(batch, schema) for batch in stream if len(batch)]


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give a batch the columns of `schema`: an earlier version of podwire may have had others."""
    if batch.schema.equals(schema):
        return batch
    return pa.RecordBatch.from_arrays([_fitted(batch, field) for field in schema], schema=schema)


def _fitted(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    index = batch.schema.get_field_index(field.name)
    if index < 0:
        return pa.nulls(len(batch), field.type)
    array = batch.column(index)
    try:
        return array if array.type == field.type else array.cast(field.type)
    except pa.ArrowException:
        return pa.nulls(len(batch), field.type)


def _last_commit(content: pa.Buffer) -> tuple[int, int]:
    """Return where the last commit that is whole and whose checksum is right ends, without its mark and with it."""
    readable = good = 0
    reader = pa.BufferReader(content)
    while True:
        begin = reader.tell()
        try:
            message = pa.ipc.read_message(reader)
        except (pa.ArrowException, EOFError, OSError):
            return readable, good
        mark = _mark_of(message)
        if mark is None:
            continue
        # The checksum covers the mark before, too.
        if mark != (good, zlib.crc32(content.slice(readable, begin - readable))):
            return readable, good
        readable, good = begin, reader.tell()


def _mark_of(message: pa.Message) -> tuple[int, int] | None:
    """Return (start of the commit, checksum) where the message ends a commit."""
    match = _MARK_PATTERN.search(memoryview(message.metadata))
    return (int(match[1]), int(match[2])) if match else None
