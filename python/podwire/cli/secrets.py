"""Asks for a password where a command makes a user without one and somebody is there to type it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from podwire.catalog import Parameter
from podwire.cli.keywords import Command
from podwire.support.errors import UsageError


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
