"""Carries a request out: asks once, or again and again, and prints what comes in the form that was asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from podwire.catalog.units import NS_PER_SECOND
from podwire.cli.follow import Follower
from podwire.cli.grammar import Request
from podwire.cli.help import command_help
from podwire.cli.output import emit, emit_binary, emit_bytes, end_line, has_reader
from podwire.cli.render import render
from podwire.cli.screen import Screen, screen_of
from podwire.cli.secrets import with_password
from podwire.cli.text import clean, one_line
from podwire.cli.transport import Answer, Transport
from podwire.cli.view import STANDARD_OUTPUT
from podwire.support.errors import PodwireError, UnavailableError, UsageError

_REDRAW, _LINE_REST, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
"""To the beginning; forget the rest of the line; forget the rest of the screen."""


def execute(
    request: Request,
    transport: Transport,
    stdout: TextIO,
    stderr: TextIO,
    *,
    notes: TextIO | None = None,
    screen: Screen | None = None,
) -> int:
    """Carry out a request; return the exit status. Notes go to `notes`, or beside the errors to `stderr`.

    `screen` is what is behind `stdout`, where it is not `stdout` itself. A request without an end ends with Ctrl-C.
    """
    if request.help_status is not None:
        emit(stdout, command_help(request.command))
        return request.help_status
    run = _Run(request, transport, stdout, notes or stderr, screen or screen_of(stdout))
    try:
        run.run()
    except PodwireError as error:
        report(error, stderr)
        return 1
    except KeyboardInterrupt:
        if not request.view.is_endless:
            raise
        end_line(stdout)
    return 0


def report(error: PodwireError, stderr: TextIO, *, line_number: int = 0) -> None:
    """Print an error as one line, with the number of the input's line where it has one."""
    place = f"line {line_number}: " if line_number else ""
    emit(stderr, f"{place}{one_line(str(error))}\n")


class _Run:
    """One request on its way."""

    def __init__(self, request: Request, transport: Transport, stdout: TextIO, notes: TextIO, screen: Screen) -> None:
        self._request = request
        self._transport = transport
        self._stdout = stdout
        self._notes = notes
        self._screen = screen

    def run(self) -> None:
        view = self._request.view
        if view.is_endless and not self._transport.is_live:
            word = "follow" if view.is_following else "show-interval"
            msg = f"{word}: the rows of a capture do not change; it needs the daemon (podwire serve)"
            raise UsageError(msg)
        if view.is_following:
            self._follow()
        elif view.interval_ns is not None:
            self._repeat(self._redraw if self._screen.can_redraw and not view.export_kind else self._once)
        else:
            self._once()

    def _once(self) -> bool:
        """Print one answer; return False where nobody reads it any more."""
        request = self._request
        if request.view.export_kind:
            return self._export(request.view.export_kind)
        answer = self._ask()
        goes_on = emit(self._stdout, render(request.noun, answer, request.view, self._screen))
        self._note(answer.notes)
        return goes_on

    def _ask(self) -> Answer:
        request = self._request
        if request.verb is None:
            return self._transport.show(request.noun, list(request.params))
        values = with_password(request.command, request.values)
        return self._transport.act(request.noun, request.verb, values)

    def _note(self, notes: list[str]) -> None:
        emit(self._notes, "".join(f"{one_line(note)}\n" for note in notes))

    def _export(self, kind: str) -> bool:
        request = self._request
        export = self._transport.export(request.noun, list(request.params), kind)
        goes_on = True
        if kind == "parquet" and request.view.parquet == STANDARD_OUTPUT:
            _write_binary(self._stdout, export.pieces)
        elif kind == "parquet":
            _write_file(Path(request.view.parquet), export.pieces)
        else:
            pieces = export.pieces
            if kind == "csv" and request.view.has_headers is False:
                pieces = _without_first_line(pieces)
            for piece in pieces:
                goes_on = emit_bytes(self._stdout, piece)
                if not goes_on:
                    break
        self._note(export.notes)
        return goes_on

    def _repeat(self, step: Callable[[], bool]) -> None:
        interval_ns = self._request.view.interval_ns or NS_PER_SECOND
        due = time.monotonic()
        while step() and has_reader(self._stdout):
            due = max(due + interval_ns / NS_PER_SECOND, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _redraw(self) -> bool:
        """Draw the answer over the last one, cut to what the terminal can show."""
        self._screen = screen_of(self._stdout)
        answer = self._ask()
        text = render(self._request.noun, answer, self._request.view, self._screen)
        lines = [*text.splitlines(), *(clean(one_line(note)) for note in answer.notes)]
        if len(lines) >= self._screen.height:
            kept = self._screen.height - 2
            lines = [*lines[:kept], f"… {len(lines) - kept} more lines"]
        drawn = "".join(f"{line}{_LINE_REST}\n" for line in lines)
        return emit(self._stdout, f"{_REDRAW}{drawn}{_REST}")

    def _follow(self) -> None:
        follower = Follower(self._request, self._transport, Screen(has_colour=self._screen.has_colour))

        def step() -> bool:
            text, notes = follower.next_part(time.time_ns())
            self._note(notes)
            return emit(self._stdout, text) if text else True

        self._repeat(step)


def _without_first_line(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        _, end, rest = (rest + piece).partition(b"\n")
        if end:
            break
    yield rest
    yield from pieces


def _write_binary(stdout: TextIO, pieces: Iterator[bytes]) -> None:
    binary = getattr(stdout, "buffer", None)
    if binary is None or stdout.isatty():
        msg = "a Parquet file is nothing for a terminal: name a file, or send the output to one"
        raise UsageError(msg)
    for piece in pieces:
        if not emit_binary(stdout, piece):
            break


def _write_file(path: Path, pieces: Iterator[bytes]) -> None:
    """Write the pieces beside `path` and rename them over it, so that no half a file is left behind.

    A link is followed; what is no file (a device, a pipe) is written to, and stays what it is.
    """
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(pieces)
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with beside.open("xb") as file:
                file.writelines(pieces)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}."
        raise UnavailableError(msg) from error
