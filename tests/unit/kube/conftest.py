"""What the tests of the room `kube` share: a server with its kubeconfig, a sink that remembers, the recordings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwire.kube import ClusterFollower, ClusterState, KubeconfigSource
from podwire.model.evidence import Evidence
from podwire.model.owners import Owner
from podwire.model.pods import Pod
from podwire.model.services import EndpointSlice, Service
from podwire.settings.kube import KubeSettings
from podwire.support.clock import SystemClock

from .authority import Authority
from .server import Api, serving

ROOT = Path(__file__).parents[3]
QUICK = KubeSettings(
    connect_seconds=5.0,
    answer_seconds=5.0,
    first_retry_seconds=0.01,
    most_retry_seconds=0.05,
    denied_retry_seconds=0.05,
    discovery_seconds=0.05,
    poll_seconds=0.02,
    settle_seconds=5.0,
    evidence_pause_seconds=0.0,
    state_pause_seconds=0.0,
    access_check_seconds=0.02,
)
"""Short waits, so that what takes minutes in a cluster happens at once."""


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Recorded answers of a real API server."""
    path = Path(os.environ.get("PODWIRE_SHARED", ROOT.parent / "shared")) / "kube-recordings"
    if not path.is_dir():
        pytest.skip("there are no recordings beside the checkout")
    return path


@pytest.fixture(scope="session")
def authority() -> Authority:
    """One authority for all tests."""
    return Authority()


@pytest.fixture
def api() -> Api:
    """A server's content with one Pod and one Node."""
    made = Api()
    made.put("/api/v1/nodes", node("server1"))
    made.put("/api/v1/pods", pod("a", "10.10.1.1"))
    return made


@dataclass
class Sink:
    """Remembers what a ClusterFollower tells."""

    pods: dict[str, Pod] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    states: list[ClusterState] = field(default_factory=list)

    def pods_replaced(self, pods: Sequence[Pod], at_ns: int) -> None:
        assert at_ns > 0
        self.pods = {each.name: each for each in pods}
        self.told.append("replaced")

    def pod_changed(self, pod: Pod, at_ns: int) -> None:
        self.pods[pod.name] = pod
        self.told.append(f"changed {pod.name}")

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        self.pods.pop(pod.name, None)
        self.told.append(f"removed {pod.name}")

    def evidence_changed(self, evidence: Evidence, at_ns: int) -> None:
        self.evidence.append(evidence)

    def state_changed(self, state: ClusterState) -> None:
        self.states.append(state)

    services: dict[str, Service] = field(default_factory=dict)
    slices: dict[str, EndpointSlice] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)

    def services_replaced(self, services: Sequence[Service], at_ns: int) -> None:
        assert at_ns > 0
        self.services = {each.name: each for each in services}

    def service_changed(self, service: Service, at_ns: int) -> None:
        self.services[service.name] = service

    def service_removed(self, service: Service, at_ns: int) -> None:
        self.services.pop(service.name, None)

    def slices_replaced(self, slices: Sequence[EndpointSlice], at_ns: int) -> None:
        self.slices = {each.name: each for each in slices}

    def slice_changed(self, slice_: EndpointSlice, at_ns: int) -> None:
        self.slices[slice_.name] = slice_

    def slice_removed(self, slice_: EndpointSlice, at_ns: int) -> None:
        self.slices.pop(slice_.name, None)

    def owners_replaced(self, kind: str, owners: Sequence[Owner], at_ns: int) -> None:
        rest = {name: each for name, each in self.owners.items() if each.kind != kind}
        self.owners = rest | {each.name: each for each in owners}

    def owner_changed(self, owner: Owner, at_ns: int) -> None:
        self.owners[owner.name] = owner

    def owner_removed(self, owner: Owner, at_ns: int) -> None:
        self.owners.pop(owner.name, None)

    @property
    def state(self) -> ClusterState:
        return self.states[-1] if self.states else ClusterState()


def pod(name: str, ip: str = "", *, uid: str = "", namespace: str = "default", **status: Any) -> dict[str, Any]:
    """Write a Pod as the API does."""
    meta = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "labels": {"app": name}}
    addresses = {"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {}
    return {
        "metadata": meta,
        "spec": {"nodeName": "server1"},
        "status": {"phase": "Running", "startTime": "2026-11-22T19:15:46Z", **addresses, **status},
    }


def node(name: str, **annotations: str) -> dict[str, Any]:
    """Write a Node as the API does."""
    addresses = [{"type": "InternalIP", "address": "192.0.2.11"}]
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"addresses": addresses}}


def write_kubeconfig(
    path: Path, server: str, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None
) -> Path:
    """Write a kubeconfig with one context."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


@asynccontextmanager
async def following(kubeconfig: Path, settings: KubeSettings = QUICK) -> AsyncIterator[Sink]:
    """Run a ClusterFollower for the length of a block."""
    sink = Sink()
    source = KubeconfigSource(str(kubeconfig))
    follower = ClusterFollower(source, sink=sink, clock=SystemClock(), settings=settings, services=sink, owners=sink)
    task = asyncio.create_task(follower.run())
    try:
        yield sink
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@asynccontextmanager
async def cluster(api: Api, folder: Path, settings: KubeSettings = QUICK) -> AsyncIterator[Sink]:
    """Serve `api` without TLS and follow it."""
    async with serving(api) as port:
        kubeconfig = write_kubeconfig(folder / "config", f"http://127.0.0.1:{port}", user={"token": api.token or "t"})
        async with following(kubeconfig, settings) as sink:
            yield sink


async def until(condition: Callable[[], Any], what: str = "") -> None:
    """Wait for a condition; the bound is only there to end a test that fails."""
    try:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is waited for knows no events
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"did not come about: {what or condition}") from None
