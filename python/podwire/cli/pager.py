"""Shows long output of the shell a page at a time."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys

from podwire.cli.output import emit

_PAGER = "less -FRX"
"""Leaves at once where all fits, and leaves what was read on the screen."""


def show(text: str, *, is_paged: bool) -> None:
    """Print `text`, through the pager where it is wanted, longer than the terminal, and there is one."""
    height = shutil.get_terminal_size().lines
    command = _command() if is_paged and text.count("\n") >= height else []
    if not command or not _piped(command, text):
        emit(sys.stdout, text)


def _command() -> list[str]:
    """Return the words of the pager; none where there is none, or a terminal that cannot do it."""
    if os.environ.get("TERM", "dumb") == "dumb":
        return []
    try:
        words = shlex.split(os.environ.get("PAGER") or _PAGER)
    except ValueError:
        return []
    return words if words and shutil.which(words[0]) else []


def _piped(command: list[str], text: str) -> bool:
    """Run the pager over `text`; False where it could not be started."""
    try:
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="replace")  # noqa: S603
    except OSError:
        return False
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        pager.communicate(text)
    while pager.poll() is None:
        # Ctrl-C belongs to the pager while it has the terminal.
        with contextlib.suppress(KeyboardInterrupt):
            pager.wait()
    return True
