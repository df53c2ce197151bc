"""Who asks, and what they may do: the owner of the unix socket everything, the users over SSH what their role says."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from dataclasses import dataclass

from podwire.catalog import Noun
from podwire.commands.configuring import Configurator
from podwire.settings.configuration import UserSettings
from podwire.support.errors import ForbiddenError
from podwire.support.passwords import verify_password

ADMIN, READ_ONLY = "network-admin", "read-only"

_CHECKS_AT_ONCE = 2
"""Passwords that are checked at the same time: each takes 32 MiB and 100 ms of a core."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever gives a command."""

    name: str
    role: str


OWNER = Principal(ADMIN, ADMIN)
"""Who may open the unix socket, which is for its owner alone."""


def require(principal: Principal, noun: Noun, verb: str) -> None:
    """Raise ForbiddenError where the role does not reach for the command."""
    if principal.role == ADMIN or (verb == "show" and not noun.is_private):
        return
    msg = f"{noun.name}-{verb} needs the role {ADMIN}; {principal.name} has the role {principal.role}."
    raise ForbiddenError(msg)


class AccessControl:
    """Knows the users, and the tokens of the sessions that are open for them."""

    def __init__(self, configurator: Configurator) -> None:
        self._configurator = configurator
        self._tokens: dict[str, str] = {}
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    def user(self, name: str) -> UserSettings | None:
        """Return the user called `name`, or None."""
        return self._configurator.configuration.users.get(name)

    async def is_password(self, name: str, password: str) -> bool:
        """Say whether the user may log in with `password`; takes as long for a name that nobody has."""
        user = self.user(name)
        async with self._checks:
            return await asyncio.to_thread(verify_password, password, user.password_hash if user else "")

    def open_session(self, name: str) -> str:
        """Return a token that stands for the user until `close_session`."""
        token = secrets.token_urlsafe(32)
        self._tokens[token] = name
        return token

    def close_session(self, token: str) -> None:
        """Forget the token."""
        self._tokens.pop(token, None)

    async def principal(self, authorization: str | None) -> Principal:
        """Return who sends this `Authorization` header; the socket's owner where there is none.

        Raises ForbiddenError for a token that is not open, a wrong password, and a user who is no more.
        """
        if authorization is None:
            return OWNER
        scheme, _, value = authorization.partition(" ")
        if scheme == "Bearer":
            name = self._tokens.get(value, "")
        else:
            name, password = _basic(value) if scheme == "Basic" else ("", "")
            name = name if await self.is_password(name, password) else ""
        user = self.user(name)
        if user is None:
            msg = "The user or the password is wrong, or the user has been deleted; log in again."
            raise ForbiddenError(msg)
        return Principal(name, user.role)


def _basic(value: str) -> tuple[str, str]:
    """Read the name and the password of HTTP's Basic scheme (RFC 7617); both are empty where it is ill-formed."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password
