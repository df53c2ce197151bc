"""Writes sums to a log file at an interval, a line of JSON a row, within a bound of disk space: the oldest goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from podwire.support.clock import Clock
from podwire.support.errors import PodwireError

FILES = 8
"""Into how many files the space is divided: the oldest eighth goes when it is full."""

_LOOK_SECONDS = 1.0
_NS_PER_SECOND = 1_000_000_000

_log = logging.getLogger(__name__)

Rows = Callable[[int], Awaitable[Sequence[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class StatsLogSettings:
    """Whether, how often, and how much."""

    enable: bool = False
    interval_seconds: int = 300
    disk_space: int = 40 << 20
    """Bytes of the log with its older files."""


class StatsLog:
    """The log of one kind of sums: `NAME.jsonl`, and `NAME.jsonl.1` … for what is older."""

    def __init__(self, path: Path, rows: Rows, *, clock: Clock) -> None:
        self._path = path
        self._rows = rows
        """Gives the sums of the last so many seconds."""
        self._clock = clock
        self._settings = StatsLogSettings()
        self._due_ns: int | None = None
        self._told_fault = ""
        self._told_cut = False

    def configure(self, settings: StatsLogSettings) -> None:
        """Follow a change of the settings at once."""
        if settings != self._settings:
            self._settings = settings
            self._due_ns = None

    async def run(self) -> None:
        """Write whenever it is due, until cancelled."""
        while True:
            await self.tick()
            await asyncio.sleep(_LOOK_SECONDS)

    async def tick(self) -> None:
        """Write if it is due. What stands against it is told once in the system's log."""
        settings, now_ns = self._settings, self._clock.now_ns()
        interval_ns = settings.interval_seconds * _NS_PER_SECOND
        if not settings.enable:
            return
        if self._due_ns is None or not 0 <= self._due_ns - now_ns <= interval_ns:
            is_late = self._due_ns is not None and self._due_ns < now_ns
            self._due_ns = now_ns + interval_ns
            if not is_late:
                return
            await self._write(settings, now_ns)

    async def _write(self, settings: StatsLogSettings, now_ns: int) -> None:
        try:
            rows = await self._rows(settings.interval_seconds)
            lines = [msgspec.json.encode({"logged-time": now_ns, **row}) + b"\n" for row in rows]
            fitting = _fitting(lines, _most(settings.disk_space))
            await asyncio.to_thread(self._append, fitting, settings.disk_space)
            self._tell_cut(len(lines) - len(fitting), len(lines))
        except (OSError, PodwireError) as error:
            fault = f"{self._path.name} is not written: {getattr(error, 'strerror', None) or error}"
            if fault != self._told_fault:
                _log.error("%s", fault)
            self._told_fault = fault
        else:
            self._told_fault = ""

    def _tell_cut(self, left_out: int, rows: int) -> None:
        if left_out and not self._told_cut:
            _log.warning(
                "%s has no room for %d of %d rows, those with the fewest connections: give it more disk space",
                self._path.name,
                left_out,
                rows,
            )
        self._told_cut = bool(left_out)

    def _append(self, lines: Sequence[bytes], disk_space: int) -> None:
        """Append whole lines; a file that is full becomes an older one. Raises OSError."""
        most = _most(disk_space)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = self._path.stat().st_size if self._path.exists() else 0
        waiting: list[bytes] = []
        # A line that is larger than a file may be has no place at all.
        for line in (line for line in lines if len(line) <= most):
            if size + len(line) > most:
                self._flush(waiting)
                self._rotate()
                waiting, size = [], 0
            waiting.append(line)
            size += len(line)
        self._flush(waiting)
        self._remove_oldest(disk_space)

    def _flush(self, lines: Sequence[bytes]) -> None:
        if lines:
            with self._path.open("ab") as file:
                file.writelines(lines)

    def _rotate(self) -> None:
        for number in range(FILES - 2, 0, -1):
            older = self._older(number)
            if older.exists():
                older.replace(self._older(number + 1))
        if self._path.exists():
            self._path.replace(self._older(1))

    def _remove_oldest(self, disk_space: int) -> None:
        """Remove older files until all are within the space, which may just have been made smaller."""
        files = [each for each in (self._path, *map(self._older, range(1, FILES))) if each.exists()]
        total = sum(each.stat().st_size for each in files)
        for each in reversed(files):
            if total <= disk_space:
                return
            total -= each.stat().st_size
            each.unlink()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _most(disk_space: int) -> int:
    """Return the bytes of one file."""
    return max(1, disk_space // FILES)


def _fitting(lines: Sequence[bytes], most: int) -> Sequence[bytes]:
    """Return the first of the lines, so many that none of them goes when the last ones are written."""
    files, size = 1, 0
    for number, line in enumerate(lines):
        if size + len(line) > most:
            files, size = files + 1, 0
            # One file is left for what is in the youngest already.
            if files == FILES:
                return lines[:number]
        size += len(line)
    return lines
