"""Nodes, workloads, ConfigMaps and custom objects of the API → the records of `model.evidence`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from podwire.kube.cilium_schema import CiliumNodeObject
from podwire.kube.pods import nanoseconds
from podwire.kube.schema import (
    ConfigMapObject,
    CustomResource,
    EnvEntry,
    NodeObject,
    NodeSpec,
    NodeStatus,
    ObjectMeta,
    TemplateContainer,
    TemplateSpec,
    VolumeEntry,
    WorkloadObject,
    WorkloadStatus,
)
from podwire.model.evidence import ConfigMap, Container, CustomObject, EnvVar, Node, Volume, Workload

_NO_META = ObjectMeta()
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""A copy of the whole object, put there by `kubectl apply`: it repeats what may since have changed."""


def node_of(api: NodeObject) -> Node:
    """Flatten a Node."""
    meta, spec, status = api.metadata or _NO_META, api.spec or NodeSpec(), api.status or NodeStatus()
    conditions = {each.type: each for each in status.conditions or ()}
    network, ready = conditions.get("NetworkUnavailable"), conditions.get("Ready")
    return Node(
        name=meta.name or "",
        uid=meta.uid or "",
        labels=meta.labels or {},
        annotations=_annotations(meta),
        pod_cidrs=tuple(spec.pod_cidrs or ((spec.pod_cidr,) if spec.pod_cidr else ())),
        addresses=tuple((each.type or "", each.address or "") for each in status.addresses or () if each.address),
        network_reason=(network.reason or "") if network else "",
        os=(status.node_info.operating_system or "") if status.node_info else "",
        is_ready=ready is None or ready.status == "True",
        kubelet=(status.node_info.kubelet_version or "") if status.node_info else "",
        created_ns=nanoseconds(meta.creation_timestamp),
    )


def workload_of(api: WorkloadObject) -> Workload:
    """Flatten a DaemonSet or a Deployment."""
    meta, status = api.metadata or _NO_META, api.status or WorkloadStatus()
    template = _template(api)
    return Workload(
        namespace=meta.namespace or "",
        name=meta.name or "",
        labels=meta.labels or {},
        desired=status.desired_number_scheduled or status.replicas or 0,
        ready=status.number_ready or status.ready_replicas or 0,
        containers=_containers(template.containers),
        init_containers=_containers(template.init_containers),
        volumes=tuple(volume for each in template.volumes or () for volume in _volumes(each)),
    )


def config_map_of(api: ConfigMapObject) -> ConfigMap:
    """Flatten a ConfigMap; `binaryData` is left out."""
    meta = api.metadata or _NO_META
    data = {key: value for key, value in (api.data or {}).items() if value is not None}
    return ConfigMap(namespace=meta.namespace or "", name=meta.name or "", data=data)


def custom_of(api: CustomResource, resource: str) -> CustomObject:
    """Flatten a custom object; `resource` is `plural.group`. A spec that is no object becomes an empty one."""
    meta = api.metadata or _NO_META
    return CustomObject(
        resource=resource,
        name=meta.name or "",
        namespace=meta.namespace or "",
        labels=meta.labels or {},
        annotations=_annotations(meta),
        spec=_mapping(api.spec),
        status=_mapping(api.status),
    )


def cilium_node_of(api: CiliumNodeObject, resource: str) -> CustomObject:
    """Flatten a CiliumNode to its addresses, ranges and key."""
    meta = api.metadata or _NO_META
    spec = msgspec.to_builtins(api.spec) if api.spec is not None else {}
    return CustomObject(resource=resource, name=meta.name or "", spec=spec)


def config_maps_named_by(workload: Workload) -> Iterator[str]:
    """Yield the names of the ConfigMaps that a workload mounts or takes environment variables from."""
    for volume in workload.volumes:
        if volume.config_map:
            yield volume.config_map
    for container in (*workload.containers, *workload.init_containers):
        for variable in container.env:
            if variable.config_map:
                yield variable.config_map
        for _, name in container.env_from:
            yield name


def shares_host_network(api: WorkloadObject) -> bool:
    """Return whether the workload's Pods use their node's network, as the agents of every CNI plugin do."""
    return bool(_template(api).host_network)


def _template(api: WorkloadObject) -> TemplateSpec:
    if api.spec is None or api.spec.template is None or api.spec.template.spec is None:
        return TemplateSpec()
    return api.spec.template.spec


def _annotations(meta: ObjectMeta) -> dict[str, str]:
    return {key: value for key, value in (meta.annotations or {}).items() if key != _LAST_APPLIED}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _containers(entries: Iterable[TemplateContainer] | None) -> tuple[Container, ...]:
    return tuple(
        Container(
            name=each.name or "",
            image=each.image or "",
            command=tuple(each.command or ()),
            args=tuple(each.args or ()),
            env=tuple(_variable(entry) for entry in each.env or ()),
            env_from=tuple(
                (source.prefix or "", source.config_map_ref.name)
                for source in each.env_from or ()
                if source.config_map_ref is not None and source.config_map_ref.name
            ),
            mounts=tuple((mount.name or "", mount.mount_path or "") for mount in each.volume_mounts or ()),
        )
        for each in entries or ()
    )


def _variable(entry: EnvEntry) -> EnvVar:
    source = entry.value_from
    if source is None:
        # Kubernetes reads a variable without a value as an empty one.
        return EnvVar(name=entry.name or "", value=entry.value or "")
    reference = source.config_map_key_ref
    if reference is None:
        return EnvVar(name=entry.name or "")
    return EnvVar(name=entry.name or "", config_map=reference.name or "", config_map_key=reference.key or "")


def _volumes(entry: VolumeEntry) -> Iterator[Volume]:
    name = entry.name or ""
    if entry.config_map is not None and entry.config_map.name:
        yield Volume(name=name, config_map=entry.config_map.name)
    if entry.secret is not None and entry.secret.secret_name:
        yield Volume(name=name, secret=entry.secret.secret_name)
    for source in (entry.projected.sources if entry.projected else None) or ():
        config_map = (source.config_map.name or "") if source.config_map else ""
        secret = (source.secret.name or "") if source.secret else ""
        if config_map or secret:
            yield Volume(name=name, config_map=config_map, secret=secret)
