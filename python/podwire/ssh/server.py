"""The SSH server: logins by key or password, each session a console with the rights of its user."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import asyncssh

from podwire.commands.access import AccessControl
from podwire.ssh.console import Console, environment_of
from podwire.ssh.host_keys import host_keys
from podwire.ssh.limits import LoginLimits
from podwire.support.clock import Clock
from podwire.support.errors import UnavailableError

_log = logging.getLogger(__name__)

MOST_SESSIONS = 32
"""Consoles at a time: each is a process of some 30 MB."""
MOST_CONNECTIONS = 128
"""Connections at a time, those that have not logged in among them."""
LOGIN_SECONDS = 30
KEEPALIVE_SECONDS = 60
CLOSE_SECONDS = 5.0
"""How long `close` waits for the consoles to end: more than each is given before it is killed."""


class SshServer:
    """Listens on one port."""

    def __init__(self, access: AccessControl, *, socket: Path, folder: Path, clock: Clock) -> None:
        """`socket` is the REST server's, `folder` where host keys and the users' histories are kept."""
        self.access = access
        self.clock = clock
        self.limits = LoginLimits()
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._socket = socket.absolute()
        self._folder = folder.absolute()
        self.is_closing = False
        self._sessions: set[asyncio.Task[None]] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def open(self, address: str, port: int) -> int:
        """Listen; return the port. Raises UnavailableError where the port or the host keys cannot be used."""
        keys = await asyncio.to_thread(host_keys, self._folder)
        try:
            self._acceptor = await asyncssh.create_server(
                lambda: _Login(self),
                address,
                port,
                server_host_keys=keys,
                process_factory=self._serve,
                encoding=None,
                line_editor=False,
                allow_scp=False,
                agent_forwarding=False,
                x11_forwarding=False,
                login_timeout=LOGIN_SECONDS,
                keepalive_interval=KEEPALIVE_SECONDS,
                server_version="podwire",
            )
        except OSError as error:
            # asyncio puts a sentence of its own in the place of the system's.
            reason = os.strerror(error.errno) if error.errno else str(error)
            msg = f"The SSH port {address}:{port} cannot be used: {reason}. Choose another with --ssh."
            raise UnavailableError(msg) from error
        return self._acceptor.get_port()

    async def close(self) -> None:
        """Stop listening and end every session. Closing what is not open is allowed."""
        if self._acceptor is None:
            return
        acceptor, self._acceptor, self.is_closing = self._acceptor, None, True
        acceptor.close()
        # asyncssh leaves its connections open; since Python 3.12, its acceptor waits for their end.
        for connection in list(self.connections):
            connection.close()
        waits = {asyncio.ensure_future(acceptor.wait_closed()), *self._sessions}
        _, left = await asyncio.wait(waits, timeout=CLOSE_SECONDS)
        for task in left:
            task.cancel()

    async def _serve(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run one session to its end."""
        if channel.subsystem is not None or len(self._sessions) >= MOST_SESSIONS:
            what = f"The subsystem {channel.subsystem} is not served" if channel.subsystem else "Too many sessions"
            channel.stderr.write(f"{what}.\n".encode())
            channel.exit(1)
            return
        name = str(channel.get_extra_info("username"))
        token = self.access.open_session(name)
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            terminal = channel.term_type or ""
            environment = environment_of(name, token, socket=self._socket, folder=self._folder, terminal=terminal)
            channel.exit(await Console(channel, environment).run())
        except OSError as error:
            _log.warning("SSH: no console for %s: %s", name, error)
            channel.exit(1)
        finally:
            self._sessions.discard(task)
            self.access.close_session(token)


class _Login(asyncssh.SSHServer):
    """One connection until its user is known."""

    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None
        self._address = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take note of who comes; turn away what is too much."""
        self._connection = conn
        self._address = str((conn.get_extra_info("peername") or ("",))[0])
        self._server.connections.add(conn)
        if self._server.is_closing:
            conn.abort()
        elif len(self._server.connections) > MOST_CONNECTIONS or self._is_blocked():
            _log.warning(
                "SSH: a connection from %s is turned away: too many connections or failed logins", self._address
            )
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place free."""
        del exc
        if self._connection is not None:
            self._server.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Everybody has to log in."""
        del username
        return True

    def auth_completed(self) -> None:
        """Forget earlier failures of the address."""
        self._server.limits.succeeded(self._address)
        name = self._connection.get_extra_info("username") if self._connection else ""
        _log.info("SSH: %s logged in from %s", name, self._address)

    def password_auth_supported(self) -> bool:
        """Say that passwords are taken."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Check a password, unless its sender has been wrong too often."""
        if not self._is_blocked() and await self._server.access.is_password(username, password):
            return True
        self._failed(username)
        return False

    def public_key_auth_supported(self) -> bool:
        """Say that keys are taken."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Check a key. One that does not fit is no failure: clients offer all that they have."""
        user = self._server.access.user(username)
        return user is not None and any(_is_same(key, line) for line in user.ssh_keys)

    def _is_blocked(self) -> bool:
        return self._server.limits.is_blocked(self._address, self._server.clock.now_ns())

    def _failed(self, username: str) -> None:
        self._server.limits.failed(self._address, self._server.clock.now_ns())
        # A name that nobody has may be a password that was typed in the wrong place.
        name = username if self._server.access.user(username) else "an unknown user"
        _log.warning("SSH: login of %s from %s failed", name, self._address)
        if self._is_blocked() and self._connection is not None:
            _log.warning("SSH: %s has to wait before it may log in", self._address)
            self._connection.abort()


def _is_same(key: asyncssh.SSHKey, line: str) -> bool:
    try:
        return asyncssh.import_public_key(line).public_data == key.public_data
    except asyncssh.KeyImportError:
        return False
