"""The end of the server is the end of every connection and every console, and waits for nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from podwire.settings.configuration import UserSettings
from podwire.ssh.server import SshServer
from podwire.support.clock import FixedClock

from .conftest import READER, Switch, serve

OPTIONS: dict[str, Any] = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}


class Access:
    """Lets everybody in."""

    def __init__(self) -> None:
        self.sessions: list[str] = []

    def user(self, name: str) -> UserSettings:
        return UserSettings(role="read-only")

    async def is_password(self, name: str, password: str) -> bool:
        return True

    def open_session(self, name: str) -> str:
        self.sessions.append(name)
        return name

    def close_session(self, token: str) -> None:
        self.sessions.remove(token)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[SshServer, Access, int]]:
    access = Access()
    server = SshServer(access, socket=folder / "s", folder=folder / "ssh", clock=FixedClock(0))  # type: ignore[arg-type]
    port = await server.open("127.0.0.1", 0)
    try:
        yield server, access, port
    finally:
        await server.close()


async def test_an_open_session_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as (server, access, port):
        before = children()
        client = await asyncssh.connect("127.0.0.1", port, username="ann", password="x", **OPTIONS)
        console = await client.create_process(term_type="xterm")
        shown = ""
        while "> " not in shown:
            shown += await console.stdout.read(1000)
        (child,) = children() - before
        await server.close()
        await asyncio.wait_for(client.wait_closed(), 60)
        assert (server.connections, access.sessions) == (set(), [])
        assert child not in children()


async def test_a_connection_without_a_login_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as (server, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"SSH-2.0-podwire")
        await server.close()
        while await reader.read(1000):
            pass
        writer.close()


async def test_closing_what_is_not_open(tmp_path: Path) -> None:
    async with serving(tmp_path) as (server, _, _):
        await server.close()
    await SshServer(Access(), socket=tmp_path, folder=tmp_path, clock=FixedClock(0)).close()  # type: ignore[arg-type]


def children() -> set[int]:
    """Return the processes that this one has started and that are there still."""
    lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(number) for path in lists for number in path.read_text(encoding="ascii").split()}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Switch]:
    """A switch that the test may end."""
    yield from serve(tmp_path)


async def test_a_daemon_with_an_open_session_ends(fresh: Switch) -> None:
    async with asyncssh.connect("127.0.0.1", fresh.port, username=READER[0], password=READER[1], **OPTIONS) as client:
        console = await client.create_process("switch-info-show format name show-interval 100ms")
        assert await console.stdout.readline() == "name: leaf1\n"
        fresh.process.terminate()
        assert await asyncio.to_thread(fresh.process.wait, 60) == 0
        await asyncio.wait_for(client.wait_closed(), 60)
    assert "Traceback" not in fresh.log
