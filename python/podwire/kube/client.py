"""One API server over HTTP: single objects, and bodies that stream. Every fault comes out as an error of this room."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
import yarl

from podwire.kube.access import Access
from podwire.kube.answers import error_of, seconds_of, skew_of, status_of
from podwire.kube.errors import (
    BrokenStreamError,
    KubeError,
    MalformedError,
    SilentStreamError,
    is_cut,
    refused_certificate,
    translate,
)
from podwire.kube.handshake import ends_after_tls
from podwire.kube.schema import Version
from podwire.settings.kube import KubeSettings

_JSON = "application/json"
_VERSION_PATH = "/version"
_MOST_ERROR_BYTES = 64 << 10
_READ_BYTES = 256 << 10
_MOST_CONNECTIONS = 256
_LEAST_SECRET = 8
"""Shorter than any token in use; a placeholder such as "t" would blot every sentence out."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Question:
    """One request."""

    method: str
    path: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str]
    data: bytes | None = None


class ApiClient:
    """A session with one API server. Use as an async context manager."""

    def __init__(self, access: Access, settings: KubeSettings) -> None:
        self.access = access
        self.list_slots = asyncio.Semaphore(settings.lists_at_once)
        """Held while a list is read."""
        self.skew_seconds = 0.0
        """How far the server's clock was ahead of ours when it last told its version; within a second of the truth."""
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = [
            ("Accept", _JSON),
            ("Accept-Encoding", "gzip" if self._settings.use_compression else "identity"),
            ("User-Agent", "podwire"),
            *self.access.headers,
        ]
        if self.access.authorization:
            headers.append(("Authorization", self.access.authorization))
        connector = aiohttp.TCPConnector(
            ssl=self.access.tls or False,
            limit=_MOST_CONNECTIONS,
            socket_factory=self._watched_socket,
            use_dns_cache=False,
        )
        self._session = aiohttp.ClientSession(
            connector=connector, headers=headers, read_bufsize=_READ_BYTES, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def _watched_socket(self, info: tuple[Any, Any, int, str, Any]) -> socket.socket:
        """Make a socket whose peer is asked for a sign of life, also on a watch on which nothing happens."""
        family, kind, protocol, _, _ = info
        settings = self._settings
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, settings.keepalive_idle_seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, settings.keepalive_interval_seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, settings.keepalive_probes)
        return made

    async def version(self) -> str:
        """Return the server's `gitVersion`; also the question whether server and credentials are good."""
        answer = await self.get(_VERSION_PATH, Version, wanted="get /version")
        return answer.git_version or ""

    async def get(self, path: str, kind: type[T], *, wanted: str) -> T:
        """Read one document of at most `most_answer_bytes`. `wanted` says in an error what was asked: `list pods`."""
        return await self._document("GET", path, None, kind, wanted)

    async def post(self, path: str, body: Any, kind: type[T], *, wanted: str) -> T:
        """Send a review (a question that is asked by POST and changes nothing) and read its answer."""
        return await self._document("POST", path, msgspec.json.encode(body), kind, wanted)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, wanted: str, silence_seconds: float, accept: str = _JSON
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a list or watch and give its body as it comes; a silence over `silence_seconds` ends it."""
        question = _Question("GET", path, params, headers={"Accept": accept})
        response = await self._open(question, wanted=wanted, silence=silence_seconds)
        try:
            async with aclosing(self._chunks(response)) as chunks:
                yield chunks
        finally:
            response.close()

    async def _document(self, method: str, path: str, data: bytes | None, kind: type[T], wanted: str) -> T:
        silence = self._settings.answer_seconds
        headers = {"Content-Type": _JSON} if data is not None else {}
        response = await self._open(_Question(method, path, None, headers, data), wanted=wanted, silence=silence)
        try:
            body = await self._whole(response)
        finally:
            response.close()
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedError(
                f"{self.access.server} does not answer like an API server to {wanted}: check the server's address."
            ) from error

    async def _open(self, question: _Question, *, wanted: str, silence: float) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the client is not open")
        timeout = aiohttp.ClientTimeout(
            connect=self._settings.connect_seconds, sock_connect=self._settings.connect_seconds, sock_read=silence
        )
        try:
            response = await self._session.request(
                question.method,
                yarl.URL(self.access.server + question.path, encoded=True),
                params=question.params,
                data=question.data,
                headers=question.headers,
                allow_redirects=False,
                timeout=timeout,
                server_hostname=self.access.server_name or None,
                proxy=self.access.proxy or None,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if is_cut(error) and await ends_after_tls(self.access, connect_seconds=self._settings.connect_seconds):
                raise refused_certificate(self.access.server) from error
            raise translate(error, self.access.server) from error
        if question.path == _VERSION_PATH:
            self.skew_seconds = skew_of(response.headers.get("Date"), time.time())
        if response.status == 200 or (question.method == "POST" and response.status == 201):
            return response
        try:
            raise await self._failure(response, wanted)
        finally:
            response.close()

    async def _failure(self, response: aiohttp.ClientResponse, wanted: str) -> KubeError:
        body = b""
        with suppress(aiohttp.ClientError, OSError):
            body = await response.content.read(_MOST_ERROR_BYTES)
        status = status_of(body)
        status.message = self._without_secrets(status.message or "")
        retry_after = seconds_of(response.headers.get("Retry-After"))
        return error_of(response.status, status, wanted=wanted, server=self.access.server, retry_after=retry_after)

    def error_in_stream(self, status_object: msgspec.Raw, wanted: str) -> KubeError:
        """Make the error that an ERROR line of a watch reports."""
        status = status_of(status_object)
        status.message = self._without_secrets(status.message or "")
        return error_of(status.code or 500, status, wanted=wanted, server=self.access.server)

    def _without_secrets(self, text: str) -> str:
        secret = self.access.authorization.partition(" ")[2]
        return text.replace(secret, "…") if len(secret) >= _LEAST_SECRET else text

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in self._chunks(response):
            body += chunk
            if len(body) > self._settings.most_answer_bytes:
                raise MalformedError(f"An answer of {self.access.server} is larger than any should be.")
        return bytes(body)

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        server = self.access.server
        try:
            while chunk := await response.content.readany():
                yield chunk
        except TimeoutError as error:
            raise SilentStreamError(f"An answer of {server} fell silent: it is asked again.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise BrokenStreamError(f"{server} broke an answer off: it is asked again.") from error
