"""The emulator answers as a real API server was seen to: lists, pages, watches, errors, faults. No root is needed."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import yaml

from podwire_lab.apiserver.alone import standalone
from podwire_lab.apiserver.faults import Fault
from podwire_lab.apiserver.server import ServerSettings
from podwire_lab.objects.cluster import all_objects
from podwire_lab.objects.truth import PLANES, Cluster

PODS = "/api/v1/namespaces/default/pods"
QUICK = ServerSettings(bookmark_seconds=0.05)


class Client:
    """A user of one kubeconfig."""

    def __init__(self, folder, name="kubeconfig-admin"):
        config = yaml.safe_load((folder / name).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)
        self.headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        if "client-key-data" in user:
            pair = folder / "pair.pem"
            keys = ("client-certificate-data", "client-key-data")
            pair.write_bytes(b"".join(base64.b64decode(user[key]) for key in keys))
            self.context.load_cert_chain(pair)

    @asynccontextmanager
    async def request(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {**self.headers, **options.pop("headers", {})}
        connector = aiohttp.TCPConnector(ssl=self.context)
        async with (
            aiohttp.ClientSession(self.url, connector=connector) as session,
            session.request(method, path, headers=headers, **options) as response,
        ):
            yield response

    async def json(self, path: str, method: str = "GET", **options: Any) -> tuple[int, Any]:
        async with self.request(method, path, **options) as response:
            return response.status, json.loads(await response.text())

    async def patch(self, path: str, body: Any, kind: str = "merge") -> tuple[int, Any]:
        headers = {"Content-Type": f"application/{kind}-patch+json"}
        return await self.json(path, "PATCH", data=json.dumps(body), headers=headers)

    async def watch(self, path: str, count: int) -> list[Any]:
        """The first `count` events, or all until the server ends the stream."""
        found: list[Any] = []
        async with self.request("GET", path) as response:
            async for line in response.content:
                found.append(json.loads(line))
                if len(found) == count:
                    break
        return found


@pytest.fixture
async def server(tmp_path):
    async with standalone(tmp_path, QUICK) as api:
        api.store.load(all_objects(Cluster(PLANES["calico-vxlan-custom"], has_system_pods=True)))
        yield api


@pytest.fixture
def admin(server, tmp_path):
    return Client(tmp_path)


async def _opened(server):
    while not server.open_watches:  # noqa: ASYNC110 - nothing tells when a watch has begun
        await asyncio.sleep(0.01)


def _names(document):
    return [item["metadata"]["name"] for item in document["items"]]


async def test_pages_hold_one_moment(server, admin):
    _, first = await admin.json("/api/v1/pods?limit=3")
    assert first["metadata"]["remainingItemCount"] == 1
    await admin.json("/api/v1/namespaces/kube-system/pods/calico-node-9c3c6", "DELETE")
    _, second = await admin.json(f"/api/v1/pods?limit=3&continue={first['metadata']['continue']}")
    assert len(_names(first) + _names(second)) == 4
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in second["metadata"]
    _, cached = await admin.json("/api/v1/pods?limit=1&resourceVersion=0")
    assert len(cached["items"]) == 3


async def test_an_expired_token_is_410_with_a_way_on(server, admin):
    _, first = await admin.json("/api/v1/pods?limit=1")
    await admin.patch(f"{PODS}/pod-A", {"metadata": {"labels": {"x": "y"}}})
    server.store.compact()
    status, problem = await admin.json(f"/api/v1/pods?limit=1&continue={first['metadata']['continue']}")
    assert (status, problem["reason"]) == (410, "Expired")
    status, rest = await admin.json(f"/api/v1/pods?continue={problem['metadata']['continue']}")
    assert (status, len(rest["items"])) == (200, 3)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/v1/pods?resourceVersion=abc", 400, "BadRequest"),
        ("/api/v1/pods?limit=2&continue=garbage", 400, "BadRequest"),
        ("/api/v1/pods?fieldSelector=spec.bogus%3Dx", 400, "BadRequest"),
        ("/api/v1/namespaces/default/configmaps/nope", 404, "NotFound"),
        ("/api/v1/pods?resourceVersion=999999", 504, "Timeout"),
        ("/api/v1/pods?watch=1&sendInitialEvents=true", 422, "Invalid"),
    ],
)
async def test_refusals_are_status_documents(admin, path, status, reason):
    given, problem = await admin.json(path)
    assert (given, problem["kind"], problem["reason"], problem["code"]) == (status, "Status", reason, status)


async def test_unknown_groups_are_plain_text(admin):
    async with admin.request("GET", "/apis/nope.example/v1/things") as response:
        assert (response.status, await response.text()) == (404, "404 page not found\n")
        assert response.content_type == "text/plain"


async def test_other_representations(admin):
    table = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"}
    _, found = await admin.json(f"{PODS}", headers=table)
    assert [row["cells"][0] for row in found["rows"]] == ["pod-A", "pod-B"]
    metadata = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    _, found = await admin.json(PODS, headers=metadata)
    assert set(found["items"][0]) == {"kind", "apiVersion", "metadata"}
    status, _ = await admin.json(PODS, headers={"Accept": "text/html"})
    assert status == 406


async def test_the_reader_reads_and_no_more(server, tmp_path):
    for name in ("kubeconfig", "kubeconfig-cert"):
        reader = Client(tmp_path, name)
        assert (await reader.json("/api/v1/pods"))[0] == 200
        status, problem = await reader.json(f"{PODS}/pod-A", "DELETE")
        assert (status, problem["details"]) == (403, {"name": "pod-A", "kind": "pods"})
        assert (await reader.json("/api/v1/secrets"))[0] == 403
        reader.headers["Authorization"] = "Bearer wrong"
        assert (await reader.json("/api/v1/pods"))[0] == 401


async def test_access_reviews_know_the_faults(server, tmp_path):
    reader = Client(tmp_path, "kubeconfig")
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    async def allowed(verb, group, resource):
        spec = {"resourceAttributes": {"verb": verb, "group": group, "resource": resource}}
        _, answer = await reader.json(path, "POST", json={"spec": spec})
        return answer["status"]["allowed"]

    assert await allowed("list", "", "pods")
    assert not await allowed("delete", "", "pods")
    server.faults.add(Fault(403, "ippools.crd.projectcalico.org"))
    assert not await allowed("list", "crd.projectcalico.org", "ippools")


async def test_a_watch_sees_what_a_selector_gains_and_loses(server, admin):
    since = server.store.revision
    watching = asyncio.create_task(admin.watch(f"{PODS}?watch=1&labelSelector=x&resourceVersion={since}", 3))
    for value in ("1", "2", None):
        await admin.patch(f"{PODS}/pod-A", {"metadata": {"labels": {"x": value}}})
    events = await watching
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["metadata"]["resourceVersion"] == str(server.store.revision)
    assert events[2]["object"]["metadata"]["labels"]["x"] == "2"


async def test_initial_events_end_with_a_marked_bookmark(server, admin):
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await admin.watch(f"/api/v1/nodes?{query}", 4)
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK", "BOOKMARK"]
    assert events[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert "annotations" not in events[3]["object"]["metadata"]


async def test_a_watch_from_the_past_is_one_error_line(server, admin):
    server.store.compact()
    events = await admin.watch("/api/v1/pods?watch=1&resourceVersion=1001", 5)
    assert [(event["type"], event["object"]["code"]) for event in events] == [("ERROR", 410)]


async def test_a_watch_ends_when_its_time_is_over(admin):
    assert await admin.watch("/api/v1/secrets?watch=1&timeoutSeconds=1", 5) == []


async def test_faults_meet_whom_they_name(server, admin):
    server.faults.add(Fault(503, "pods", "list", times=1))
    server.faults.add(Fault(429, "nodes", retry_after=7))
    assert (await admin.json("/api/v1/pods"))[0] == 503
    assert (await admin.json("/api/v1/pods"))[0] == 200
    async with admin.request("GET", "/api/v1/nodes") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
    server.faults.clear()
    assert (await admin.json("/api/v1/nodes"))[0] == 200


async def test_silence_ends_when_it_is_cleared(server, admin):
    server.faults.add(Fault(hang=True, resource="pods"))
    silent = asyncio.create_task(admin.json("/api/v1/pods"))
    assert (await admin.json("/api/v1/nodes"))[0] == 200
    assert not silent.done()
    server.faults.clear()
    assert (await silent)[0] == 200


async def test_down_and_up_again(server, admin):
    watching = asyncio.create_task(admin.watch("/api/v1/secrets?watch=1", 1))
    await _opened(server)
    await server.close()
    with pytest.raises(aiohttp.ClientError):
        await watching
    with pytest.raises(aiohttp.ClientConnectorError):
        await admin.json("/api/v1/pods")
    await server.resume()
    assert (await admin.json("/api/v1/pods"))[0] == 200


async def test_cut_streams_have_no_end_mark(server, admin):
    watching = asyncio.create_task(admin.watch("/api/v1/secrets?watch=1", 1))
    await _opened(server)
    assert server.drop_streams() == 1
    with pytest.raises(aiohttp.ClientError):
        await watching


async def test_writes_keep_identity_and_revisions(server, admin):
    _, made = await admin.json("/api/v1/namespaces/default/configmaps", "POST", json={"metadata": {"name": "c"}})
    path = "/api/v1/namespaces/default/configmaps/c"
    stale = json.loads(json.dumps(made))
    status, changed = await admin.patch(path, [{"op": "add", "path": "/data", "value": {"a": "1"}}], "json")
    assert (status, changed["data"], changed["metadata"]["uid"]) == (200, {"a": "1"}, made["metadata"]["uid"])
    assert (await admin.json(path, "PUT", json=stale))[0] == 409
    status, problem = await admin.json("/api/v1/namespaces/default/configmaps", "POST", json=made)
    assert (status, problem["reason"]) == (409, "AlreadyExists")
    assert (await admin.json(path, "DELETE"))[1]["status"] == "Success"


async def test_strategic_merge_knows_list_keys(server, admin):
    body = {"spec": {"containers": [{"name": "hello", "image": "new"}, {"name": "side", "image": "car"}]}}
    _, changed = await admin.patch(f"{PODS}/pod-A", body, "strategic-merge")
    assert [(c["name"], c["image"]) for c in changed["spec"]["containers"]] == [("hello", "new"), ("side", "car")]
    assert changed["spec"]["containers"][0]["ports"]


async def test_the_status_is_a_world_of_its_own(server, admin):
    _, pod = await admin.patch(f"{PODS}/pod-A", {"status": {"phase": "Failed"}, "metadata": {"labels": {"x": "y"}}})
    assert (pod["status"]["phase"], pod["metadata"]["labels"]["x"]) == ("Running", "y")
    _, pod = await admin.patch(f"{PODS}/pod-A/status", {"status": {"phase": "Failed"}, "spec": {"nodeName": "x"}})
    assert (pod["status"]["phase"], pod["spec"]["nodeName"]) == ("Failed", "server2")


async def test_definitions_bring_and_take_their_resources(server, admin):
    assert (await admin.json("/apis/crd.projectcalico.org/v1/ippools"))[0] == 200
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ippools.crd.projectcalico.org"
    await admin.json(crd, "DELETE")
    async with admin.request("GET", "/apis/crd.projectcalico.org/v1/ippools") as response:
        assert response.status == 404


async def test_loaded_objects_are_many_and_stay_as_they_are(server, admin):
    pod = server.store.get(server.store.kinds.find("", "v1", "pods"), ("default", "pod-A"))
    server.store.load({**pod, "metadata": {**pod["metadata"], "name": f"many-{i:04}"}} for i in range(2000))
    async with admin.request("GET", "/api/v1/pods", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(await response.text())["items"]) == 2004
