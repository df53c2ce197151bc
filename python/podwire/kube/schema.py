"""The Kubernetes objects as the API writes them, cut down to the fields that podwire reads.

Everything is optional and may be null: Go writes `null` for empty lists and times. Unknown fields are skipped by the
decoder without being built, which is what makes a large cluster fit. The structs live only while one object is read.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Api(Struct, rename="camel", gc=False):
    """The base of all: camelCase on the wire, not tracked by the collector because they cannot form cycles."""


class OwnerReference(Api):
    """`meta/v1.OwnerReference`."""

    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class ObjectMeta(Api):
    """`meta/v1.ObjectMeta`, without `managedFields`, which is often half of an object."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    creation_timestamp: str | None = None
    resource_version: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class ListMeta(Api):
    """`meta/v1.ListMeta`."""

    resource_version: str | None = None
    continue_: str | None = None


class AnyObject(Api):
    """What every object has."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None


class ListOfAny(Api):
    """A list of which only its own metadata is read."""

    metadata: ListMeta | None = None


class Condition(Api):
    """A condition of a Pod or a Node."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None


class NodeSpec(Api):
    """`v1.NodeSpec`."""

    pod_cidr: str | None = field(name="podCIDR", default=None)
    pod_cidrs: list[str] | None = field(name="podCIDRs", default=None)


class NodeAddress(Api):
    """`v1.NodeAddress`."""

    type: str | None = None
    address: str | None = None


class NodeInfo(Api):
    """`v1.NodeSystemInfo`."""

    operating_system: str | None = None
    kubelet_version: str | None = None


class NodeStatus(Api):
    """`v1.NodeStatus`."""

    addresses: list[NodeAddress] | None = None
    conditions: list[Condition] | None = None
    node_info: NodeInfo | None = None


class NodeObject(Api):
    """`v1.Node`."""

    metadata: ObjectMeta | None = None
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class KeyRef(Api):
    """`v1.ConfigMapKeySelector`."""

    name: str | None = None
    key: str | None = None


class EnvSource(Api):
    """`v1.EnvVarSource`."""

    config_map_key_ref: KeyRef | None = None


class EnvEntry(Api):
    """`v1.EnvVar`."""

    name: str | None = None
    value: str | None = None
    value_from: EnvSource | None = None


class NameRef(Api):
    """`v1.ConfigMapEnvSource`: the ConfigMap that is meant."""

    name: str | None = None


class EnvFrom(Api):
    """`v1.EnvFromSource`: every entry of a ConfigMap as a variable."""

    prefix: str | None = None
    config_map_ref: NameRef | None = None


class Mount(Api):
    """`v1.VolumeMount`."""

    name: str | None = None
    mount_path: str | None = None


class TemplateContainer(Api):
    """`v1.Container` of a Pod template."""

    name: str | None = None
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[EnvEntry] | None = None
    env_from: list[EnvFrom] | None = None
    volume_mounts: list[Mount] | None = None


class NamedSource(Api):
    """A ConfigMap that a volume comes from."""

    name: str | None = None


class SecretSource(Api):
    """`v1.SecretVolumeSource`."""

    secret_name: str | None = None


class Projection(Api):
    """`v1.VolumeProjection`."""

    config_map: NamedSource | None = None
    secret: NamedSource | None = None


class Projected(Api):
    """`v1.ProjectedVolumeSource`."""

    sources: list[Projection] | None = None


class VolumeEntry(Api):
    """`v1.Volume`."""

    name: str | None = None
    config_map: NamedSource | None = None
    secret: SecretSource | None = None
    projected: Projected | None = None


class TemplateSpec(Api):
    """`v1.PodSpec` of a template."""

    host_network: bool | None = None
    containers: list[TemplateContainer] | None = None
    init_containers: list[TemplateContainer] | None = None
    volumes: list[VolumeEntry] | None = None


class Template(Api):
    """`v1.PodTemplateSpec`."""

    spec: TemplateSpec | None = None


class WorkloadSpec(Api):
    """`apps/v1.DaemonSetSpec` or `DeploymentSpec`."""

    template: Template | None = None


class WorkloadStatus(Api):
    """`apps/v1.DaemonSetStatus` and `DeploymentStatus`; each fills its own fields."""

    desired_number_scheduled: int | None = None
    number_ready: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None


class WorkloadObject(Api):
    """`apps/v1.DaemonSet` or `Deployment`."""

    metadata: ObjectMeta | None = None
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class ConfigMapObject(Api):
    """`v1.ConfigMap`."""

    metadata: ObjectMeta | None = None
    data: dict[str, str | None] | None = None


class CustomResource(Api):
    """An object of a custom resource; what is in it is for the detectors to judge."""

    metadata: ObjectMeta | None = None
    spec: Any = None
    status: Any = None


class GroupVersion(Api):
    """`meta/v1.GroupVersionForDiscovery`."""

    version: str | None = None


class ApiGroup(Api):
    """`meta/v1.APIGroup`."""

    name: str | None = None
    versions: list[GroupVersion] | None = None
    preferred_version: GroupVersion | None = None


class ApiGroups(Api):
    """`meta/v1.APIGroupList`: the answer of `/apis`."""

    groups: list[ApiGroup] | None = None


class Version(Api):
    """`version.Info`: the answer of `/version`."""

    git_version: str | None = None
