"""Faults between podwire and a server: bytes that are swallowed, connections that are cut on a timer."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from podwire.kube.patience import LEAST_SECONDS, Patience
from podwire.settings.kube import KubeSettings

from .authority import Authority
from .conftest import QUICK, Sink, following, pod, until, write_kubeconfig
from .middlebox import Middlebox, between
from .server import SERVICES, Api, serving

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"


@asynccontextmanager
async def behind(
    api: Api, authority: Authority, folder: Path, settings: KubeSettings
) -> AsyncIterator[tuple[Sink, Middlebox]]:
    """Serve over TLS and follow through a middlebox."""
    data = base64.b64encode(authority.certificate.encode()).decode()
    async with serving(api, authority.server_context(authority.issue())) as port, between(port) as (box, near_port):
        about = {"certificate-authority-data": data}
        kubeconfig = write_kubeconfig(folder / "config", f"https://127.0.0.1:{near_port}", cluster=about)
        async with following(kubeconfig, settings) as sink:
            yield sink, box


def watches(api: Api, path: str = PODS) -> int:
    return api.asked(path, watch="1")


async def test_a_peer_that_vanishes_without_a_word_is_noticed_and_the_watch_goes_on(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    """No byte, no FIN and no RST comes any more: only the silence tells. What happened meanwhile is not lost."""
    settings = dataclasses.replace(QUICK, silence_seconds=0.3)
    async with behind(api, authority, tmp_path, settings) as (sink, box):
        await until(lambda: api.watches(PODS) and api.watches(SERVICES) and sink.state.state == "connected")
        before = watches(api)
        box.swallow()
        api.put(PODS, pod("b", "10.10.2.1"))
        api.delete(PODS, "a", "default")
        await until(lambda: sink.pods.keys() == {"b"})
        assert watches(api) > before
        assert api.lists(PODS) == 1
        assert api.lists(NODES) == 1
        await until(lambda: sink.state.state == "connected")


async def test_a_proxy_that_cuts_every_connection_on_a_timer_is_not_spoken_of(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    """Also where the cluster is quiet, so that no watch ever says a word."""
    settings = dataclasses.replace(QUICK, short_watch_seconds=0.1)
    async with behind(api, authority, tmp_path, settings) as (sink, box):
        box.cut_seconds = 0.3
        box.cut()
        await until(lambda: sink.state.state == "connected")
        told, opened = len(sink.states), watches(api)
        await until(lambda: watches(api) > opened + 6)
        later = sink.states[told:]
        assert {(each.state, each.error) for each in later} <= {("connected", "")}
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        assert api.lists(PODS) == 1
        assert api.lists(SERVICES) <= 2, "one may have been cut before it was answered"


async def test_a_proxy_that_ends_every_watch_politely_is_not_spoken_of(api: Api, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, short_watch_seconds=0.1, watch_seconds=1.0)
    async with serving(api) as port:
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")
        async with following(kubeconfig, settings) as sink:
            await until(lambda: sink.state.state == "connected")
            told, opened = len(sink.states), watches(api)
            await until(lambda: watches(api) > opened + 2)
            assert {each.error for each in sink.states[told:]} <= {""}


async def test_watches_that_are_cut_at_once_are_spoken_of(api: Api, authority: Authority, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, short_watch_seconds=5.0)
    async with behind(api, authority, tmp_path, settings) as (sink, box):
        await until(lambda: sink.state.state == "connected")
        box.cut_seconds = 0.1
        box.cut()
        await until(lambda: "broke an answer off" in sink.state.error)
        assert sink.state.state == "error"
        assert sink.state.retry_at_ns is not None
        box.cut_seconds = None
        await until(lambda: sink.state.state == "connected" and not sink.state.error)
        await until(lambda: sink.state.retry_at_ns is None)


async def test_a_server_behind_a_box_that_swallows_all_is_away_and_comes_back(
    api: Api, authority: Authority, tmp_path: Path
) -> None:
    settings = dataclasses.replace(QUICK, silence_seconds=0.2, answer_seconds=0.2)
    async with behind(api, authority, tmp_path, settings) as (sink, box):
        await until(lambda: sink.state.state == "connected")
        stop = asyncio.Event()

        async def keep_swallowing() -> None:
            while not stop.is_set():
                box.swallow()
                await asyncio.sleep(0.01)

        task = asyncio.create_task(keep_swallowing())
        await until(lambda: sink.state.state in ("unreachable", "error"))
        assert sink.pods.keys() == {"a"}
        stop.set()
        await task
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: sink.state.state == "connected" and "b" in sink.pods)
        assert api.lists(PODS) == 1


@pytest.mark.parametrize("cut_after", [0.0, 1.0, 30.0, 120.0, 500.0])
def test_watches_are_asked_to_end_before_they_are_cut(cut_after: float) -> None:
    patience = Patience(300.0)
    assert all(240 <= patience.draw() <= 360 for _ in range(100))
    patience.cut(cut_after)
    asked = [patience.draw() for _ in range(100)]
    assert all(each <= max(LEAST_SECONDS * 1.2, cut_after) for each in asked)
    for _ in range(60):
        patience.ended()
    assert all(240 <= patience.draw() <= 360 for _ in range(100)), "it is tried again whether longer ones live"
