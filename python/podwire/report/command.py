"""The words of `podwire report`, and the file that it writes."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from podwire.catalog.units import NS_PER_SECOND, parse_duration, parse_time
from podwire.cli.http import HttpTransport
from podwire.cli.transport import Transport
from podwire.report.facts import Span, gather
from podwire.settings.paths import default_socket
from podwire.support.arguments import Arguments
from podwire.support.errors import UnavailableError, UsageError
from podwire.support.words import quoted

DEFAULT = "1h"
_NO_PLOTLY = "The charts need plotly, which is not installed: pip install 'podwire[report]'."


def run_report(words: list[str]) -> int:
    """Ask the daemon and write the page; return the exit status."""
    given = _parser().read(words)
    path = Path(given.socket) if given.socket else default_socket()
    now_ns = time.time_ns()
    span = read_span(given.within_last, given.start_time, given.end_time, now_ns=now_ns)
    transport = HttpTransport(path)
    write_report(transport, span, Path(given.output), title=given.title, made_ns=now_ns)
    return 0


def _parser() -> Arguments:
    parser = Arguments(prog="podwire report", description="Write a page of charts about connections.")
    parser.add_argument("--within-last", metavar="TIME", help=f"the time until now: 30m, 1d; default: {DEFAULT}")
    parser.add_argument("--start-time", metavar="TIME", help="instead: from this time on (2026-01-31T12:00:00)")
    parser.add_argument("--end-time", metavar="TIME", help="until this time; default: now")
    parser.add_argument("--title", default="Connections", help="the heading of the page")
    parser.add_argument("--socket", metavar="PATH", help="the daemon's unix socket")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the page to write")
    return parser


def read_span(within: str | None, start: str | None, end: str | None, *, now_ns: int) -> Span:
    """Return the time that is asked for. Raises UsageError for what does not fit together."""
    if within is not None and start is not None:
        msg = "--within-last and --start-time exclude each other."
        raise UsageError(msg)
    end_ns = now_ns if end is None else _read("--end-time", end, parse_time)
    if start is None:
        start_ns = end_ns - _read("--within-last", within or DEFAULT, parse_duration)
    else:
        start_ns = _read("--start-time", start, parse_time)
    if start_ns < 0 or end_ns - start_ns < NS_PER_SECOND:
        msg = "The report would be about no time: its start must be a second before its end, or more."
        raise UsageError(msg)
    return Span(start_ns, end_ns)


def _read(option: str, text: str, parse: Callable[[str], int]) -> int:
    try:
        return parse(text)
    except ValueError as error:
        msg = f"{option}: {quoted(text)} is not {error}."
        raise UsageError(msg) from None


def write_report(transport: Transport, span: Span, output: Path, *, title: str, made_ns: int) -> None:
    """Gather the facts and write the page, whole or not at all. Raises PodwireError with one sentence."""
    try:
        from podwire.report.page import render  # noqa: PLC0415 - plotly is an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "plotly":
            raise
        raise UnavailableError(_NO_PLOTLY) from None
    page = render(gather(transport, span), title=title, made_ns=made_ns)
    try:
        _write_whole(output, page)
    except OSError as error:
        msg = f"The report {output} cannot be written: {error.strerror}."
        raise UnavailableError(msg) from error


def _write_whole(output: Path, page: str) -> None:
    """Write beside the file and put it in its place, unless it is something else than a file (a pipe, a terminal)."""
    output = output.resolve()
    if output.exists() and not output.is_file():
        output.write_text(page, encoding="utf-8")
        return
    number, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(page)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(output)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
