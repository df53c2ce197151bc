"""What a cluster's API tells about its network: the input of the CNI detectors.

Objects are flattened to the fields that a detector may ask for. Whoever gathers them (a live API server or files)
fills the same records, so that both are judged by the same code.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Node(Struct, frozen=True):
    """`v1.Node`, reduced to names, addresses, Pod ranges and what plugins write on it."""

    name: str
    uid: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """(type, address) pairs of `status.addresses`: InternalIP, ExternalIP, Hostname, …"""
    network_reason: str = ""
    """`reason` of the NetworkUnavailable condition: FlannelIsUp, CalicoIsUp, …"""
    os: str = ""
    """`status.nodeInfo.operatingSystem`: linux or windows."""
    is_ready: bool = True
    kubelet: str = ""
    """`status.nodeInfo.kubeletVersion`."""
    created_ns: int = 0
    """`metadata.creationTimestamp` in nanoseconds since the epoch; 0 where it is not set."""


class EnvVar(Struct, frozen=True):
    """One environment variable: a literal, or a reference into a ConfigMap."""

    name: str
    value: str | None = None
    config_map: str = ""
    config_map_key: str = ""


class Container(Struct, frozen=True):
    """A container of a workload's Pod template."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[tuple[str, str], ...] = ()
    """(prefix, ConfigMap) pairs: every entry of the ConfigMap is a variable."""
    mounts: tuple[tuple[str, str], ...] = ()
    """(volume name, mountPath) pairs."""


class Volume(Struct, frozen=True):
    """A volume of a Pod template, where it comes from a ConfigMap or a Secret."""

    name: str
    config_map: str = ""
    secret: str = ""


class Workload(Struct, frozen=True):
    """A DaemonSet (or Deployment) with its Pod template and how many of its Pods are ready."""

    namespace: str
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    desired: int = 0
    ready: int = 0
    """`status.numberReady`; a plugin is live only where this is above 0."""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()


class ConfigMap(Struct, frozen=True):
    """`v1.ConfigMap`: its text entries."""

    namespace: str
    name: str
    data: dict[str, str] = field(default_factory=dict)


class CustomObject(Struct, frozen=True):
    """An object of a custom resource: IPPool, FelixConfiguration, Installation, …"""

    resource: str
    """`plural.group`, as in `ippools.crd.projectcalico.org`."""
    name: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)


class Evidence(Struct, frozen=True):
    """All that is known of one cluster's network at one moment."""

    version: str = ""
    """`gitVersion` of the API server."""
    api_groups: frozenset[str] = frozenset()
    nodes: tuple[Node, ...] = ()
    daemon_sets: tuple[Workload, ...] = ()
    deployments: tuple[Workload, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    custom: tuple[CustomObject, ...] = ()
    denied: frozenset[str] = frozenset()
    """What exists but may not be read: `plural.group`, or `configmaps/namespace/name`."""
