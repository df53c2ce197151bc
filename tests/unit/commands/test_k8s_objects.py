"""The show commands of Kubernetes' own objects."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from podwire.capture import Capture
from podwire.catalog import NOUNS
from podwire.commands.kubernetes import object_handlers
from podwire.commands.query import parse_query
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.nodes import NodeAddresses
from podwire.model.owners import Owner
from podwire.model.pods import DeclaredPort, Pod, PodContainer
from podwire.model.services import EndpointSlice, Service, ServicePort, SliceEndpoint
from podwire.support.clock import FixedClock

NOW = 1_767_268_809_000_000_000
SECOND = 1_000_000_000


def pod(name: str, ip: str, **given: Any) -> Pod:
    web = PodContainer("web", "web:1", "running", restarts=2, is_ready=True)
    known: dict[str, Any] = {
        "uid": f"uid-{name}",
        "namespace": "shop",
        "name": name,
        "node": "n1",
        "phase": "Running",
        "power": "Running",
        "ips": (ip,),
        "created_ns": NOW - 90 * SECOND,
        "containers": (PodContainer("init", "init:1", "Completed", is_init=True), web),
        "owner_kind": "ReplicaSet",
        "owner_name": "web-1",
        "owner_uid": "rs",
    }
    return Pod(**(known | given))


@pytest.fixture
def parts() -> Parts:
    made = Parts(capture=cast("Capture", None), clock=FixedClock(NOW))
    waiting = PodContainer("web", "web:2", "CrashLoopBackOff", restarts=5)
    bare = {"owner_kind": "", "owner_name": "", "owner_uid": ""}
    made.pods.replace(
        "k",
        [
            pod("a", "10.0.0.1", ports=(DeclaredPort(8080, name="http"),), labels=(("app", "web"), ("tier", "1"))),
            pod("b", "10.0.0.2", node="n2", power="CrashLoopBackOff", containers=(waiting,)),
            pod("done", "10.0.0.3", phase="Succeeded", power="Completed"),
            pod("bare", "fd00::1", secondary_ips=("172.16.0.1",), **bare),
        ],
    )
    made.owners.put("k", Owner("ReplicaSet", "shop", "web-1", "rs", "Deployment", "web", "d"))
    labels = {"node-role.kubernetes.io/control-plane": "", "zone": "a"}
    node = Node(name="n1", labels=labels, pod_cidrs=("10.0.0.0/24",), kubelet="v1.36.2", created_ns=NOW - SECOND)
    addresses = NodeAddresses(own=("192.0.2.1",), outer=("192.0.2.1",), tunnel=("10.0.0.0",))
    made.nodes.replace("k", [(node, addresses)])
    port = ServicePort(80, node_port=30080)
    service = Service("s", "shop", "web", "NodePort", ("10.96.0.1",), ("198.51.100.1",), ("203.0.113.1",), (port,))
    made.services.put_service("k", service)
    made.services.put_service("k", Service("x", "shop", "out", "ExternalName", external_name="db.example.org"))
    both = (SliceEndpoint(("10.0.0.1",), "uid-a"), SliceEndpoint(("10.0.0.2",), "uid-b", is_ready=False))
    made.services.put_slice("k", EndpointSlice("e4", "shop", "web-4", "web", (ServicePort(8080),), both))
    six = (SliceEndpoint(("fd00::a",), "uid-a"),)
    made.services.put_slice("k", EndpointSlice("e6", "shop", "web-6", "web", (ServicePort(8080),), six))
    return made


def ask(parts: Parts, noun: str, *params: tuple[str, str]) -> list[dict[str, Any]]:
    handler = next(each for each in object_handlers(None, parts) if each.noun.name == noun)
    query = parse_query(handler.noun, [("format", "all"), *params], now_ns=NOW)
    return asyncio.run(handler.show(query)).as_rows()


def test_pods_are_shown_as_kubectl_does_and_with_what_they_belong_to(parts: Parts) -> None:
    rows = {row["name"]: row for row in ask(parts, "k8s-pod")}
    assert {name: row["ready"] for name, row in rows.items()} == {"a": "1/1", "b": "0/1", "bare": "1/1", "done": "1/1"}
    assert {name: row["workload"] for name, row in rows.items()} == {
        "a": "Deployment/web",
        "b": "Deployment/web",
        "bare": "Pod/bare",
        "done": "Deployment/web",
    }
    assert rows["a"]["owner"] == "ReplicaSet/web-1"
    assert (rows["a"]["age"], rows["a"]["ports"], rows["a"]["labels"]) == (90 * SECOND, "8080/TCP", "app:web,tier:1")
    assert rows["a"]["container-states"] == "init:Completed,web:running"
    assert rows["b"]["status"] == "CrashLoopBackOff"
    assert rows["bare"]["secondary-ip"] == "172.16.0.1"


def test_a_pod_that_has_ended_has_no_address(parts: Parts) -> None:
    assert [row["ip"] for row in ask(parts, "k8s-pod", ("name", "done"))] == [None]
    assert ask(parts, "k8s-pod", ("ip", "10.0.0.3")) == []


def test_a_node_is_found_by_its_tunnel_address(parts: Parts) -> None:
    (row,) = ask(parts, "k8s-node", ("tunnel-ip", "10.0.0.0"))
    assert (row["name"], row["roles"], row["pods"], row["version"]) == ("n1", "control-plane", 2, "v1.36.2")
    assert (row["pod-ranges"], row["age"]) == ("10.0.0.0/24", SECOND)


def test_a_backend_of_both_families_counts_once(parts: Parts) -> None:
    (row,) = ask(parts, "k8s-service", ("backend-ip", "fd00::a"))
    assert (row["backends"], row["ready"], row["backend-pod"]) == (2, 1, "a,b")
    assert (row["ports"], row["external-ip"], row["backend-port"]) == (
        "80:30080/TCP",
        "198.51.100.1,203.0.113.1",
        "8080/TCP",
    )
    (outside,) = ask(parts, "k8s-service", ("name", "out"))
    assert (outside["external-ip"], outside["cluster-ip"], outside["backends"]) == ("db.example.org", None, 0)


def test_workloads_add_up_their_pods(parts: Parts) -> None:
    bare, web = sorted(ask(parts, "k8s-workload"), key=lambda row: str(row["kind"]), reverse=True)
    assert (bare["kind"], bare["name"], bare["pods"]) == ("Pod", "bare", 1)
    assert (web["kind"], web["name"], web["services"]) == ("Deployment", "web", "web")
    assert (web["pods"], web["ready"], web["ended"], web["restarts"], web["nodes"]) == (2, 1, 1, 7, 2)
    assert web["images"] == "init:1,web:1,web:2"


def test_only_what_is_asked_for_is_made(parts: Parts) -> None:
    handler = next(each for each in object_handlers(None, parts) if each.noun.name == "k8s-pod")
    answer = asyncio.run(handler.show(parse_query(handler.noun, [("format", "images")], now_ns=NOW)))
    assert len(answer.as_rows()) == 4


@pytest.mark.parametrize("noun", ["k8s-node", "k8s-pod", "k8s-service", "k8s-workload"])
def test_an_empty_table_says_why(noun: str) -> None:
    assert any(each.name == noun for each in NOUNS)
    empty = Parts(capture=cast("Capture", None), clock=FixedClock(NOW))
    handler = next(each for each in object_handlers(None, empty) if each.noun.name == noun)
    answer = asyncio.run(handler.show(parse_query(handler.noun, [], now_ns=NOW)))
    assert (answer.count, list(answer.notes)) == (0, ["No Kubernetes objects were given; name them with --objects."])
