"""A whole cluster is followed over real sockets, through every fault that an API server or a network has."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

from podwire.kube import ClusterFollower, KubeconfigSource
from podwire.kube.errors import BrokenStreamError
from podwire.support.clock import SystemClock

from .authority import Authority
from .conftest import QUICK, Sink, cluster, following, node, pod, until, write_kubeconfig
from .server import Api, Fault, serving, status_body

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"


async def test_pods_are_listed_then_watched(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert sink.pods["a"].ips == ("10.10.1.1",)
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        api.put(PODS, pod("b", "10.10.2.2"))
        await until(lambda: sink.pods["b"].ips == ("10.10.2.2",))
        api.delete(PODS, "b", "default")
        await until(lambda: "b" not in sink.pods)
        await until(lambda: sink.state.pods == 1)
        assert sink.told == ["replaced", "changed b", "changed b", "removed b"]
        assert api.lists(PODS) == 1
        assert (sink.state.version, sink.state.nodes, sink.state.error) == ("v1.36.2", 1, "")
        assert sink.state.last_event_ns


async def test_a_broken_watch_goes_on_without_a_list(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        api.cut()
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        assert sink.told == ["replaced", "changed b"]
        assert api.lists(PODS) == 1


async def test_a_watch_that_the_server_ends_goes_on_where_the_bookmark_was(api: Api, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, watch_seconds=1.0)
    async with cluster(api, tmp_path, settings) as sink:
        await until(lambda: api.watches(PODS))
        api.put(NODES, node("server2"))
        api.bookmark()
        await until(lambda: api.asked(PODS, watch="1", resourceVersion=str(api.version)))
        assert api.lists(PODS) == 1
        assert sink.state.state == "connected"


async def test_a_silent_watch_is_opened_again(api: Api, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, silence_seconds=0.1)
    async with cluster(api, tmp_path, settings) as sink:
        await until(lambda: "a" in sink.pods)
        api.is_silent = True
        await until(lambda: api.asked(PODS, watch="1") > 2)
        api.is_silent = False
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        assert api.lists(PODS) == 1


async def test_gone_in_a_watch_lists_again_and_lets_go_what_vanished(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        api.vanish(PODS, "b", "default")
        api.cut()
        await until(lambda: "b" not in sink.pods)
        assert sink.told[-1] == "replaced"
        assert api.lists(PODS) == 2
        await until(lambda: sink.state.state == "connected" and sink.state.pods == 1)


async def test_gone_as_an_answer_lists_again(api: Api, tmp_path: Path) -> None:
    api.faults.append(Fault(PODS, 410, status_body(410, "Expired", "too old"), on="watch"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        assert api.lists(PODS) == 2
        assert sink.pods.keys() == {"a"}


async def test_a_list_in_pages_is_one_list(api: Api, tmp_path: Path) -> None:
    for number in range(10):
        api.put(PODS, pod(f"p{number}", f"10.10.3.{number + 1}"))
    api.page_size = 3
    async with cluster(api, tmp_path) as sink:
        await until(lambda: len(sink.pods) == 11)
        assert sink.told == ["replaced"]


async def test_pages_that_expire_start_over(api: Api, tmp_path: Path) -> None:
    api.put(PODS, pod("b", "10.10.2.1"))
    api.page_size = 1
    api.faults.append(Fault(PODS, 410, status_body(410, "Expired", "The provided continue parameter is too old")))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: len(sink.pods) == 2)
        assert sink.told == ["replaced"]


async def test_a_version_from_the_future_is_given_up(api: Api, tmp_path: Path) -> None:
    """A restored etcd counts from an older version again."""
    async with cluster(api, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        body = status_body(504, "Timeout", "Too large", causes=[{"reason": "ResourceVersionTooLarge"}])
        api.faults.append(Fault(PODS, 504, body, on="watch"))
        api.collections[PODS].clear()
        api.cut()
        await until(lambda: not sink.pods)
        assert api.asked(PODS, limit="500") == 1


async def test_too_many_requests_are_taken_back_and_retry_after_obeyed(api: Api, tmp_path: Path) -> None:
    api.faults.append(Fault(PODS, 429, status_body(429, "TooManyRequests"), {"Retry-After": "1"}, times=1))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert any("429" in each.error for each in sink.states)
        assert api.lists(PODS) == 2


async def test_server_faults_are_survived(api: Api, tmp_path: Path) -> None:
    api.faults.append(Fault(PODS, 500, status_body(500, "InternalError", "etcd leader changed"), times=4))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected")
        assert any("etcd leader changed" in each.error for each in sink.states)


async def test_lines_that_are_no_events_are_survived(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: api.watches(PODS))
        api.say(PODS, b'{"type":"ADDED","object":{"metadata":{"name":5,"resourceVersion":"101"}}}\n')
        api.say(PODS, b"<html>\n")
        await until(lambda: api.lists(PODS) == 2)
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        await until(lambda: sink.state.undecodable == 1)


async def test_a_server_that_goes_down_and_comes_back_is_followed_on(api: Api, tmp_path: Path) -> None:
    async with serving(api) as port:
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}", cluster={})
        first = serving(api)
        second_port = await first.__aenter__()
        write_kubeconfig(kubeconfig, f"http://127.0.0.1:{second_port}")
        async with following(kubeconfig) as sink:
            await until(lambda: sink.state.state == "connected")
            await first.__aexit__(None, None, None)
            await until(lambda: sink.state.state == "unreachable")
            assert "refuses connections" in sink.state.error
            assert sink.state.retry_at_ns
            assert sink.pods.keys() == {"a"}, "what was known stays while the server is away"
            async with serving(api, port=second_port):
                await until(lambda: sink.state.state == "connected")
                api.put(PODS, pod("b", "10.10.2.1"))
                await until(lambda: "b" in sink.pods)


async def test_a_missing_kubeconfig_is_waited_for(api: Api, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    async with serving(api) as port, following(kubeconfig) as sink:
        await until(lambda: sink.state.state == "no-kubeconfig")
        kubeconfig.write_text("a: b")
        await until(lambda: sink.state.state == "bad-kubeconfig")
        write_kubeconfig(kubeconfig, f"http://127.0.0.1:{port}")
        await until(lambda: sink.state.state == "connected")
        assert "without TLS" in sink.state.warning


async def test_a_kubeconfig_that_leads_elsewhere_starts_anew(api: Api, tmp_path: Path) -> None:
    other = Api()
    other.put(PODS, pod("z", "10.20.1.1"))
    async with serving(other) as second:
        first = serving(api)
        port = await first.__aenter__()
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")
        async with following(kubeconfig) as sink:
            await until(lambda: "a" in sink.pods)
            write_kubeconfig(kubeconfig, f"http://127.0.0.1:{second}")
            await first.__aexit__(None, None, None)
            await until(lambda: sink.pods.keys() == {"z"})
            assert other.lists(PODS) == 1


async def test_a_token_that_is_renewed_goes_unnoticed(api: Api, authority: Authority, tmp_path: Path) -> None:
    api.token = "first"
    token = tmp_path / "token"
    token.write_text("first\n")
    (tmp_path / "ca.crt").write_text(authority.certificate)
    async with serving(api, authority.server_context(authority.issue())) as port:
        kubeconfig = write_kubeconfig(
            tmp_path / "config",
            f"https://127.0.0.1:{port}",
            cluster={"certificate-authority": "ca.crt"},
            user={"tokenFile": "token", "token": "old"},
        )
        async with following(kubeconfig) as sink:
            await until(lambda: sink.state.state == "connected")
            api.token = "second"
            token.write_text("second\n")
            api.cut()
            api.put(PODS, pod("b", "10.10.2.1"))
            await until(lambda: "b" in sink.pods)
            assert {each.state for each in sink.states} <= {"connecting", "connected"}
            assert api.lists(PODS) == 1


async def test_credentials_that_are_refused_are_reported_and_tried_again(api: Api, tmp_path: Path) -> None:
    api.token = "geheim-right"
    async with serving(api) as port:
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}", user={"token": "geheim-wrong"})
        async with following(kubeconfig) as sink:
            await until(lambda: sink.state.state == "unauthorized")
            assert "401" in sink.state.error
            assert "geheim" not in repr(sink.states)
            write_kubeconfig(kubeconfig, f"http://127.0.0.1:{port}", user={"token": "geheim-right"})
            await until(lambda: sink.state.state == "connected")


async def test_pods_that_may_not_be_read_name_the_right_that_is_missing(api: Api, tmp_path: Path) -> None:
    api.allowed = {"list nodes", "watch nodes"}
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "forbidden" and sink.evidence)
        assert "may not list pods" in sink.state.error
        assert {"pods", "daemonsets.apps", "configmaps/kube-system/kubeadm-config"} <= set(sink.state.denied)
        await until(lambda: sink.evidence[-1].nodes)
        api.allowed = None
        await until(lambda: sink.state.state == "connected")
        assert sink.pods.keys() == {"a"}


async def test_pods_that_may_be_listed_but_not_watched_are_said_to_be_stale(api: Api, tmp_path: Path) -> None:
    api.allowed = {"list pods", "list nodes", "watch nodes"}
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "forbidden")
        assert "may not watch pods" in sink.state.error
        assert sink.pods.keys() == {"a"}
        assert api.lists(PODS) == 1


async def test_it_ends_at_once_while_it_waits_for_a_server(tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, first_retry_seconds=60.0, most_retry_seconds=60.0)
    async with following(tmp_path / "none", settings) as sink:
        await until(lambda: sink.state.state == "no-kubeconfig")
        assert sink.state.retry_at_ns


async def test_it_ends_even_where_a_fault_comes_at_the_same_moment(tmp_path: Path) -> None:
    follower = ClusterFollower(
        KubeconfigSource(str(tmp_path / "none")), sink=Sink(), clock=SystemClock(), settings=QUICK
    )

    async def fail() -> None:
        task.cancel()
        raise BrokenStreamError("cut")

    async def session() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    follower._session = session  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(follower.run())
    async with asyncio.timeout(20):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def test_more_objects_than_are_kept_are_an_error_from_a_list_and_from_a_watch(api: Api, tmp_path: Path) -> None:
    settings = dataclasses.replace(QUICK, most_objects=2)
    async with cluster(api, tmp_path, settings) as sink:
        await until(lambda: api.watches(PODS))
        api.put(PODS, pod("b", "10.10.2.1"))
        await until(lambda: "b" in sink.pods)
        api.put(PODS, pod("c", "10.10.2.2"))
        await until(lambda: "There are more than 2 pods." in sink.state.error)
        assert "c" not in sink.pods
        api.delete(PODS, "c", "default")
        await until(lambda: sink.state.state == "connected")
        assert set(sink.pods) == {"a", "b"}
