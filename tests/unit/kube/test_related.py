"""Services, EndpointSlices and owners are followed beside the Pods, and each may be missing by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podwire.kube import ClusterFollower, KubeconfigSource, load_cluster
from podwire.kube.pool import Pool
from podwire.kube.service_schema import OwnerObject, ServiceObject, SliceObject
from podwire.kube.services import owner_of, service_of, slice_of
from podwire.model.owners import Owner
from podwire.model.pods import Pod
from podwire.model.services import ServicePort, SliceEndpoint
from podwire.support.clock import SystemClock

from .conftest import QUICK, Sink, cluster, pod, until, write_kubeconfig
from .server import JOBS, REPLICA_SETS, SERVICES, SLICES, Api, serving

PODS = "/api/v1/pods"


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "uid": f"uid-{name}", **more}


def service(name: str, ip: str = "10.96.0.10", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080}]
    return {"metadata": meta(name), "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": ports, **spec}}


def slice_for(name: str, *endpoints: tuple[str, str]) -> dict[str, Any]:
    return {
        "metadata": meta(f"{name}-x", labels={"kubernetes.io/service-name": name, "other": "1"}),
        "endpoints": [{"addresses": [ip], "targetRef": {"kind": "Pod", "uid": uid}} for ip, uid in endpoints],
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
    }


def owned(name: str, kind: str = "", owner: str = "") -> dict[str, Any]:
    references = [{"kind": "Other", "name": "x", "uid": "y"}, {"kind": kind, "name": owner, "controller": True}]
    return {"metadata": meta(name, ownerReferences=references if kind else None), "spec": {"replicas": 3}}


async def test_all_are_listed_then_watched(api: Api, tmp_path: Path) -> None:
    api.put(SERVICES, service("web"))
    api.put(SLICES, slice_for("web", ("10.10.1.1", "uid-a")))
    api.put(REPLICA_SETS, owned("web-5d", "Deployment", "web"))
    api.put(JOBS, owned("backup-1", "CronJob", "backup"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.services and sink.slices and len(sink.owners) == 2)
        assert sink.services["web"].ports == (ServicePort(80, name="http", node_port=30080),)
        assert sink.owners["web-5d"] == Owner("ReplicaSet", "default", "web-5d", "uid-web-5d", "Deployment", "web")
        assert sink.owners["backup-1"].owner_kind == "CronJob"
        endpoint = sink.slices["web-x"].endpoints[0]
        assert endpoint.addresses is sink.pods["a"].ips, "what the Pod has is not kept twice"
        assert endpoint.target_uid is sink.pods["a"].uid
        for path in (SERVICES, SLICES, REPLICA_SETS, JOBS):
            await until(lambda path=path: api.watches(path))
        api.delete(SERVICES, "web", "default")
        api.delete(JOBS, "backup-1", "default")
        api.put(SLICES, slice_for("web"))
        await until(lambda: not sink.services and len(sink.owners) == 1 and not sink.slices["web-x"].endpoints)
        await until(lambda: sink.state.services == 0)
        assert [api.lists(path) for path in (SERVICES, SLICES, REPLICA_SETS, JOBS)] == [1, 1, 1, 1]
        assert sink.state.costs == ()


async def test_only_the_metadata_of_owners_is_asked_for(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path):
        await until(lambda: api.watches(JOBS) and api.watches(REPLICA_SETS))
    for path in (JOBS, REPLICA_SETS):
        kinds = sorted(each.partition(",")[0] for each in api.accepted[path])
        start = "application/json;as=PartialObjectMetadata"
        assert kinds == [f"{start};g=meta.k8s.io;v=v1", f"{start}List;g=meta.k8s.io;v=v1"]
    assert api.accepted[PODS] == {"application/json"}


async def test_nothing_is_asked_that_nobody_wants(api: Api, tmp_path: Path) -> None:
    async with serving(api) as port:
        source = KubeconfigSource(str(write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")))
        sink = Sink()
        task = asyncio.create_task(
            ClusterFollower(source, sink=sink, clock=SystemClock(), settings=QUICK).run()  # type: ignore[arg-type]
        )
        await until(lambda: sink.state.state == "connected" and sink.evidence)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not any(api.lists(path) for path in (SERVICES, SLICES, REPLICA_SETS, JOBS))


@pytest.mark.parametrize(
    ("missing", "label", "cost"),
    [
        ("services", "services", "no Service is told by its addresses"),
        ("endpointslices", "endpointslices.discovery.k8s.io", "do not show the Service"),
        ("replicasets", "replicasets.apps", "show their ReplicaSet"),
        ("jobs", "jobs.batch", "show their Job"),
    ],
)
async def test_a_missing_right_turns_only_that_off(
    api: Api, tmp_path: Path, missing: str, label: str, cost: str
) -> None:
    api.put(SERVICES, service("web"))
    api.put(SLICES, slice_for("web", ("10.10.1.1", "uid-a")))
    api.put(REPLICA_SETS, owned("web-5d", "Deployment", "web"))
    api.put(JOBS, owned("backup-1", "CronJob", "backup"))
    kinds = ("pods", "nodes", "daemonsets", "configmaps", "services", "endpointslices", "replicasets", "jobs")
    api.allowed = {f"{verb} {kind}" for verb in ("get", "list", "watch") for kind in kinds if kind != missing}
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.denied == (label,))
        await until(lambda: len(sink.services) + len(sink.slices) + len(sink.owners) == 3)
        assert sink.state.state == "connected"
        assert len(sink.state.costs) == 1
        assert cost in sink.state.costs[0]
        api.allowed = None
        await until(lambda: len(sink.services) + len(sink.slices) + len(sink.owners) == 4)
        await until(lambda: sink.state.denied == () and sink.state.costs == ())


async def test_a_right_that_is_taken_away_is_told_and_what_was_known_stays(api: Api, tmp_path: Path) -> None:
    api.put(SERVICES, service("web"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.services and api.watches(SERVICES))
        api.allowed = {f"{verb} {kind}" for verb in ("get", "list", "watch") for kind in ("pods", "nodes")}
        api.cut()
        await until(lambda: "services" in sink.state.denied)
        assert sink.services
        assert sink.state.state == "connected"


async def test_they_wait_for_the_pods_but_not_for_ever(api: Api, tmp_path: Path) -> None:
    api.put(SERVICES, service("web"))
    api.allowed = {"list services", "watch services"}
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.services)
        assert sink.state.state == "forbidden"


async def test_another_cluster_starts_without_them(api: Api, tmp_path: Path) -> None:
    api.put(SERVICES, service("web"))
    other = Api()
    other.put(PODS, pod("z", "10.20.1.1"))
    async with serving(other) as second:
        first = serving(api)
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{await first.__aenter__()}")
        from .conftest import following  # noqa: PLC0415

        async with following(kubeconfig) as sink:
            await until(lambda: sink.services)
            write_kubeconfig(kubeconfig, f"http://127.0.0.1:{second}")
            await first.__aexit__(None, None, None)
            await until(lambda: sink.pods.keys() == {"z"} and not sink.services)


def test_services_of_every_type() -> None:
    def made(**spec: Any) -> Any:
        status = spec.pop("status", None)
        api = msgspec.convert({"metadata": meta("s"), "spec": spec, "status": status}, ServiceObject)
        return service_of(api, Pool())

    assert made(clusterIP="None", clusterIPs=["None"]).cluster_ips == ()
    assert made(clusterIP="10.96.0.1").cluster_ips == ("10.96.0.1",)
    assert made(clusterIPs=["10.96.0.1", "FD00::0:1"]).cluster_ips == ("10.96.0.1", "fd00::1")
    name = made(type="ExternalName", externalName="db.example.org")
    assert (name.type, name.external_name, name.cluster_ips) == ("ExternalName", "db.example.org", ())
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}, {"hostname": "lb.example.org"}]}}
    balanced = made(type="LoadBalancer", externalIPs=["198.51.100.1"], status=ingress)
    assert (balanced.external_ips, balanced.load_balancer_ips) == (("198.51.100.1",), ("203.0.113.7",))
    assert service_of(ServiceObject(), Pool()).name == ""


def test_conditions_of_endpoints() -> None:
    def made(**endpoint: Any) -> SliceEndpoint:
        api = msgspec.convert({"metadata": meta("s"), "endpoints": [endpoint]}, SliceObject)
        return slice_of(api, Pool(), lambda _: None).endpoints[0]

    assert made(addresses=["10.0.0.1"]) == SliceEndpoint(("10.0.0.1",))
    assert not made(addresses=["10.0.0.1"], conditions={"ready": False}).is_ready
    assert made(addresses=["10.0.0.1"], conditions={"ready": None, "terminating": True}).is_terminating
    assert made(addresses=["10.0.0.1"], targetRef={"kind": "VM", "uid": "u"}).target_uid == ""
    everything = msgspec.convert({"ports": [{"port": None}], "endpoints": None}, SliceObject)
    assert slice_of(everything, Pool(), lambda _: None).ports == (ServicePort(0),)


def test_the_address_of_another_network_of_a_known_pod_stays() -> None:
    known = Pod(uid="u", namespace="d", name="p", ips=("10.0.0.1", "fd00::1"))
    document = {"endpoints": [{"addresses": ["192.0.2.9"], "targetRef": {"kind": "Pod", "uid": "u"}}]}
    found = slice_of(msgspec.convert(document, SliceObject), Pool(), lambda _: known)
    assert found.endpoints == (SliceEndpoint(("192.0.2.9",), "u"),)


def test_an_owner_without_a_controller_is_the_workload_itself() -> None:
    assert owner_of(msgspec.convert(owned("alone"), OwnerObject), "Job", Pool()).owner_kind == ""


def test_real_answers(recordings: Path) -> None:
    folder = recordings / "flannel-vxlan"
    loaded = load_cluster(
        [folder / f"{name}.json" for name in ("services", "endpointslices", "replicasets", "pods-all")]
    )
    services = {(each.namespace, each.name): each for each in loaded.services}
    assert services["default", "kubernetes"].cluster_ips == ("10.96.0.1",)
    pods = {each.uid: each for each in loaded.pods}
    for each in loaded.slices:
        assert (each.namespace, each.service) in services
        for endpoint in each.endpoints:
            assert not endpoint.target_uid or pods[endpoint.target_uid].ips == endpoint.addresses
    assert {each.owner_kind for each in loaded.owners} == {"Deployment"}
    owners = {each.uid for each in loaded.owners}
    assert all(each.owner_uid in owners for each in pods.values() if each.owner_kind == "ReplicaSet")
