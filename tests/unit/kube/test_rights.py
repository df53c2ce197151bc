"""The shipped manifests give exactly the rights that are used, judged by a server that grants nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from podwire.kube.resources import (
    CUSTOM_KINDS,
    GROUP_DEPLOYMENTS,
    WELL_KNOWN_CONFIG_MAPS,
)

from .conftest import ROOT, cluster, node, until
from .server import DAEMON_SETS, Api, Attributes

DEPLOY = ROOT / "deploy"
FILES = (DEPLOY / "rbac.yaml", DEPLOY / "rbac-plugins.yaml")
POD_NAMESPACES = ("kube-system", "kube-flannel", "calico-system", "ovn-kubernetes")


def documents() -> list[dict[str, Any]]:
    return [each for file in FILES for each in yaml.safe_load_all(file.read_text())]


class Rbac:
    """Judges requests by Roles and ClusterRoles (rbac.authorization.k8s.io/v1), and notes which rules were used."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str, str, str]] = set()
        self._rules: list[tuple[str | None, dict[str, Any]]] = []
        for document in documents():
            if document["kind"] in ("Role", "ClusterRole"):
                namespace = document["metadata"].get("namespace")
                self._rules += [(namespace, rule) for rule in document["rules"]]

    def __call__(self, asked: Attributes) -> bool:
        for namespace, rule in self._rules:
            names = rule.get("resourceNames")
            if (
                asked.verb in rule["verbs"]
                and asked.group in rule["apiGroups"]
                and asked.resource in rule["resources"]
                and namespace in (None, asked.namespace)
                and (not names or asked.name in names)
            ):
                self.used.add((asked.verb, asked.group, asked.resource, asked.name if names else ""))
                return True
        return False


def granted() -> set[tuple[str, str, str, str]]:
    """Return every (verb, group, resource, name) in the manifests."""
    return {
        (verb, group, resource, name)
        for document in documents()
        for rule in document.get("rules", ())
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    }


def all_agents() -> dict[str, Any]:
    """Write a DaemonSet that names every ConfigMap of its namespace that is known."""
    return {name: [config for where, config in WELL_KNOWN_CONFIG_MAPS if where == name] for name in POD_NAMESPACES}


async def test_the_manifests_give_all_that_is_read_and_no_more(tmp_path: Path) -> None:
    api, judge = Api(), Rbac()
    api.authorize = judge
    api.put("/api/v1/nodes", node("server1"))
    for kind in CUSTOM_KINDS:
        api.groups[kind.group] = [kind.version]
        for plural in kind.plurals:
            api.collections[f"/apis/{kind.group}/{kind.version}/{plural}"] = {}
    for namespace, names in all_agents().items():
        volumes = [{"name": each, "configMap": {"name": each}} for each in names]
        spec = {"template": {"spec": {"hostNetwork": True, "volumes": volumes}}}
        api.put(DAEMON_SETS, {"metadata": {"name": "agent", "namespace": namespace}, "spec": spec})
    async with cluster(api, tmp_path) as sink:
        await until(lambda: sink.state.state == "connected" and sink.evidence)
        # The native group of Calico is read where the CRDs are not there.
        await until(lambda: granted() - judge.used == {g for g in granted() if g[1] == "projectcalico.org"})
        assert sink.state.denied == ()
        del api.groups["crd.projectcalico.org"]
        await until(lambda: granted() == judge.used)
        assert sink.state.denied == ()


def test_no_rule_can_change_anything_or_read_a_secret() -> None:
    for document in documents():
        for rule in document.get("rules", ()):
            assert set(rule["verbs"]) <= {"list", "watch"}
            assert "secrets" not in rule["resources"]
            assert "*" not in (*rule["resources"], *rule["apiGroups"])
            if "configmaps" in rule["resources"] or "deployments" in rule["resources"]:
                assert rule["resourceNames"]


def test_every_known_name_is_granted_where_it_is() -> None:
    roles = {each["metadata"]["namespace"]: each["rules"] for each in documents() if each["kind"] == "Role"}
    for namespace, name in WELL_KNOWN_CONFIG_MAPS:
        assert any(name in rule.get("resourceNames", ()) for rule in roles[namespace]), f"{namespace}/{name}"
    for resource in GROUP_DEPLOYMENTS.values():
        assert any(resource.name in rule.get("resourceNames", ()) for rule in roles[resource.namespace])


def test_every_role_is_bound_to_the_account() -> None:
    def place(document: dict[str, Any]) -> str:
        return str(document["metadata"].get("namespace", ""))

    accounts = [each["metadata"] for each in documents() if each["kind"] == "ServiceAccount"]
    assert [(each["namespace"], each["name"]) for each in accounts] == [("podwire", "podwire")]
    bindings = [each for each in documents() if each["kind"].endswith("Binding")]
    roles = {(each["kind"], place(each)) for each in documents() if each["kind"] in ("Role", "ClusterRole")}
    assert {(each["roleRef"]["kind"], place(each)) for each in bindings} == roles
    subject = {"kind": "ServiceAccount", "name": "podwire", "namespace": "podwire"}
    assert all(each["subjects"] == [subject] for each in bindings)


def test_kubectl_reads_the_manifests(kubectl: str) -> None:
    for file in FILES:
        command = [kubectl, "annotate", "--local", "-f", str(file), "a=b", "-o", "json"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
        assert done.returncode == 0, done.stderr
        count = len(list(yaml.safe_load_all(file.read_text())))
        assert len(json.JSONDecoder().raw_decode(done.stdout)) == 2
        assert done.stdout.count('"metadata"') == count
    subjects = [kubectl, "set", "subject", "--local", "-f", "-", "--serviceaccount=x:y", "-o", "json"]
    for document in documents():
        if document["kind"].endswith("Binding"):
            text = yaml.safe_dump(document)
            # This command decodes the object into its type: a field that the type lacks would be lost.
            done = subprocess.run(subjects, input=text, capture_output=True, check=True, timeout=60, text=True)
            read = json.loads(done.stdout)
            assert read["roleRef"] == document["roleRef"]
            assert document["subjects"][0] in read["subjects"]
