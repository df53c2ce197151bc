"""From a typed line to words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from podwire.support.errors import UsageError
from podwire.support.words import quoted


def split(line: str) -> list[str]:
    """Split a line into words, with quotes and backslashes as in a shell. Raises UsageError for unbalanced quotes."""
    try:
        return shlex.split(line)
    except ValueError:
        msg = "unbalanced quotes: close every ' and \", or put a backslash before each"
        raise UsageError(msg) from None


def check_words(words: Sequence[str]) -> None:
    """Raise UsageError for a word that no command can carry: bytes that are not UTF-8, or a NUL."""
    for word in words:
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            msg = f"{quoted(word)} is not UTF-8 text"
            raise UsageError(msg) from None
        if "\0" in word:
            msg = f"{quoted(word)} holds a NUL character"
            raise UsageError(msg)
