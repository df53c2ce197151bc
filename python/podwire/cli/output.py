"""Writing to where output goes, which may be full, or closed by a reader that has seen enough (`| head`)."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TextIO

from podwire.support.errors import UnavailableError


def emit(stream: TextIO, text: str) -> bool:
    """Write `text` at once; return False where the reader is gone, which is no error.

    Raises UnavailableError for what else stands against it.
    """
    return _tried(stream, lambda: stream.write(text))


def has_reader(stream: TextIO) -> bool:
    """Say whether anybody may still read what is written: the other end of a pipe is not closed."""
    poller = select.poll()
    try:
        poller.register(stream.fileno(), 0)
    except (OSError, ValueError):
        return True
    return not any(events & (select.POLLERR | select.POLLHUP) for _, events in poller.poll(0))


def end_line(stream: TextIO) -> None:
    """Begin a new line on a terminal, which has drawn ^C where the cursor was: editors count from the line's start."""
    if stream.isatty():
        emit(stream, "\n")


def emit_bytes(stream: TextIO, content: bytes) -> bool:
    """Write UTF-8 text as it is, without decoding it where the stream allows; otherwise like `emit`."""
    binary = getattr(stream, "buffer", None)
    if binary is None or (getattr(stream, "encoding", None) or "").lower() not in ("utf-8", "utf8"):
        return emit(stream, content.decode("utf-8", "replace"))

    return emit_binary(stream, content)


def emit_binary(stream: TextIO, content: bytes) -> bool:
    """Write bytes as they are, like `emit`, to a stream that takes them."""
    binary = stream.buffer

    def write() -> None:
        stream.flush()
        binary.write(content)

    return _tried(stream, write)


def _tried(stream: TextIO, write: Callable[[], object]) -> bool:
    try:
        write()
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
        return False
    except OSError as error:
        _silence(stream)
        msg = f"The output cannot be written: {error.strerror or error}."
        raise UnavailableError(msg) from error
    return True


def _silence(stream: TextIO) -> None:
    """Send what is still buffered to nowhere, so that the interpreter's end does not complain of the same again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
