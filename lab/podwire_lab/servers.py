"""What runs in every Pod: a small HTTP/1.1 server on real sockets of the Pod's namespace."""

from __future__ import annotations

import asyncio
import contextlib

from podwire_lab.namespaces import Namespace

PORT = 8080
"""Answers."""
CLOSED_PORT = 8081
"""Nobody listens: the Pod's kernel answers a SYN with RST."""
FILTERED_PORT = 8082
"""Listens, but its SYNs are dropped on the Pod's node while the `dropped` traffic runs."""
LATE_PORT = 8083
"""Listens; the `late` traffic drops the first SYNs."""
LISTENING = (PORT, FILTERED_PORT, LATE_PORT)

_HEADER_LIMIT = 16 * 1024
BODY_LIMIT = 16 * 1024 * 1024
"""Bytes in the body of a request; a longer one is cut off."""


class PodServers:
    """The servers of all Pods, on the running event loop."""

    def __init__(self) -> None:
        self._servers: dict[str, list[asyncio.Server]] = {}
        self._connections: dict[str, set[asyncio.StreamWriter]] = {}

    async def start(self, key: str, namespace: Namespace) -> None:
        """Begins to listen in the Pod's namespace."""
        self._connections[key] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(key, reader, writer)

        servers = self._servers.setdefault(key, [])
        for port in LISTENING:
            listener = namespace.socket()
            listener.bind(("0.0.0.0", port))  # noqa: S104 - all addresses of a Pod's own namespace
            servers.append(await asyncio.start_server(answer, sock=listener, limit=_HEADER_LIMIT))

    async def stop(self, key: str) -> None:
        """Stops listening and cuts the Pod's connections."""
        for server in self._servers.pop(key, []):
            server.close()
        for writer in self._connections.pop(key, set()):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def close(self) -> None:
        for key in list(self._servers):
            await self.stop(key)

    async def _serve(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[key].add(writer)
        body = f"hello from {key}\n".encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        try:
            while await _read_request(reader):
                writer.write(head + body)
                await writer.drain()
        except (OSError, ValueError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._connections.get(key, set()).discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> bool:
    """Reads one request with its body; False at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return False
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    if not 0 <= length <= BODY_LIMIT:
        raise ValueError(length)
    await reader.readexactly(length)
    return True
