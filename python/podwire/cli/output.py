"""Writing to where output goes, which may be full, or closed by a reader that has seen enough (`| head`)."""

from __future__ import annotations

import os
from typing import TextIO

from podwire.support.errors import UnavailableError


def emit(stream: TextIO, text: str) -> None:
    """Write `text` at once. A closed pipe is silent; raises UnavailableError for what else stands against it."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        msg = f"The output cannot be written: {error.strerror or error}."
        raise UnavailableError(msg) from error


def _silence(stream: TextIO) -> None:
    """Send what is still buffered to nowhere, so that the interpreter's end does not complain of the same again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
