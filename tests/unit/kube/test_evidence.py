"""What the detectors are given: gathered live, kept up to date, and never stopped by what is denied or absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from podwire.kube import KubeconfigSource, check
from podwire.model.evidence import Evidence

from .conftest import QUICK, Sink, cluster, node, until, write_kubeconfig
from .server import Api, Fault, serving, status_body

DAEMON_SETS = "/apis/apps/v1/daemonsets"
CONFIG_MAPS = "/api/v1/configmaps"
POOLS = "/apis/crd.projectcalico.org/v1/ippools"


def flannel(config_map: str = "flannel-settings", *, on_host: bool = True) -> dict[str, Any]:
    container = {
        "name": "flanneld",
        "image": "registry.example/flannel:v0.28.9",
        "args": ["--ip-masq"],
        "env": [
            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "flannel-extra", "key": "mode"}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "EMPTY"},
        ],
        "volumeMounts": [{"name": "cfg", "mountPath": "/etc/kube-flannel/"}],
    }
    volumes = [
        {"name": "cfg", "configMap": {"name": config_map}},
        {"name": "sec", "secret": {"secretName": "s"}},
        {"name": "both", "projected": {"sources": [{"configMap": {"name": "flannel-more"}}, {"downwardAPI": {}}]}},
    ]
    spec = {"hostNetwork": on_host, "containers": [container], "volumes": volumes}
    return {
        "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel"},
        "spec": {"template": {"spec": spec}},
        "status": {"desiredNumberScheduled": 2, "numberReady": 2},
    }


def config_map(name: str, namespace: str = "kube-flannel", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "data": data}


def pool(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def last(sink: Sink) -> Evidence:
    return sink.evidence[-1] if sink.evidence else Evidence()


def named(evidence: Evidence) -> dict[str, dict[str, str]]:
    return {f"{each.namespace}/{each.name}": each.data for each in evidence.config_maps}


async def test_the_config_maps_that_a_daemon_set_names_are_followed(api: Api, tmp_path: Path) -> None:
    api.put(DAEMON_SETS, flannel())
    for name in ("flannel-settings", "flannel-extra", "flannel-more", "unrelated"):
        api.put(CONFIG_MAPS, config_map(name, text=name))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.evidence)
        assert len(sink.evidence) == 1, "nothing is judged before all of it is there"
        evidence = last(sink)
        assert named(evidence).keys() == {f"kube-flannel/flannel-{each}" for each in ("settings", "extra", "more")}
        (workload,) = evidence.daemon_sets
        assert (workload.desired, workload.ready, workload.containers[0].args) == (2, 2, ("--ip-masq",))
        assert [(each.value, each.config_map) for each in workload.containers[0].env] == [
            (None, "flannel-extra"),
            (None, ""),
            ("", ""),
        ]
        api.put(CONFIG_MAPS, config_map("flannel-settings", text="new"))
        await until(lambda: named(last(sink))["kube-flannel/flannel-settings"] == {"text": "new"})
        api.put(CONFIG_MAPS, config_map("other", text="other"))
        api.put(DAEMON_SETS, flannel("other"))
        await until(lambda: "kube-flannel/other" in named(last(sink)))
        assert "kube-flannel/flannel-settings" not in named(last(sink))
        api.delete(DAEMON_SETS, "kube-flannel-ds", "kube-flannel")
        await until(lambda: not named(last(sink)))


async def test_workloads_off_the_host_network_are_no_agents(api: Api, tmp_path: Path) -> None:
    api.put(DAEMON_SETS, flannel(on_host=False))
    api.put(CONFIG_MAPS, config_map("flannel-settings", text="x"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: last(sink).daemon_sets)
        assert not last(sink).config_maps
        assert not api.asked("/api/v1/namespaces/kube-flannel/configmaps")


async def test_config_maps_that_only_may_be_got_are_polled(api: Api, tmp_path: Path) -> None:
    api.put(DAEMON_SETS, flannel())
    api.put(CONFIG_MAPS, config_map("flannel-settings", text="x"))
    api.allowed = {f"{verb} {each}" for verb in ("list", "watch") for each in ("pods", "nodes", "daemonsets")}
    api.allowed.add("get configmaps")
    async with cluster(api, tmp_path) as sink:
        await until(lambda: named(last(sink)) == {"kube-flannel/flannel-settings": {"text": "x"}})
        assert not last(sink).denied
        api.put(CONFIG_MAPS, config_map("flannel-settings", text="y"))
        await until(lambda: named(last(sink)) == {"kube-flannel/flannel-settings": {"text": "y"}})
        api.allowed.remove("get configmaps")
        await until(lambda: "configmaps/kube-flannel/flannel-settings" in last(sink).denied)
        assert not last(sink).config_maps
        assert sink.state.state == "connected"


async def test_a_plugin_that_is_installed_later_is_found(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.evidence)
        assert last(sink).api_groups == {"apps"}
        api.faults.append(
            Fault(POOLS, 429, status_body(429, "TooManyRequests", "storage is (re)initializing"), times=2)
        )
        api.groups["crd.projectcalico.org"] = ["v1"]
        api.put(POOLS, pool("default", vxlanMode="Always"))
        await until(lambda: last(sink).custom)
        (found,) = last(sink).custom
        assert (found.resource, found.name, found.spec) == (
            "ippools.crd.projectcalico.org",
            "default",
            {"vxlanMode": "Always"},
        )
        api.put(POOLS, pool("default", vxlanMode="Never"))
        await until(lambda: last(sink).custom[0].spec == {"vxlanMode": "Never"})
        del api.groups["crd.projectcalico.org"]
        await until(lambda: not last(sink).custom)


async def test_the_native_group_is_read_only_where_the_older_one_is_absent(api: Api, tmp_path: Path) -> None:
    native = "/apis/projectcalico.org/v3/ippools"
    api.groups["projectcalico.org"] = ["v3"]
    api.put(native, pool("native"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: last(sink).custom)
        assert last(sink).custom[0].resource == "ippools.projectcalico.org"
        api.groups["crd.projectcalico.org"] = ["v1"]
        api.put(POOLS, pool("older"))
        await until(lambda: [each.name for each in last(sink).custom] == ["older"])


async def test_what_may_not_be_read_is_named_and_stops_nothing(api: Api, tmp_path: Path) -> None:
    api.groups["crd.projectcalico.org"] = ["v1"]
    api.put(POOLS, pool("default"))
    api.allowed = {"list pods", "watch pods", "list nodes", "watch nodes"}
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.evidence and sink.state.state == "connected")
        named_denied = {"daemonsets.apps", "ippools.crd.projectcalico.org", "configmaps/kube-system/cilium-config"}
        assert named_denied <= last(sink).denied
        around = {"services", "endpointslices.discovery.k8s.io", "replicasets.apps", "jobs.batch"}
        await until(lambda: set(sink.state.denied) == last(sink).denied | around)
        assert len(last(sink).nodes) == 1
        api.allowed = None
        await until(lambda: last(sink).custom and not last(sink).denied)


async def test_api_groups_that_may_not_be_read_are_guessed(api: Api, tmp_path: Path) -> None:
    api.faults.append(Fault("/apis", 403, status_body(403, "Forbidden", "no"), times=10**6))
    api.put(POOLS, pool("default"))
    async with cluster(api, tmp_path) as sink:
        await until(lambda: last(sink).custom)
        assert "apis" in last(sink).denied


async def test_changes_that_mean_nothing_are_not_told(api: Api, tmp_path: Path) -> None:
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.evidence and api.watches("/api/v1/nodes"))
        for beat in range(3):
            again = node("server1")
            again["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastHeartbeatTime": str(beat)}]
            api.put("/api/v1/nodes", again)
        api.put("/api/v1/nodes", node("server1", note="new"))
        await until(lambda: last(sink).nodes[0].annotations)
        assert len(sink.evidence) == 2


async def test_check_reports_once_what_following_would_see(api: Api, tmp_path: Path) -> None:
    api.put(DAEMON_SETS, flannel())
    api.put(CONFIG_MAPS, config_map("flannel-settings", text="x"))
    api.groups["crd.projectcalico.org"] = ["v1"]
    api.put(POOLS, pool("default"))
    api.allowed = {f"{verb} {each}" for verb in ("list", "watch") for each in ("pods", "nodes", "daemonsets")}
    api.allowed |= {"list configmaps", "list ippools"}
    async with serving(api) as port:
        path = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")
        report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert (report.state, report.error, report.version, report.is_reachable) == ("connected", "", "v1.36.2", True)
    assert [each.name for each in report.pods] == ["a"]
    assert named(report.evidence) == {"kube-flannel/flannel-settings": {"text": "x"}}
    assert [each.name for each in report.evidence.custom] == ["default"]
    rights = {(each.resource, each.verb): each.is_allowed for each in report.rights}
    assert rights["pods", "watch"] is True
    assert {verb for _, verb in rights} == {"list", "watch"}, "podwire never gets a single object"
    assert rights["ippools.crd.projectcalico.org", "list"] is True
    assert rights["ippools.crd.projectcalico.org", "watch"] is False
    assert rights["configmaps/kube-flannel/flannel-settings", "list"] is True
    assert all("watch" not in query for _, query in api.requests)


async def test_check_tells_what_is_missing(api: Api, tmp_path: Path) -> None:
    api.allowed = {"list nodes"}
    async with serving(api) as port:
        path = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")
        report = await check(KubeconfigSource(str(path)), settings=QUICK)
    assert report.state == "forbidden"
    assert "may not list pods" in report.error
    assert len(report.evidence.nodes) == 1
    assert "daemonsets.apps" in report.evidence.denied
