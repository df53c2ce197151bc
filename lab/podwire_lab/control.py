"""The lab's own small API on a unix socket: traffic, faults, writes that no fault can stop, changes of the cluster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from podwire_lab.apiserver import writes
from podwire_lab.apiserver.faults import Fault
from podwire_lab.apiserver.problems import ApiError
from podwire_lab.apiserver.reads import Target, listing, read
from podwire_lab.errors import LabError
from podwire_lab.traffic import Order

if TYPE_CHECKING:
    from podwire_lab.supervisor import Supervisor

Object = dict[str, Any]
Action = Callable[[Object], Awaitable[Any]]

FORMATS = {"merge": writes.MERGE, "json": writes.JSON, "strategic": writes.STRATEGIC, "apply": writes.APPLY}
_MAX_BODY = 256 * 1024 * 1024
"""Objects may be loaded by the ten thousand."""


class Control:
    """Actions by name: POST /NAME with a JSON object answers with JSON; 400 and a sentence where it fails."""

    def __init__(self, lab: Supervisor) -> None:
        self._lab = lab
        self._runner: web.AppRunner | None = None
        self._actions: dict[str, Action] = {
            "status": self._status,
            "stop": self._stop,
            "traffic": self._traffic,
            "traffic-stop": self._traffic_stop,
            "fault": self._fault,
            "faults-clear": self._faults_clear,
            "api": self._api,
            "object": self._object,
            "load": self._load,
            "plane": self._plane,
            "tune": self._tune,
        }

    async def start(self, path: Path) -> None:
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_post("/{action}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(path)).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.Response:
        action = self._actions.get(request.match_info["action"])
        if action is None:
            return web.json_response({"error": "The lab has no such action."}, status=404)
        try:
            text = await request.text()
            return web.json_response(await action(json.loads(text) if text else {}))
        except LabError as error:
            return web.json_response({"error": str(error)}, status=400)
        except ApiError as error:
            return web.json_response({"error": f"The API server refuses it: {error}"}, status=400)
        except (TypeError, KeyError, ValueError) as error:
            return web.json_response({"error": f"The lab does not understand the request: {error!r}."}, status=400)

    async def _status(self, _body: Object) -> Object:
        lab = self._lab
        return {
            **asdict(lab.state()),
            "api": {
                "up": lab.api.is_up,
                "watches": lab.api.open_watches,
                "revision": lab.api.store.revision,
                "faults": lab.api.faults.listing(),
            },
            "pods": [asdict(pod) for pod in lab.fabric.cluster.pods],
        }

    async def _stop(self, _body: Object) -> Object:
        self._lab.stop()
        return {}

    async def _traffic(self, body: Object) -> list[Object]:
        scenario = body.pop("scenario")
        outcomes = await asyncio.to_thread(self._lab.traffic.run, scenario, Order(**body))
        return [asdict(outcome) for outcome in outcomes]

    async def _traffic_stop(self, _body: Object) -> list[Object]:
        return [asdict(outcome) for outcome in await asyncio.to_thread(self._lab.traffic.stop)]

    async def _fault(self, body: Object) -> Object:
        self._lab.api.faults.add(Fault(**body))
        return {}

    async def _faults_clear(self, _body: Object) -> Object:
        self._lab.api.faults.clear()
        return {}

    async def _api(self, body: Object) -> Object:
        api = self._lab.api
        what = body["do"]
        if what == "down":
            await api.close()
        elif what == "up":
            await api.resume()
        elif what == "drop-streams":
            return {"dropped": api.drop_streams()}
        elif what == "compact":
            api.store.compact()
        else:
            raise LabError(f"The API server can go down, up, drop-streams or compact, not {what!r}.")
        return {}

    async def _object(self, body: Object) -> Any:
        """One verb on one object, past all faults and rights."""
        api = self._lab.api
        api_version, kind = body.get("api_version", "v1"), body["kind"]
        resource = api.store.kinds.by_kind(api_version, kind)
        if resource is None:
            raise LabError(f"The lab's API server does not serve {kind} of {api_version}.")
        namespace = body.get("namespace", "default" if body.get("name") else "") if resource.is_namespaced else ""
        target = Target(resource, namespace, body.get("name", ""), body.get("subresource", ""))
        verb = body["verb"]
        if verb == "get":
            return read(api.store, target)
        if verb == "list":
            return listing(api.store, target, {})["items"]
        if verb == "create":
            return api.writer.create(target, body["body"])
        if verb == "update":
            return api.writer.update(target, body["body"])
        if verb == "delete":
            return api.writer.delete(target, body.get("body", {}))
        if verb == "patch":
            return api.writer.patch(target, FORMATS[body.get("format", "merge")], body["body"])
        raise LabError(f"There is no verb {verb!r}.")

    async def _load(self, body: Object) -> Object:
        """Objects as they are, with their status: nothing is done for them."""
        self._lab.api.store.load(body["objects"])
        return {"revision": self._lab.api.store.revision}

    async def _plane(self, body: Object) -> Object:
        await self._lab.change_plane(body["plane"])
        return {}

    async def _tune(self, body: Object) -> Object:
        await self._lab.tune(body.get("vni"), body.get("port"))
        return {}
