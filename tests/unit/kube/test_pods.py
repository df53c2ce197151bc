"""Pods as the API writes them become records with the words that kubectl uses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwire.kube.addresses import canonical
from podwire.kube.pod_schema import PodObject
from podwire.kube.pods import nanoseconds, pod_of
from podwire.kube.pool import Pool
from podwire.model.pods import Pod


def read(**parts: Any) -> Pod:
    return pod_of(msgspec.convert(parts, PodObject), Pool())


def container(name: str = "c", **state: Any) -> dict[str, Any]:
    return {"name": name, "state": state}


def up(**more: Any) -> dict[str, Any]:
    return {"ready": True, **container(running={"startedAt": "2026-11-22T19:15:46Z"}), **more}


READY = [{"type": "Ready", "status": "True"}]
BOOT = {"initContainers": [{"name": "one"}, {"name": "two"}]}
DONE = container("one", terminated={"exitCode": 0, "reason": "Completed"})

WORDS: list[tuple[str, dict[str, Any]]] = [
    ("Running", {"status": {"phase": "Running", "containerStatuses": [up()]}}),
    ("Pending", {"status": {"phase": "Pending"}}),
    ("", {}),
    ("Evicted", {"status": {"phase": "Failed", "reason": "Evicted"}}),
    (
        "ContainerCreating",
        {"status": {"phase": "Pending", "containerStatuses": [container(waiting={"reason": "ContainerCreating"})]}},
    ),
    (
        "CrashLoopBackOff",
        {
            "status": {
                "phase": "Running",
                "containerStatuses": [up(), container(waiting={"reason": "CrashLoopBackOff"})],
            }
        },
    ),
    (
        "Completed",
        {
            "status": {
                "phase": "Succeeded",
                "containerStatuses": [container(terminated={"exitCode": 0, "reason": "Completed"})],
            }
        },
    ),
    (
        "Error",
        {
            "status": {
                "phase": "Failed",
                "containerStatuses": [container(terminated={"exitCode": 1, "reason": "Error"})],
            }
        },
    ),
    ("ExitCode:3", {"status": {"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 3})]}}),
    (
        "Signal:9",
        {"status": {"phase": "Failed", "containerStatuses": [container(terminated={"exitCode": 137, "signal": 9})]}},
    ),
    (
        "NotReady",
        {"status": {"phase": "Running", "containerStatuses": [up(), container(terminated={"reason": "Completed"})]}},
    ),
    (
        "Running",
        {
            "status": {
                "phase": "Running",
                "conditions": READY,
                "containerStatuses": [up(), container(terminated={"reason": "Completed"})],
            }
        },
    ),
    (
        "Init:0/2",
        {
            "spec": BOOT,
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [
                    container("one", running={}),
                    container("two", waiting={"reason": "PodInitializing"}),
                ],
            },
        },
    ),
    (
        "Init:1/2",
        {
            "spec": BOOT,
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [DONE, container("two", waiting={"reason": "PodInitializing"})],
            },
        },
    ),
    (
        "Init:ImagePullBackOff",
        {
            "spec": BOOT,
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [container("one", waiting={"reason": "ImagePullBackOff"})],
            },
        },
    ),
    (
        "Init:Error",
        {
            "spec": BOOT,
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [container("one", terminated={"exitCode": 1, "reason": "Error"})],
            },
        },
    ),
    (
        "Init:ExitCode:2",
        {
            "spec": BOOT,
            "status": {"phase": "Pending", "initContainerStatuses": [container("one", terminated={"exitCode": 2})]},
        },
    ),
    (
        "PodInitializing",
        {
            "spec": BOOT,
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [DONE, {**DONE, "name": "two"}],
                "containerStatuses": [container(waiting={"reason": "PodInitializing"})],
            },
        },
    ),
    (
        "Running",
        {
            "spec": {"initContainers": [{"name": "side", "restartPolicy": "Always"}]},
            "status": {
                "phase": "Running",
                "initContainerStatuses": [{**container("side", running={}), "started": True}],
                "containerStatuses": [up()],
            },
        },
    ),
    (
        "Init:0/1",
        {
            "spec": {"initContainers": [{"name": "side", "restartPolicy": "Always"}]},
            "status": {"phase": "Pending", "initContainerStatuses": [container("side", running={})]},
        },
    ),
    (
        "SchedulingGated",
        {
            "status": {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
            }
        },
    ),
    (
        "Terminating",
        {
            "metadata": {"deletionTimestamp": "2026-11-22T19:15:46Z"},
            "status": {"phase": "Running", "containerStatuses": [up()]},
        },
    ),
    (
        "Completed",
        {
            "metadata": {"deletionTimestamp": "2026-11-22T19:15:46Z"},
            "status": {"phase": "Succeeded", "containerStatuses": [container(terminated={"reason": "Completed"})]},
        },
    ),
    (
        "Unknown",
        {
            "metadata": {"deletionTimestamp": "2026-11-22T19:15:46Z"},
            "status": {"phase": "Running", "reason": "NodeLost"},
        },
    ),
]


@pytest.mark.parametrize(("word", "parts"), WORDS)
def test_power_is_what_kubectl_says(word: str, parts: dict[str, Any]) -> None:
    assert read(**parts).power == word


@pytest.mark.parametrize(
    ("is_stopped", "deleted", "statuses"),
    [
        (True, True, {"containerStatuses": [container(terminated={}), container(terminated={"exitCode": 137})]}),
        (False, False, {"containerStatuses": [container(terminated={})]}),
        (False, True, {"containerStatuses": [up()]}),
        (False, True, {"containerStatuses": [container(terminated={}), up()]}),
        (False, True, {"containerStatuses": [container(waiting={"reason": "ContainerCreating"})]}),
        (False, True, {"containerStatuses": [container(terminated={})], "initContainerStatuses": [up()]}),
        (False, True, {"containerStatuses": [{"name": "c"}]}),
        (False, True, {}),
    ],
)
def test_a_node_confirms_an_end_by_terminated_containers(
    *, is_stopped: bool, deleted: bool, statuses: dict[str, Any]
) -> None:
    meta = {"deletionTimestamp": "2026-11-22T19:15:46Z"} if deleted else {}
    assert read(metadata=meta, status={"phase": "Running", **statuses}).is_stopped == is_stopped


def test_all_fields() -> None:
    owners = [{"kind": "Node", "name": "n"}, {"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    meta = {
        "name": "web-1-x",
        "namespace": "shop",
        "uid": "u",
        "creationTimestamp": "2026-11-22T19:15:46Z",
        "labels": {"b": "2", "a": "1"},
        "ownerReferences": owners,
    }
    status = {
        "phase": "Running",
        "startTime": "2026-11-22T19:15:47Z",
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "FD00::0:1"}],
    }
    assert read(metadata=meta, spec={"nodeName": "n1", "hostNetwork": True}, status=status) == Pod(
        uid="u",
        namespace="shop",
        name="web-1-x",
        node="n1",
        phase="Running",
        power="Running",
        ips=("10.0.0.1", "fd00::1"),
        labels=(("a", "1"), ("b", "2")),
        host_network=True,
        created_ns=1795374946_000000000,
        started_ns=1795374947_000000000,
        owner_kind="ReplicaSet",
        owner_name="web-1",
    )


@pytest.mark.parametrize(
    ("annotations", "ips"),
    [
        ({}, ("10.0.0.1",)),
        ({"cni.projectcalico.org/podIP": "10.0.0.1/32"}, ("10.0.0.1",)),
        ({"cni.projectcalico.org/podIP": "", "cni.projectcalico.org/podIPs": ""}, ()),
        ({"cni.projectcalico.org/podIP": ""}, ()),
        ({"other": ""}, ("10.0.0.1",)),
    ],
)
def test_addresses_that_calico_took_back_are_let_go(annotations: dict[str, str], ips: tuple[str, ...]) -> None:
    pod = read(metadata={"name": "a", "annotations": annotations}, status={"phase": "Running", "podIP": "10.0.0.1"})
    assert pod.ips == ips


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::FFFF", "::ffff"),
        ("010.0.0.1", ""),
        ("", ""),
        ("x", ""),
        ("1.2.3", ""),
        ("1.2\0", ""),
    ],
)
def test_addresses_are_canonical_or_none(text: str, address: str) -> None:
    assert canonical(text) == address


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T01:00:01+01:00", 10**9),
        ("0001-01-01T00:00:00Z", 0),
        ("9999-99-99T00:00:00Z", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_times(text: str | None, value: int) -> None:
    assert nanoseconds(text) == value


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert nanoseconds(text) >= 0
    canonical(text)


def test_the_pool_keeps_one_copy() -> None:
    pool = Pool()
    one, two = ("a" * 3, "b"), ("a" * 3, "b")
    assert pool.share(one) is pool.share(two)
