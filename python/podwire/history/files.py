"""The names of the history's files, and what a reader gets of them.

    journal/connection-000000000042.arrows
    connection/switch=leaf1/date=2026-01-31/hour=14/000000000042-000000000042.parquet

A segment is one journal; a Parquet file holds the segments from its first to its last number. The hour is that of
`recorded-time`, UTC.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from weakref import finalize

import pyarrow as pa

from podwire.history.errors import DamagedFileError
from podwire.history.schema import Kind

_log = logging.getLogger(__name__)

NS_PER_SECOND = 1_000_000_000
NS_PER_HOUR = 3_600 * NS_PER_SECOND
JOURNAL_FOLDER = "journal"
UNFINISHED = ".unfinished"
"""The suffix of a file that is still being written; found at the start, it is from a run that was killed."""
DAMAGED = ".damaged"
"""The suffix of a file that could not be read: nobody reads it again, and nobody removes it but its operator."""
PARQUET_MAGIC = b"PAR1"
"""How a Parquet file begins and ends (Apache Parquet, File Format)."""

_JOURNAL = re.compile(r"([a-z]+)-(\d{12})\.arrows")
_SEALED = re.compile(r"(\d{12})-(\d{12})\.parquet")
_HOUR = re.compile(r"date=(\d{4})-(\d{2})-(\d{2})/hour=(\d{2})")


class Sealed(NamedTuple):
    """One Parquet file."""

    path: Path
    first: int
    """The number of the first segment in it."""
    last: int
    hour_ns: int
    """When its hour began."""

    def covers(self, other: Sealed) -> bool:
        """Say whether everything of the other file is in this one too."""
        return self.first <= other.first and other.last <= self.last and self.path != other.path


class FileSet:
    """What may hold records of a span of time. The files stay where they are as long as this object lives."""

    def __init__(self, parquet: list[Path], batches: list[pa.RecordBatch], release: Callable[[], None]) -> None:
        self.parquet = parquet
        self.batches = batches
        """What is not sealed yet, oldest first."""
        self._release = finalize(self, release)

    def close(self) -> None:
        """Let go of the files before the object's end."""
        self._release()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of one switch are."""

    folder: Path
    switch: str

    @property
    def journals(self) -> Path:
        """The folder of the journals."""
        return self.folder / JOURNAL_FOLDER

    def journal(self, kind: Kind, number: int) -> Path:
        """The path of a segment's journal."""
        return self.journals / f"{kind}-{number:012}.arrows"

    def hour(self, kind: Kind, hour_ns: int) -> Path:
        """The folder of an hour's files."""
        hour = datetime.fromtimestamp(hour_ns // NS_PER_SECOND, tz=UTC)
        return self._switch(kind) / f"date={hour:%Y-%m-%d}" / f"hour={hour:%H}"

    def sealed(self, kind: Kind, first: int, last: int, hour_ns: int) -> Sealed:
        """The file of the segments from first to last."""
        return Sealed(self.hour(kind, hour_ns) / f"{first:012}-{last:012}.parquet", first, last, hour_ns)

    def find_journals(self) -> list[tuple[Kind, int, Path]]:
        """Return the journals that are there, oldest first by kind."""
        found = []
        for path in sorted(self.journals.glob("*.arrows")):
            match = _JOURNAL.fullmatch(path.name)
            if match and match[1] in set(Kind):
                found.append((Kind(match[1]), int(match[2]), path))
        return found

    def find_sealed(self, kind: Kind) -> list[Sealed]:
        """Return the Parquet files that are there, oldest first."""
        found = []
        for path in self._switch(kind).glob("date=*/hour=*/*.parquet"):
            name, hour = _SEALED.fullmatch(path.name), _HOUR.fullmatch(f"{path.parent.parent.name}/{path.parent.name}")
            if name and hour and (hour_ns := _hour_ns(hour)) is not None:
                found.append(Sealed(path, int(name[1]), int(name[2]), hour_ns))
        return sorted(found, key=lambda each: (each.first, each.last))

    def find_unfinished(self) -> list[Path]:
        """Return what a killed run left half written."""
        return list(self.folder.glob(f"**/*{UNFINISHED}"))

    def _switch(self, kind: Kind) -> Path:
        return self.folder / kind / f"switch={quote(self.switch, safe='')}"


def _hour_ns(match: re.Match[str]) -> int | None:
    try:
        hour = datetime(int(match[1]), int(match[2]), int(match[3]), int(match[4]), tzinfo=UTC)
    except ValueError:
        return None
    return int(hour.timestamp()) * NS_PER_SECOND


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise DamagedFileError where Arrow takes offence at the content of `path`; OSError is the system's own."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        # Arrow raises it, too, for what is in a file; the system's errors have a number.
        raise DamagedFileError(path) from error
    except (pa.ArrowException, EOFError) as error:
        raise DamagedFileError(path) from error


def is_parquet(path: Path) -> bool:
    """Say whether a file begins and ends as Parquet does. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(len(PARQUET_MAGIC))
        if head != PARQUET_MAGIC or file.seek(0, os.SEEK_END) < 3 * len(PARQUET_MAGIC):
            return False
        file.seek(-len(PARQUET_MAGIC), os.SEEK_END)
        return file.read() == PARQUET_MAGIC


def set_aside(path: Path) -> None:
    """Keep a damaged file out of the way, and say so. Raises OSError."""
    beside = path.with_name(path.name + DAMAGED)
    path.rename(beside)
    _log.warning("history: %s is damaged and set aside as %s; its records are left out", path, beside.name)


def size_of(path: Path) -> int:
    """Return the bytes of a file; 0 where it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
