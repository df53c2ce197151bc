"""Where passwords may stand in a line; and asks for one where a command makes a user without it at a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from podwire.catalog import Parameter
from podwire.cli.keywords import COMMANDS, Command, keywords
from podwire.cli.words import check_words
from podwire.support.errors import UsageError
from podwire.support.words import nearest

_COMMAND_LIKENESS = 0.75
"""From which likeness on a word is a slip for a command; names of commands and columns are more alike than options."""


def takes_secret(command: Command) -> bool:
    """Say whether one of the command's options is a secret, so that any word of it may be one in a wrong place."""
    return bool(_secret_options(command.name))


def may_hold_secret(words: Sequence[str]) -> bool:
    """Say whether a password may be among the words: one looks like a command that takes one, or like its option."""
    return any(map(_is_like_secret, words))


def check_line(words: Sequence[str]) -> None:
    """Raise UsageError for a word that no command can carry, without the word where it may be a password."""
    try:
        check_words(words)
    except UsageError:
        if not may_hold_secret(words):
            raise
        msg = "a word is not UTF-8 text, or holds a NUL character"
        raise UsageError(msg) from None


def _is_like_secret(word: str) -> bool:
    if word in COMMANDS:
        return takes_secret(COMMANDS[word])
    commands, options = _telling_words()
    # Also password=x, --password and user-create?.
    parts = [part for part in re.split("[^a-z-]+", word.lower()) if part]
    return any(nearest(part, options) or nearest(part, commands, likeness=_COMMAND_LIKENESS) for part in parts)


def _secret_options(name: str) -> list[str]:
    return [word.text for word in keywords(name).values() if word.type is not None and word.type.is_secret]


@cache
def _telling_words() -> tuple[list[str], list[str]]:
    """Return the commands that take a secret, and the options that are one."""
    commands = [name for name in COMMANDS if _secret_options(name)]
    return commands, sorted({option for name in commands for option in _secret_options(name)})


def with_password(command: Command, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, with the password that was asked for. Raises UsageError where the two answers differ."""
    options = (
        {each.keyword: each.type for each in command.verb.options if isinstance(each, Parameter)}
        if command.verb
        else {}
    )
    is_given = values.keys() & {"password", "password-hash", "ssh-key"}
    if command.verb is None or command.verb.name != "create" or "password" not in options or is_given:
        return dict(values)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return dict(values)
    import getpass  # noqa: PLC0415 - only here

    try:
        password = getpass.getpass("password: ")
        again = getpass.getpass("password again: ")
    except EOFError:
        password = again = ""
    if password != again:
        msg = f"{command.name}: the two passwords differ"
        raise UsageError(msg)
    try:
        return {**values, "password": options["password"].parse(password)}
    except ValueError as error:
        msg = f"{command.name}: password: what is given is not {error}"
        raise UsageError(msg) from None
