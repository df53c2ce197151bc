"""An API server for measurements, in a process of its own: python -m bench.kube_server FOLDER --pods N --nodes N.

It lists and watches a cluster of any size over TLS and writes `kubeconfig` into FOLDER. `POST /bench/churn` with the
parameters `rate` and `seconds` makes Pods end and begin at that rate on the open watches. Each event that tells a new
address has the time at which it was due in its `startTime`, so that a server that falls behind shows as lag too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from aiohttp import web

from bench.kube_objects import World
from podwire_lab.apiserver.access import User
from podwire_lab.apiserver.pki import Authority, server_context, write_kubeconfig

_WRITE_OBJECTS = 40
_BOOKMARK_SECONDS = 20.0
_STEP_SECONDS = 0.01

Render = Callable[[World], Iterable[bytes]]

_COLLECTIONS: dict[str, Render] = {
    "/api/v1/nodes": World.all_nodes,
    "/api/v1/services": World.all_services,
    "/apis/discovery.k8s.io/v1/endpointslices": World.all_slices,
    "/apis/apps/v1/replicasets": World.all_replica_sets,
    "/apis/apps/v1/daemonsets": lambda _: (),
    "/apis/batch/v1/jobs": lambda _: (),
}
_PODS = "/api/v1/pods"


class Server:
    """Answers for one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._life = world.life()
        self._watches: set[web.StreamResponse] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.path == "/version":
            return web.json_response({"major": "1", "minor": "36", "gitVersion": "v1.36.2"})
        if request.path == "/apis":
            return web.json_response({"kind": "APIGroupList", "groups": []})
        if request.path == "/bench/churn":
            return await self._churn(float(request.query["rate"]), float(request.query["seconds"]))
        if request.path not in (*_COLLECTIONS, _PODS):
            return web.Response(status=404, text="404 page not found\n")
        if "watch" in request.query:
            return await self._watch(request)
        return await self._list(request)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        begin, limit = int(request.query.get("continue", "0")), int(request.query.get("limit", "0"))
        meta = {"resourceVersion": str(self._world.version)}
        if request.path == _PODS:
            end = begin + limit if limit else self._world.pods
            items: Iterator[bytes] = self._world.all_pods(begin, end)
            if end < self._world.pods:
                meta["continue"] = str(end)
        else:
            items = iter(_COLLECTIONS[request.path](self._world))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"kind":"List","apiVersion":"v1","metadata":%b,"items":[' % json.dumps(meta).encode())
        lead = b""
        while batch := list(islice(items, _WRITE_OBJECTS)):
            await response.write(lead + b",".join(batch))
            lead = b","
        await response.write(b"]}\n")
        return response

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = request.query.get("resourceVersion", "")
        if request.path == _PODS and since != str(self._world.version):
            # It keeps no past: whoever missed something lists again.
            status = b'{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old"}'
            await response.write(b'{"type":"ERROR","object":%b}\n' % status)
            return response
        if request.path == _PODS:
            self._watches.add(response)
        try:
            while True:
                await asyncio.sleep(_BOOKMARK_SECONDS)
                line = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d"}}}\n' % self._world.version
                await response.write(line)
        except (ConnectionError, asyncio.CancelledError):
            return response
        finally:
            self._watches.discard(response)

    async def _churn(self, rate: float, seconds: float) -> web.Response:
        """Send `rate` events a second; tell how many were sent, how many told an address, and how late they were."""
        begun, begun_ns, sent, addresses = time.monotonic(), time.time_ns(), 0, 0
        latest = 0.0
        while sent < rate * seconds:
            due = min(int((time.monotonic() - begun) * rate + 1e-6) + 1, int(rate * seconds))
            lines = []
            for number in range(sent, due):
                kind, template, is_address = next(self._life)
                moment = datetime.fromtimestamp((begun_ns + number / rate * 1e9) / 1e9, UTC)
                thing = template.replace(b"@started@", moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode())
                lines.append(b'{"type":"%b","object":%b}\n' % (kind, thing))
                addresses += is_address
            if lines:
                whole = b"".join(lines)
                for watch in list(self._watches):
                    await watch.write(whole)
                sent = due
                latest = max(latest, time.monotonic() - begun - sent / rate)
            next_due = begun + sent / rate - time.monotonic()
            await asyncio.sleep(max(_STEP_SECONDS, next_due) if rate > 1 / _STEP_SECONDS else max(0, next_due))
        taken = time.monotonic() - begun
        return web.json_response({"sent": sent, "addresses": addresses, "seconds": taken, "late": latest})


def _tls(folder: Path, authority: Authority) -> ssl.SSLContext:
    context = server_context(authority, authority.server(("127.0.0.1",)), folder)
    context.verify_mode = ssl.CERT_NONE
    return context


async def _serve(folder: Path, world: World) -> None:
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", Server(world).handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    authority = Authority()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_tls(folder, authority))
    await site.start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    write_kubeconfig(folder / "kubeconfig", url, authority, User("bench"))
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main(words: list[str]) -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.kube_server", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pods", type=int, default=150_000)
    parser.add_argument("--nodes", type=int, default=5_000)
    given = parser.parse_args(words)
    asyncio.run(_serve(given.folder, World(given.pods, given.nodes)))


if __name__ == "__main__":
    main(sys.argv[1:])
