"""An API server for tests that can misbehave in every way that podwire has to survive. Real sockets, real TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

from .wording import Object, api_group, collection_of, error_line, event_line, group_of, key_of, status_body

DAEMON_SETS = "/apis/apps/v1/daemonsets"
SERVICES = "/api/v1/services"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
REPLICA_SETS = "/apis/apps/v1/replicasets"
JOBS = "/apis/batch/v1/jobs"


@dataclass
class Fault:
    """What the next matching requests get instead of an answer."""

    path: str
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    on: str = "any"
    """any, list or watch"""


class Attributes(NamedTuple):
    """What a request is about, as an authorizer sees it."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass
class _Watch:
    path: str
    name: str
    since: int
    queue: asyncio.Queue[bytes | None]


class Api:
    """Collections by path; every change has a version and goes to the watches."""

    def __init__(self) -> None:
        self.version = 100
        self.oldest = 0
        """Watches from before this version are told 410 in an ERROR line."""
        self.collections: dict[str, dict[tuple[str, str], Object]] = {"/api/v1/pods": {}, "/api/v1/nodes": {}}
        for path in (DAEMON_SETS, SERVICES, SLICES, REPLICA_SETS, JOBS):
            self.collections[path] = {}
        self.groups: dict[str, list[str]] = {"apps": ["v1"]}
        self.token = ""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.asked_at: list[float] = []
        """When each of the requests came, on the loop's clock."""
        self.date = ""
        """What the Date header says instead of the time."""
        self.accepted: dict[str, set[str]] = {}
        """The media types that were asked for, by path."""
        self.page_size = 0
        """Above 0: lists are given in pages of this size even where none were asked for."""
        self.is_silent = False
        """True: watches are opened and never say anything, nor end."""
        self.allowed: set[str] | None = None
        """`verb resource` pairs that the account has; None: all."""
        self.authorize: Callable[[Attributes], bool] | None = None
        """Decides instead of `allowed`, by everything that a request is about."""
        self._log: list[tuple[int, str, str, Object]] = []
        self._watches: list[_Watch] = []

    def put(self, path: str, thing: Object) -> None:
        """Create or change an object."""
        collection = self.collections.setdefault(path, {})
        key = key_of(thing)
        self.version += 1
        thing = json.loads(json.dumps(thing))
        thing["metadata"]["resourceVersion"] = str(self.version)
        self._tell(path, "MODIFIED" if key in collection else "ADDED", thing)
        collection[key] = thing

    def delete(self, path: str, name: str, namespace: str = "") -> None:
        """Remove an object."""
        thing = self.collections[path].pop((namespace, name))
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        self._tell(path, "DELETED", thing)

    def vanish(self, path: str, name: str, namespace: str = "") -> None:
        """Remove an object without telling any watch, and forget the past: only a new list shows it."""
        self.collections[path].pop((namespace, name))
        self.version += 1
        self.oldest = self.version
        self._log.clear()

    def bookmark(self) -> None:
        """Tell all watches the present version."""
        for watch in self._watches:
            # A watch from a version that is not reached yet is told nothing, not even that.
            if watch.since <= self.version:
                meta = {"resourceVersion": str(self.version)}
                watch.queue.put_nowait(event_line("BOOKMARK", {"kind": "Any", "metadata": meta}))

    def backup(self) -> tuple[int, str]:
        """Return the state, to set the storage back to it later."""
        things = {path: list(each.values()) for path, each in self.collections.items()}
        return self.version, json.dumps(things)

    def restore(self, backup: tuple[int, str]) -> None:
        """Set the storage back: versions count on from the older one, and nobody is told.

        The server starts with an empty history, so that a watch from before the backup is told 410.
        """
        self.version, things = backup[0], json.loads(backup[1])
        self.oldest = self.version
        self.collections = {path: {key_of(each): each for each in things.get(path, ())} for path in self.collections}
        self._log.clear()

    def say(self, path: str, line: bytes) -> None:
        """Put any bytes into the watches of a collection."""
        for watch in self._watches:
            if watch.path == path:
                watch.queue.put_nowait(line)

    def cut(self) -> None:
        """Break all watches off, in the middle of their bodies."""
        for watch in self._watches:
            watch.queue.put_nowait(None)

    def watches(self, path: str) -> int:
        """Return how many watches a collection has now."""
        return sum(watch.path == path for watch in self._watches)

    def asked(self, path: str, **query: str) -> int:
        """Count the requests for `path` whose query holds `query`."""
        return sum(p == path and query.items() <= q.items() for p, q in self.requests)

    def lists(self, path: str) -> int:
        """Count the lists that were asked for; a question for one object, which shows the version, is none."""
        return sum(p == path and "watch" not in q and q.get("limit") != "1" for p, q in self.requests)

    def _tell(self, path: str, kind: str, thing: Object) -> None:
        self._log.append((self.version, path, kind, thing))
        for watch in self._watches:
            if watch.path == path and watch.name in ("", thing["metadata"]["name"]) and watch.since < self.version:
                watch.queue.put_nowait(event_line(kind, thing))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        query = dict(request.query)
        self.requests.append((request.path, query))
        self.asked_at.append(asyncio.get_running_loop().time())
        self.accepted.setdefault(request.path, set()).add(request.headers["Accept"])
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401, text=status_body(401, "Unauthorized", "Unauthorized"))
        fault = self._fault(request.path, "watch" if "watch" in query else "list")
        if fault is not None:
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        if request.path == "/version":
            headers = {"Date": self.date} if self.date else {}
            return web.json_response({"major": "1", "gitVersion": "v1.36.2"}, headers=headers)
        if request.path == "/apis":
            return web.json_response(
                {"kind": "APIGroupList", "groups": [api_group(*each) for each in self.groups.items()]}
            )
        if request.method == "POST":
            return await self._review(request)
        return await self._read(request, query)

    async def _read(self, request: web.Request, query: dict[str, str]) -> web.StreamResponse:
        path, namespace, object_name = collection_of(request.path)
        if path not in self.collections and not namespace:
            return web.Response(status=404, text="404 page not found\n")
        verb = "get" if object_name else "watch" if "watch" in query else "list"
        resource = path.rpartition("/")[2]
        # The server takes the name out of the selector, as Kubernetes does (apiserver/pkg/endpoints/request).
        name = object_name or query.get("fieldSelector", "").removeprefix("metadata.name=")
        if not self._may(Attributes(verb, group_of(path), resource, namespace, name)):
            message = f'{resource} is forbidden: User "reader" cannot {verb} resource "{resource}"'
            return web.Response(status=403, text=status_body(403, "Forbidden", message, kind=resource))
        if verb == "watch":
            return await self._watch(request, path, name, query)
        things = self.collections.get(path, {}).items()
        items = [each for key, each in things if namespace in ("", key[0]) and name in ("", key[1])]
        if verb == "list":
            return self._list(items, query)
        if not items:
            return web.Response(status=404, text=status_body(404, "NotFound", "not found"))
        return web.json_response(items[0])

    def _list(self, items: list[Object], query: dict[str, str]) -> web.Response:
        if int(query.get("resourceVersion", "0")) > self.version:
            causes = [{"reason": "ResourceVersionTooLarge"}]
            body = status_body(504, "Timeout", "Too large resource version", causes=causes)
            return web.Response(status=504, text=body, headers={"Retry-After": "1"})
        size = int(query.get("limit", "0")) or self.page_size or len(items)
        begin = int(query.get("continue", "0"))
        meta: Object = {"resourceVersion": str(self.version)}
        if begin + size < len(items):
            meta["continue"] = str(begin + size)
        return web.json_response({"kind": "AnyList", "metadata": meta, "items": items[begin : begin + size]})

    async def _watch(self, request: web.Request, path: str, name: str, query: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        since = int(query.get("resourceVersion", "0"))
        watch = _Watch(path, name, since, asyncio.Queue())
        if 0 < since < self.oldest:
            watch.queue.put_nowait(error_line(410, "Expired", f"too old resource version: {since}"))
        for version, changed, kind, thing in self._log:
            if changed == path and version > since and name in ("", thing["metadata"]["name"]):
                watch.queue.put_nowait(event_line(kind, thing))
        self._watches.append(watch)
        try:
            await response.prepare(request)
            async with asyncio.timeout(None if self.is_silent else float(query.get("timeoutSeconds", "300"))):
                while True:
                    line = await watch.queue.get()
                    if line is None:
                        if request.transport is not None:
                            request.transport.abort()
                        return response
                    if not self.is_silent:
                        await response.write(line)
        except TimeoutError:
            await response.write_eof()
        finally:
            self._watches.remove(watch)
        return response

    async def _review(self, request: web.Request) -> web.Response:
        attributes = (await request.json())["spec"]["resourceAttributes"]
        words = (attributes.get(key, "") for key in ("verb", "group", "resource", "namespace", "name"))
        return web.json_response({"status": {"allowed": self._may(Attributes(*words))}}, status=201)

    def _may(self, asked: Attributes) -> bool:
        if self.authorize is not None:
            return self.authorize(asked)
        return self.allowed is None or f"{asked.verb} {asked.resource}" in self.allowed

    def _fault(self, path: str, verb: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path == path and fault.on in ("any", verb):
                fault.times -= 1
                return fault
        return None


@asynccontextmanager
async def serving(
    api: Api, tls: ssl.SSLContext | None = None, port: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve on loopback; gives the port. Ends at once, whatever is open."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01, access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_address=True)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        api.cut()
        await site.stop()
        # Connections that the kernel has accepted are still on their way to their handlers, which the clean-up closes.
        await asyncio.sleep(0.01)
        await runner.cleanup()
