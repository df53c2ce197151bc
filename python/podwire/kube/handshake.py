"""Tells a server that refuses our client certificate from one that is broken.

In TLS 1.3 the client is done before the server has looked at its certificate (RFC 8446 §2): a refusal shows as a
connection that ends once the request is sent, and the alert that says why is often lost with it. On a connection on
which nothing is asked the alert arrives.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from podwire.kube.access import Access

_LISTEN_SECONDS = 1.0


async def ends_after_tls(access: Access, *, connect_seconds: float) -> bool:
    """Return whether the server ends a connection by itself right after TLS is set up. Never raises for the outside."""
    if access.tls is None or access.proxy:
        return False
    parts = urlsplit(access.server)
    host, port = parts.hostname or "", parts.port or 443
    try:
        async with asyncio.timeout(connect_seconds):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=access.tls, server_hostname=access.server_name or host
            )
    except (OSError, TimeoutError):
        return False
    try:
        async with asyncio.timeout(_LISTEN_SECONDS):
            return await reader.read(1) == b""
    except TimeoutError:
        # It waits for a request, as a server does.
        return False
    except (ssl.SSLError, ConnectionError):
        return True
    finally:
        writer.transport.abort()
