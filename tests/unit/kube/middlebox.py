"""What stands between podwire and an API server: it forwards TCP, and can swallow bytes or cut connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Middlebox:
    """Forwards connections on loopback to one port."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.opened = 0
        """Connections that were forwarded."""
        self.cut_seconds: float | None = None
        """After how long each new connection is cut; None: never."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._swallowed: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def swallow(self) -> None:
        """Forward nothing more on the connections that are open now: neither bytes nor an end. New ones work."""
        self._swallowed |= self._writers

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        self.opened += 1
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        pair = {writer, to_writer}
        self._writers |= pair
        if self.cut_seconds is not None:
            asyncio.get_running_loop().call_later(self.cut_seconds, lambda: [each.transport.abort() for each in pair])
        ways = (self._forward(reader, to_writer), self._forward(to_reader, writer))
        tasks = {asyncio.create_task(way) for way in ways}
        self._tasks |= tasks
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks -= tasks
        self._writers -= pair

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if writer not in self._swallowed:
                    writer.write(data)
                    await writer.drain()
        if writer not in self._swallowed:
            writer.close()

    def close(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        self.cut()


@asynccontextmanager
async def between(to_port: int) -> AsyncIterator[tuple[Middlebox, int]]:
    """Stand before `to_port`; gives the port to speak to instead."""
    box = Middlebox(to_port)
    server = await asyncio.start_server(box.accept, "127.0.0.1", 0)
    try:
        yield box, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        box.close()
        await asyncio.sleep(0.01)
