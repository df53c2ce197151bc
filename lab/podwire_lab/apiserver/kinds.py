"""The resources that the emulator serves, and the discovery documents made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One resource of one API group."""

    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool = True
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    is_custom: bool = False
    """Defined by a CustomResourceDefinition."""
    field_labels: tuple[str, ...] = ()
    """Field selectors beside metadata.name and metadata.namespace."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def id(self) -> str:
        """`plural.group`, or the plural alone in the core group: as messages and faults name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_REVIEW = ("create",)
_AUTHORIZATION = "authorization.k8s.io"
_CRD_GROUP = "apiextensions.k8s.io"
CRD_KIND = "CustomResourceDefinition"

POD_FIELDS = (
    "spec.hostNetwork",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.nominatedNodeName",
    "status.phase",
    "status.podIP",
)

BUILT_IN = (
    Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Resource("", "v1", "namespaces", "Namespace", False, ("ns",), field_labels=("status.phase",)),
    Resource("", "v1", "nodes", "Node", False, ("no",), field_labels=("spec.unschedulable",)),
    Resource("", "v1", "pods", "Pod", short_names=("po",), field_labels=POD_FIELDS),
    Resource("", "v1", "secrets", "Secret", field_labels=("type",)),
    Resource("", "v1", "services", "Service", short_names=("svc",), field_labels=("spec.clusterIP", "spec.type")),
    Resource("apps", "v1", "daemonsets", "DaemonSet", short_names=("ds",)),
    Resource("apps", "v1", "deployments", "Deployment", short_names=("deploy",)),
    Resource("apps", "v1", "replicasets", "ReplicaSet", short_names=("rs",)),
    Resource("apps", "v1", "statefulsets", "StatefulSet", short_names=("sts",)),
    Resource("batch", "v1", "jobs", "Job"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource(_CRD_GROUP, "v1", "customresourcedefinitions", CRD_KIND, False, ("crd", "crds")),
    Resource(_AUTHORIZATION, "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, verbs=_REVIEW),
    Resource(_AUTHORIZATION, "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, verbs=_REVIEW),
)


class Kinds:
    """All served resources: the built-in ones, and those that CustomResourceDefinitions add and remove."""

    def __init__(self) -> None:
        self._served = {(item.group, item.version, item.plural): item for item in BUILT_IN}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object's apiVersion and kind."""
        for item in self._served.values():
            if item.api_version == api_version and item.kind == kind:
                return item
        return None

    def define(self, definition: Object) -> None:
        """Serves what a CustomResourceDefinition describes."""
        for item in _defined(definition):
            self._served[item.group, item.version, item.plural] = item

    def withdraw(self, definition: Object) -> None:
        """No longer serves what a CustomResourceDefinition describes."""
        for item in _defined(definition):
            self._served.pop((item.group, item.version, item.plural), None)

    def all(self) -> list[Resource]:
        return list(self._served.values())

    def of(self, group: str, version: str) -> list[Resource]:
        return [item for item in self._served.values() if (item.group, item.version) == (group, version)]

    def group(self, name: str) -> Object | None:
        """The APIGroup document without its kind; None where nothing of the group is served."""
        versions = sorted({item.version for item in self._served.values() if item.group == name})
        if not versions:
            return None
        entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
        return {"name": name, "versions": entries, "preferredVersion": entries[0]}

    def groups(self) -> Object:
        """The answer to /apis."""
        names = dict.fromkeys(item.group for item in self._served.values() if item.group)
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self.group(name) for name in names]}

    def resource_list(self, group: str, version: str) -> Object | None:
        """The answer to /api/v1 or /apis/GROUP/VERSION; None where nothing of it is served."""
        served = self.of(group, version)
        if not served:
            return None
        entries: list[Object] = []
        for item in served:
            entries += _entries(item)
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": served[0].api_version,
            "resources": entries,
        }


def _entries(item: Resource) -> list[Object]:
    entry: Object = {
        "name": item.plural,
        "singularName": item.kind.lower(),
        "namespaced": item.is_namespaced,
        "kind": item.kind,
        "verbs": list(item.verbs),
    }
    if item.short_names:
        entry["shortNames"] = list(item.short_names)
    if "patch" not in item.verbs:
        return [entry]
    status = {
        "name": f"{item.plural}/status",
        "singularName": "",
        "namespaced": item.is_namespaced,
        "kind": item.kind,
        "verbs": ["get", "patch", "update"],
    }
    return [entry, status]


def _defined(definition: Object) -> list[Resource]:
    spec = definition["spec"]
    names = spec["names"]
    return [
        Resource(
            spec["group"],
            version["name"],
            names["plural"],
            names["kind"],
            spec.get("scope", "Namespaced") == "Namespaced",
            tuple(names.get("shortNames", ())),
            is_custom=True,
        )
        for version in spec["versions"]
        if version.get("served", True)
    ]
