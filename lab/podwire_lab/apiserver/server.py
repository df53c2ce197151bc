"""The HTTP face of the emulator: paths to verbs, users to rights, documents to bytes."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from podwire_lab.apiserver import problems, reads, watches
from podwire_lab.apiserver.access import User, Users, review
from podwire_lab.apiserver.faults import Faults, Request
from podwire_lab.apiserver.kinds import Kinds
from podwire_lab.apiserver.problems import ApiError, PlainNotFoundError
from podwire_lab.apiserver.reads import Target
from podwire_lab.apiserver.routes import about, target_of, verb_of
from podwire_lab.apiserver.store import Store
from podwire_lab.apiserver.tables import form_of, shape_list, shape_one
from podwire_lab.apiserver.writes import APPLY, JSON, MERGE, STRATEGIC, Writer

Object = dict[str, Any]

GZIP_FROM = 128 * 1024
"""Bytes from which a list is compressed where the client allows it (kube-apiserver's defaultGzipThresholdBytes)."""
MAX_BODY = 3 * 1024 * 1024
_HEALTH = {"/healthz", "/livez", "/readyz"}
_BODY_TYPES = {"application/json", "application/yaml", "application/octet-stream", MERGE, JSON, STRATEGIC, APPLY}
"""octet-stream is what aiohttp takes a body without a type for."""
_WATCH_TYPE = "application/json"


@dataclass(frozen=True)
class ServerSettings:
    """What differs between real servers."""

    version: str = "v1.36.2"
    """gitVersion."""
    has_watch_list: bool = True
    """Streams initial events (feature gate WatchList)."""
    bookmark_seconds: float = 60.0
    """Seconds between two bookmarks of a watch; real servers take about a minute."""


class ApiServer:
    """The emulator: `listen` as often as wanted, then `close`. One event loop."""

    def __init__(self, settings: ServerSettings | None = None) -> None:
        self.settings = settings or ServerSettings()
        self.store = Store(Kinds())
        self.writer = Writer(self.store)
        self.faults = Faults()
        self.users = Users()
        self._bind: Callable[[], list[socket.socket]] | None = None
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._streams: dict[int, web.Request] = {}

    async def listen(self, bind: Callable[[], list[socket.socket]], context: ssl.SSLContext) -> None:
        """Serves TLS on the sockets that `bind` returns; it is called again after each time of being down."""
        self._bind, self._context = bind, context
        await self.resume()

    async def resume(self) -> None:
        """Listens, if it does not already."""
        if self._runner is not None or self._bind is None:
            return
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        try:
            for bound in self._bind():
                await web.SockSite(self._runner, bound, ssl_context=self._context, backlog=64).start()
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Goes down: cuts all connections, and refuses new ones until `resume`."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            self.drop_streams()
            await runner.cleanup()

    @property
    def is_up(self) -> bool:
        return self._runner is not None

    def drop_streams(self) -> int:
        """Cuts all open watches without an end mark; returns how many."""
        streams = list(self._streams.values())
        for request in streams:
            if request.transport is not None:
                request.transport.abort()
        return len(streams)

    @property
    def open_watches(self) -> int:
        return len(self._streams)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ApiError as error:
            headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            return _json(request, error.document, error.code, headers)
        except PlainNotFoundError:
            return web.Response(text="404 page not found\n", status=404, headers={"X-Content-Type-Options": "nosniff"})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request)
        path = request.path.rstrip("/")
        target = target_of(self.store.kinds, path)
        verb = verb_of(request.method, request.query, target)
        await self.faults.apply(
            Request(
                user.name,
                verb,
                target.resource if target else None,
                target.namespace if target else "",
                target.name if target else "",
            )
        )
        if target is None:
            if path in _HEALTH:
                return web.Response(text="ok", headers={"X-Content-Type-Options": "nosniff"})
            return _json(request, about(self.store.kinds, path, self.settings.version))
        if not user.may(verb, target.resource.group, target.resource.plural):
            raise problems.forbidden(user.name, verb, target.resource, target.namespace, target.name)
        return await self._verbs[verb](self, request, user, target)

    def _user(self, request: web.Request) -> User:
        certificate = request.get_extra_info("peercert")
        user = self.users.of(request.headers.get("Authorization", ""), certificate)
        if user is None:
            raise problems.unauthorized()
        return user

    async def _get(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        form = form_of(request.headers.get("Accept", ""))
        found = reads.read(self.store, target)
        return _json(request, shape_one(form, target.resource, found, request.query.get("includeObject", "Metadata")))

    async def _list(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        form = form_of(request.headers.get("Accept", ""))
        found = reads.listing(self.store, target, request.query)
        return _json(request, shape_list(form, target.resource, found, request.query.get("includeObject", "Metadata")))

    async def _watch(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        form = form_of(request.headers.get("Accept", ""))
        order = watches.order_of(request.query, target, self.settings.has_watch_list)
        response = web.StreamResponse(headers=_headers({"Content-Type": _WATCH_TYPE}))
        response.enable_chunked_encoding()
        await response.prepare(request)
        self._streams[id(request)] = request
        include = request.query.get("includeObject", "Metadata")
        try:
            async for kind, item in watches.events(self.store, order, self.settings.bookmark_seconds):
                is_object = kind not in {"ERROR", "BOOKMARK"}
                shown = shape_one(form, target.resource, item, include) if is_object else item
                await response.write(_dump({"type": kind, "object": shown}) + b"\n")
            await response.write_eof()
        except ConnectionResetError:
            pass  # the client went away, or the stream was cut
        finally:
            self._streams.pop(id(request), None)
        return response

    async def _create(self, request: web.Request, user: User, target: Target) -> web.StreamResponse:
        body = await _body(request)
        if target.resource.verbs == ("create",):
            return _json(request, review(user, self.faults, target.resource, body), 201)
        return _json(request, self.writer.create(target, body), 201)

    async def _update(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        return _json(request, self.writer.update(target, await _body(request)))

    async def _patch(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        return _json(request, self.writer.patch(target, request.content_type, await _body(request)))

    async def _delete(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        return _json(request, self.writer.delete(target, await _options(request)))

    async def _delete_all(self, request: web.Request, _user: User, target: Target) -> web.StreamResponse:
        return _json(request, self.writer.delete_all(target, request.query, await _options(request)))

    _verbs: dict[str, Callable[[ApiServer, web.Request, User, Target], Awaitable[web.StreamResponse]]] = {  # noqa: RUF012
        "get": _get,
        "list": _list,
        "watch": _watch,
        "create": _create,
        "update": _update,
        "patch": _patch,
        "delete": _delete,
        "deletecollection": _delete_all,
    }


async def _body(request: web.Request) -> Any:
    if request.content_type not in _BODY_TYPES:
        raise problems.unsupported_media(request.content_type, "application/json, application/yaml")
    text = await request.text()
    try:
        found = yaml.safe_load(text) if "yaml" in request.content_type else json.loads(text)
    except (ValueError, yaml.YAMLError) as error:
        raise problems.bad_request(f"the body of the request cannot be read: {error}") from error
    if not isinstance(found, dict | list):
        raise problems.bad_request("the body of the request is not an object")
    return found


async def _options(request: web.Request) -> Object:
    found: Object = {} if not request.can_read_body else await _body(request)
    if "gracePeriodSeconds" in request.query:
        found["gracePeriodSeconds"] = request.query["gracePeriodSeconds"]
    return found


def _dump(document: Object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _headers(more: dict[str, str]) -> dict[str, str]:
    return {"Audit-Id": str(uuid.uuid4()), "Cache-Control": "no-cache, private", **more}


def _json(
    request: web.Request, document: Object, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    body = _dump(document) + b"\n"
    more = {"Content-Type": "application/json", **(headers or {})}
    if len(body) > GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 1)
        more |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return web.Response(body=body, status=status, headers=_headers(more))
