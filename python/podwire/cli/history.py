"""The shell's history of commands: one line each in a file of the person's own, which may fail without harm."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

from podwire.cli.complete import OWN_WORDS, without_prefixes
from podwire.cli.keywords import COMMANDS
from podwire.cli.secrets import may_hold_secret
from podwire.cli.words import split
from podwire.support.errors import UsageError

MOST_BYTES = 256 * 1024
"""The end of the file that is read; a file of twice this length is cut to it."""


def is_kept(line: str) -> bool:
    """Say whether a line goes to the file: one that the console understands and that can hold no password.

    What is mistyped may be, or hold, a password in a wrong place. The shell that it was typed in has it still.
    """
    try:
        words = split(line)
    except UsageError:
        return False
    if may_hold_secret(words):
        return False
    command = without_prefixes(words)[:1]
    return not command or command[0] in COMMANDS or command[0] in OWN_WORDS


class LineHistory(History):
    """Keeps commands in a file that only its owner may read. What stands against the file is no error of the shell."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """Return the commands of earlier shells, the latest first."""
        try:
            content = self._read()
        except OSError:
            return []
        return [line for line in reversed(content.decode("utf-8", "replace").split("\n")) if line]

    def store_string(self, string: str) -> None:
        """Add a command to the file, unless it may hold a password."""
        if not is_kept(string):
            return
        line = string.replace("\n", " ").encode("utf-8", "replace") + b"\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(line, os.O_APPEND)
        except OSError:
            return

    def _read(self) -> bytes:
        content = self._path.read_bytes()
        if len(content) <= MOST_BYTES:
            return content
        _, _, end = content[-MOST_BYTES:].partition(b"\n")
        if len(content) > 2 * MOST_BYTES:
            self._write(end, os.O_TRUNC)
        return end

    def _write(self, content: bytes, mode: int) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
