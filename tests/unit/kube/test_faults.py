"""Faults at every moment: whatever happens, the end is what the server has, and the server is not asked too much."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

from podwire.kube.answers import skew_of
from podwire.kube.events import is_older

from .authority import Authority
from .conftest import QUICK, Sink, following, node, pod, until, write_kubeconfig
from .server import SERVICES, SLICES, Api, Fault, serving, status_body

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
GONE = status_body(410, "Expired", "too old resource version")


@asynccontextmanager
async def proven(api: Api, authority: Authority, folder: Path, settings: object = QUICK) -> AsyncIterator[Sink]:
    """Serve over TLS and follow: only a server that proves who it is is taken up where it stood."""
    data = base64.b64encode(authority.certificate.encode()).decode()
    async with serving(api, authority.server_context(authority.issue())) as port:
        about = {"certificate-authority-data": data}
        kubeconfig = write_kubeconfig(folder / "config", f"https://127.0.0.1:{port}", cluster=about)
        async with following(kubeconfig, settings) as sink:  # type: ignore[arg-type]
            yield sink


def is_same(sink: Sink, api: Api) -> bool:
    there = {name: each["metadata"]["uid"] for (_, name), each in api.collections[PODS].items()}
    return {name: each.uid for name, each in sink.pods.items()} == there


@pytest.mark.parametrize("on", ["list", "watch"])
@pytest.mark.parametrize("path", [PODS, NODES, SERVICES, SLICES])
@pytest.mark.parametrize("times", [1, 3])
async def test_gone_at_any_request(
    api: Api, authority: Authority, tmp_path: Path, on: str, path: str, times: int
) -> None:
    api.faults.append(Fault(path, 410, GONE, on=on, times=times))
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: api.watches(path) and sink.state.state == "connected" and is_same(sink, api))
        assert api.lists(path) == times + 1


@pytest.mark.parametrize("events", [0, 1, 3])
async def test_gone_in_the_middle_of_a_watch(api: Api, authority: Authority, tmp_path: Path, events: int) -> None:
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        for number in range(events):
            api.put(PODS, pod(f"p{number}", f"10.10.4.{number + 1}"))
        api.say(PODS, b'{"type":"ERROR","object":' + GONE.encode() + b"}\n")
        api.vanish(PODS, "a", "default")
        await until(lambda: api.lists(PODS) == 2 and is_same(sink, api))


@pytest.mark.parametrize("on", ["list", "watch"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_busy_server_is_asked_again_when_it_says(
    api: Api, authority: Authority, tmp_path: Path, status: int, on: str
) -> None:
    api.faults.append(Fault(PODS, status, "not even a Status", {"Retry-After": "1"}, on=on))
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: any(str(status) in each.error for each in sink.states))
        await until(lambda: sink.state.state == "connected" and is_same(sink, api))
        assert api.lists(PODS) == (2 if on == "list" else 1)
    asked = zip(api.requests, api.asked_at, strict=True)
    times = [
        at
        for (path, query), at in asked
        if path == PODS and ("watch" in query) == (on == "watch") and query.get("limit") != "1"
    ]
    assert times[1] - times[0] >= 1, "it said one second"


async def test_a_busy_server_is_not_asked_for_pages_instead(api: Api, authority: Authority, tmp_path: Path) -> None:
    api.faults.append(Fault(PODS, 429, status_body(429, "TooManyRequests"), on="list", times=3))
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert api.asked(PODS, limit="500") == 0


async def test_a_busy_server_that_does_not_even_tell_its_version(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    api.faults.append(Fault("/version", 429, "", {"Retry-After": "1"}))
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: "429" in sink.state.error)
        assert sink.state.retry_at_ns is not None
        assert sink.state.retry_at_ns > time.time_ns() + 500_000_000
        await until(lambda: sink.state.state == "connected")


async def test_a_storage_that_is_set_back_is_listed_anew(api: Api, authority: Authority, tmp_path: Path) -> None:
    """Without that, nothing would be heard until the server has counted up to where it was before."""
    backup = api.backup()
    for number in range(20):
        api.put(PODS, pod(f"p{number}", f"10.10.4.{number + 1}"))
    api.put(SERVICES, {"metadata": {"name": "web", "namespace": "default", "uid": "s"}})
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: len(sink.pods) == 21 and sink.services and api.watches(SERVICES))
        api.restore(backup)
        api.cut()
        await until(lambda: sink.pods.keys() == {"a"} and not sink.services)
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: is_same(sink, api))
        assert any("set back to an older state" in each.error for each in sink.states)


async def test_a_server_that_restarts_with_an_older_state_is_listed_anew(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    backup = api.backup()
    for number in range(20):
        api.put(PODS, pod(f"p{number}", f"10.10.4.{number + 1}"))
    data = base64.b64encode(authority.certificate.encode()).decode()
    tls = authority.server_context(authority.issue())
    first = serving(api, tls)
    port = await first.__aenter__()
    about = {"certificate-authority-data": data}
    kubeconfig = write_kubeconfig(tmp_path / "config", f"https://127.0.0.1:{port}", cluster=about)
    async with following(kubeconfig) as sink:
        await until(lambda: len(sink.pods) == 21 and api.watches(PODS))
        await first.__aexit__(None, None, None)
        await until(lambda: sink.state.state == "unreachable")
        api.restore(backup)
        api.put(PODS, pod("b", "10.10.2.1"))
        async with serving(api, tls, port=port):
            await until(lambda: sink.state.state == "connected" and is_same(sink, api))
            api.put(PODS, pod("c", "10.10.2.2"))
            await until(lambda: is_same(sink, api))
            assert any("set back to an older state" in each.error for each in sink.states)


async def test_a_storage_that_is_set_back_without_a_break_is_noticed_by_its_silence(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    settings = dataclasses.replace(QUICK, silence_seconds=0.2)
    backup = api.backup()
    for number in range(20):
        api.put(PODS, pod(f"p{number}", f"10.10.4.{number + 1}"))
    async with proven(api, authority, tmp_path, settings) as sink:
        await until(lambda: len(sink.pods) == 21 and api.watches(PODS))
        api.restore(backup)
        await until(lambda: is_same(sink, api))


async def test_after_a_long_absence_everything_is_listed(api: Api, authority: Authority, tmp_path: Path) -> None:
    """A storage that was set back may have counted past the old version meanwhile: the number alone proves nothing."""
    settings = dataclasses.replace(QUICK, resume_seconds=0.0)
    async with proven(api, authority, tmp_path, settings) as sink:
        await until(lambda: api.watches(PODS))
        api.collections[PODS].clear()
        api.version += 50
        api.cut()
        await until(lambda: not sink.pods)


async def test_one_small_question_after_a_break_and_no_list(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with proven(api, authority, tmp_path) as sink:
        for number in range(3):
            await until(lambda: api.watches(PODS))
            opened = api.asked(PODS, watch="1")
            api.cut()
            await until(lambda opened=opened: api.asked(PODS, watch="1") > opened)
            assert api.asked(PODS, limit="1") <= number + 1
        assert api.lists(PODS) == 1
        await until(lambda: sink.state.state == "connected")


class Storm:
    """Changes and faults by chance."""

    def __init__(self, api: Api, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - makes test data
        self._api = api
        self._backup = api.backup()
        self._faults = (self._refuse, self._refuse, self._say_gone, self._say_half, api.cut, self._keep, self._set_back)

    def change(self) -> None:
        name = f"p{self.draw.randrange(8)}"
        if ("default", name) in self._api.collections[PODS] and self.draw.random() < 0.5:
            self._api.delete(PODS, name, "default")
        else:
            ip, uid = f"10.10.4.{self.draw.randrange(1, 9)}", f"uid-{self.draw.randrange(99)}"
            self._api.put(PODS, pod(name, ip, uid=uid))

    def fault(self) -> bool:
        """Do one; return whether the storage was set back."""
        fault = self.draw.choice(self._faults)
        fault()
        return fault == self._set_back

    def _refuse(self) -> None:
        status = self.draw.choice((410, 429, 500, 503))
        body = GONE if status == 410 else status_body(status)
        self._api.faults.append(Fault(PODS, status, body, on=self.draw.choice(("list", "watch", "any"))))

    def _say_gone(self) -> None:
        self._api.say(PODS, b'{"type":"ERROR","object":' + GONE.encode() + b"}\n")

    def _say_half(self) -> None:
        self._api.say(PODS, b'{"type":"MODI')
        self._api.cut()

    def _keep(self) -> None:
        self._backup = self._api.backup()

    def _set_back(self) -> None:
        self._api.restore(self._backup)
        self._api.cut()


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_faults_and_changes(api: Api, authority: Authority, tmp_path: Path, seed: int) -> None:
    storm = Storm(api, seed)
    settings = dataclasses.replace(QUICK, silence_seconds=0.3, watch_seconds=1.0)
    async with proven(api, authority, tmp_path, settings) as sink:
        for _ in range(40):
            for _ in range(storm.draw.randrange(4)):
                storm.change()
            if storm.draw.random() < 0.6 and storm.fault():
                # It must be seen before the versions have counted up to where they were: after that nothing shows it.
                await until(lambda: is_same(sink, api))
            await asyncio.sleep(storm.draw.choice((0.0, 0.0, 0.01, 0.03)))
        api.faults.clear()
        await until(lambda: is_same(sink, api) and sink.state.state == "connected")
        storm.change()
        api.put(NODES, node("server2"))
        await until(lambda: is_same(sink, api))


@pytest.mark.parametrize(("ahead", "word"), [(3600, "ahead of"), (-90, "behind")])
async def test_a_clock_that_differs_is_warned_of_and_stops_nothing(
    api: Api, authority: Authority, tmp_path: Path, ahead: int, word: str
) -> None:
    api.date = formatdate(time.time() + ahead, usegmt=True)
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert word in sink.state.warning
        assert abs(sink.state.skew_ns / 1e9 - ahead) < 30
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: is_same(sink, api))


async def test_clocks_that_agree_are_not_spoken_of(api: Api, authority: Authority, tmp_path: Path) -> None:
    async with proven(api, authority, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert sink.state.warning == ""


def test_skew_of_a_date_header() -> None:
    now = 1_800_000_000.0
    assert skew_of(formatdate(now, usegmt=True), now) == 0.5
    for nothing in (None, "", "tomorrow", "Sun, 99 Nov 2026 99:00:00 GMT"):
        assert skew_of(nothing, now) == 0.0


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [("9", "10", True), ("10", "9", False), ("7", "7", False), ("a", "9", False), ("", "9", False)],
)
def test_versions_are_compared_as_numbers_or_not_at_all(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older
