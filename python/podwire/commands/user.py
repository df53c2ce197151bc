"""`user-…`: create, modify, delete and show the users of the console over SSH."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from podwire.catalog.user import USER
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import ConfigCommand, Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration, UserSettings
from podwire.support.errors import ConflictError, NotFoundError, UsageError
from podwire.support.passwords import hash_password

MOST_USERS = 1000
"""Users that there may be: more than administer any switch, and a bound on the document."""


class UserHandler:
    """Keeps the users; passwords as hashes only."""

    noun = USER

    def __init__(self, configurator: Configurator) -> None:
        self._configurator = configurator

    async def show(self, query: Query) -> Answer:
        """Return a row a user, in the order of their creation."""
        users = self._configurator.configuration.users
        rows = [
            {
                "name": name,
                "role": user.role,
                "password": bool(user.password_hash),
                "ssh-key": ",".join(map(fingerprint, user.ssh_keys)) or None,
            }
            for name, user in users.items()
        ]
        notes = [] if users else ["There is no user: nobody can log in over SSH; make one with user-create."]
        return answer_rows(query, rows, now_ns=0, notes=notes)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Create, modify or delete a user."""
        name = values["name"]
        if verb == "delete":
            await self._configurator.change(lambda document: _without(document, name))
            return ()
        fields = await _fields(values)

        def edit(document: Configuration) -> Configuration:
            user = _new(document, name, fields) if verb == "create" else _changed(document, name, fields)
            return msgspec.structs.replace(document, users=document.users | {name: user})

        await self._configurator.change(edit)
        return ()

    def running_config(self) -> Sequence[ConfigCommand]:
        """Return the commands that make the users again."""
        return [
            ConfigCommand("create", _config_values(name, user))
            for name, user in self._configurator.configuration.users.items()
        ]


def fingerprint(key: str) -> str:
    """Return the fingerprint of a public key as ssh-keygen prints it."""
    content = base64.b64decode(key.split(" ")[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


async def _fields(values: Values) -> dict[str, Any]:
    """Return the fields of UserSettings that the options set."""
    if "password" in values and "password-hash" in values:
        msg = "password and password-hash exclude each other"
        raise UsageError(msg)
    fields: dict[str, Any] = {}
    if "role" in values:
        fields["role"] = values["role"]
    if "password" in values:
        fields["password_hash"] = await asyncio.to_thread(hash_password, values["password"])
    elif "password-hash" in values:
        fields["password_hash"] = values["password-hash"]
    if "ssh-key" in values:
        fields["ssh_keys"] = tuple(values["ssh-key"].split(","))
    return fields


def _new(document: Configuration, name: str, fields: dict[str, Any]) -> UserSettings:
    if name in document.users:
        msg = f"The user {name} already exists; change it with user-modify."
        raise ConflictError(msg)
    if len(document.users) >= MOST_USERS:
        msg = f"There are {MOST_USERS} users already; delete one with user-delete."
        raise ConflictError(msg)
    if not fields.keys() & {"password_hash", "ssh_keys"}:
        msg = "user-create: give a password or an ssh-key, or the user could not log in"
        raise UsageError(msg)
    return UserSettings(**fields)


def _changed(document: Configuration, name: str, fields: dict[str, Any]) -> UserSettings:
    if name not in document.users:
        raise _unknown(name)
    return msgspec.structs.replace(document.users[name], **fields)


def _without(document: Configuration, name: str) -> Configuration:
    if name not in document.users:
        raise _unknown(name)
    users = {each: user for each, user in document.users.items() if each != name}
    return msgspec.structs.replace(document, users=users)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"The user {name} does not exist; user-show lists those that do.")


def _config_values(name: str, user: UserSettings) -> dict[str, Any]:
    values = {"name": name, "role": user.role}
    if user.password_hash:
        values["password-hash"] = user.password_hash
    if user.ssh_keys:
        values["ssh-key"] = ",".join(user.ssh_keys)
    return values
