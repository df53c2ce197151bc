"""Rights that are withdrawn and granted again while podwire runs, and what stands against one kind alone."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path

import pytest

from .conftest import QUICK, cluster, node, pod, until
from .server import SERVICES, Api, Fault, status_body

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
BRIEF = dataclasses.replace(QUICK, denied_grace_seconds=0.05)
ALL = {f"{verb} {what}" for verb in ("list", "watch", "get") for what in ("pods", "nodes", "services", "daemonsets")}


def put_service(api: Api, name: str) -> None:
    api.put(SERVICES, {"metadata": {"name": name, "namespace": "default", "uid": name}})


async def test_pods_that_may_not_be_read_for_a_while_stay_and_are_said_to_be_stale(api: Api, tmp_path: Path) -> None:
    api.allowed = set(ALL)
    async with cluster(api, tmp_path, BRIEF) as sink:
        await until(lambda: sink.state.state == "connected" and api.watches(PODS))
        api.allowed -= {"list pods", "watch pods"}
        api.cut()
        await until(lambda: sink.state.state == "forbidden")
        assert "pods" in sink.state.denied
        assert any("Pod" in each for each in sink.state.costs)
        assert sink.state.retry_at_ns is not None
        assert sink.state.retry_at_ns < time.time_ns() + 60_000_000_000
        await asyncio.sleep(0.2)
        assert sink.pods.keys() == {"a"}
        api.put(PODS, pod("b", "10.10.2.1"))
        api.allowed = set(ALL)
        await until(lambda: sink.state.state == "connected" and "b" in sink.pods)
        assert "pods" not in sink.state.denied
        await until(lambda: sink.state.retry_at_ns is None or sink.state.denied)


@pytest.mark.parametrize(("path", "what"), [(SERVICES, "services"), (NODES, "nodes")])
async def test_what_a_withdrawn_right_was_for_is_off_until_it_is_granted_again(
    api: Api, tmp_path: Path, path: str, what: str
) -> None:
    api.allowed = set(ALL)
    put_service(api, "web")
    async with cluster(api, tmp_path, BRIEF) as sink:
        await until(lambda: sink.services and sink.evidence and sink.evidence[-1].nodes)
        api.allowed -= {f"list {what}", f"watch {what}"}
        api.cut()
        await until(lambda: what in sink.state.denied)
        assert sink.state.costs
        await until(lambda: not sink.services if what == "services" else not sink.evidence[-1].nodes)
        await until(lambda: sink.state.state == "connected")
        assert sink.pods.keys() == {"a"}, "the rest works"
        put_service(api, "other")
        api.put(NODES, node("server2"))
        api.allowed = set(ALL)
        await until(lambda: what not in sink.state.denied)
        await until(lambda: sink.services.keys() == {"web", "other"} and len(sink.evidence[-1].nodes) == 2)


async def test_a_denial_for_a_moment_takes_nothing_away(api: Api, tmp_path: Path) -> None:
    """A server that has just begun may deny what it grants once it has read its Roles."""
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.evidence and sink.evidence[-1].nodes and api.watches(NODES))
        told = len(sink.evidence)
        api.faults.append(Fault(NODES, 403, status_body(403, "Forbidden"), on="watch", times=2))
        api.cut()
        await until(lambda: any("nodes" in each.denied for each in sink.states))
        await until(lambda: "nodes" not in sink.state.denied and api.watches(NODES))
        assert all(each.nodes for each in sink.evidence[told:])
        assert api.lists(NODES) == 1


async def test_what_may_be_listed_but_not_watched_stays_and_is_not_listed_on_a_timer(api: Api, tmp_path: Path) -> None:
    put_service(api, "web")
    api.allowed = ALL - {"watch services"}
    async with cluster(api, tmp_path, BRIEF) as sink:
        await until(lambda: "services" in sink.state.denied and sink.services)
        asked = api.asked(SERVICES, watch="1")
        await until(lambda: api.asked(SERVICES, watch="1") > asked + 4)
        assert sink.services.keys() == {"web"}
        assert api.lists(SERVICES) == 1


async def test_what_stands_against_one_kind_alone_is_said(api: Api, tmp_path: Path) -> None:
    api.faults.append(Fault(SERVICES, 500, status_body(500, "InternalError", "etcd is full"), times=1000))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: "What is known of services may be old" in sink.state.warning)
        assert sink.state.state == "connected"
        api.faults.clear()
        await until(lambda: "may be old" not in sink.state.warning)
