"""The shell's history of commands: one line each in a file of the person's own, which may fail without harm."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

from podwire.cli.keywords import COMMANDS, keywords

MOST_BYTES = 256 * 1024
"""The end of the file that is read; a file of twice this length is cut to it."""


_SECRET_WORDS = frozenset(
    word.text for name in COMMANDS for word in keywords(name).values() if word.type is not None and word.type.is_secret
)


def holds_secret(line: str) -> bool:
    """Say whether a line may hold a password: it has a word that is followed by one."""
    return not _SECRET_WORDS.isdisjoint(line.split())


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
        """Add a command to the file, unless it holds a password."""
        if holds_secret(string):
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
