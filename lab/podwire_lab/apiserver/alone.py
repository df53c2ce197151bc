"""The emulator without a network around it: on a loopback port, with its kubeconfigs, in the caller's event loop."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from podwire_lab.apiserver.pki import Authority, server_context, write_kubeconfig
from podwire_lab.apiserver.server import ApiServer, ServerSettings

LOOPBACK = "127.0.0.1"


def bind(port: int, inside: socket.socket | None = None) -> socket.socket:
    """A bound TCP socket on the loopback address; `inside` is a fresh socket of another namespace."""
    bound = inside or socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.close()
        raise
    return bound


def publish(api: ApiServer, authority: Authority, url: str, folder: Path) -> None:
    """Writes `kubeconfig` (reader, token), `kubeconfig-cert` (reader) and `kubeconfig-admin` (certificates)."""
    users = api.users
    write_kubeconfig(folder / "kubeconfig", url, authority, users.reader)
    for name, user in (("kubeconfig-cert", users.reader), ("kubeconfig-admin", users.admin)):
        write_kubeconfig(folder / name, url, authority, user, authority.client(user))


@asynccontextmanager
async def standalone(folder: Path, settings: ServerSettings | None = None) -> AsyncIterator[ApiServer]:
    """Serves an empty store while inside; `folder` gets the kubeconfigs. Its Pods are objects only: none is started."""
    api = ApiServer(settings)
    authority = Authority()
    first = bind(0)
    port = int(first.getsockname()[1])
    context = server_context(authority, authority.server((LOOPBACK,)), folder)
    fresh = [first]
    await api.listen(lambda: [fresh.pop() if fresh else bind(port)], context)
    publish(api, authority, f"https://{LOOPBACK}:{port}", folder)
    try:
        yield api
    finally:
        await api.close()
