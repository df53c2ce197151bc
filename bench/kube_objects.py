"""The objects of a large cluster, as an API server writes them: rendered from templates, none is kept.

The shapes are those of Pods in use: Deployments with a sidecar, StatefulSets, agents on their node's network, Jobs that
are done; with managedFields, environment, probes and mounts, 5–8 kB of JSON each.
"""

from __future__ import annotations

import array
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address
from typing import Any

Object = dict[str, Any]

PODS_PER_SET = 12
"""Pods of one ReplicaSet, and backends of one Service."""
_ADDRESSES_PER_NODE = 64
_FIRST_ADDRESS = int(IPv4Address("10.0.0.0"))
_FIRST_NODE_ADDRESS = int(IPv4Address("172.16.0.1"))
_CREATED = "2026-11-20T08:00:00Z"
_SHAPES = ("web",) * 30 + ("api",) * 11 + ("db",) * 5 + ("agent",) + ("job",) * 3
"""What each of 50 Pods in a row is."""
_OWNERS = {"web": "ReplicaSet", "api": "ReplicaSet", "db": "StatefulSet", "agent": "DaemonSet", "job": "Job"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A Pod's JSON in its states, as byte templates."""

    pending: bytes
    scheduled: bytes
    creating: bytes
    running: bytes
    ending: bytes


def _environment(count: int) -> list[Object]:
    plain = [
        {"name": f"SETTING_{at}_URL", "value": f"https://backend-{at}.internal.example:8443/v1"} for at in range(count)
    ]
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    secret = {"secretKeyRef": {"name": "%(app)s-database", "key": "password"}}
    return [*plain, {"name": "POD_IP", "valueFrom": field}, {"name": "DATABASE_PASSWORD", "valueFrom": secret}]


def _container(name: str, port: int, variables: int) -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": port, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10}
    return {
        "name": name,
        "image": f"registry.example/%(team)s/{name}:v1.42.0",
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "env": _environment(variables),
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app"},
            {"name": "kube-api-access-%(tail)s", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/sa"},
        ],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _managed(containers: list[Object]) -> list[Object]:
    """Write who set which field: often a third of an object."""
    fields: dict[str, Any] = {
        f'k:{{"name":"{each["name"]}"}}': {
            ".": {},
            **{f"f:{key}": {} for key in each},
            "f:env": {".": {}, **{f'k:{{"name":"{one["name"]}"}}': {".": {}, "f:name": {}} for one in each["env"][:6]}},
        }
        for each in containers
    }
    controller = {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": "v1",
        "time": _CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:containers": fields}},
    }
    conditions: dict[str, Any] = {
        f'k:{{"type":"{each}"}}': {".": {}, "f:status": {}, "f:type": {}} for each in _CONDITIONS
    }
    status = {"f:conditions": conditions, "f:containerStatuses": {}, "f:hostIP": {}, "f:phase": {}, "f:startTime": {}}
    kubelet = {
        "manager": "kubelet",
        "operation": "Update",
        "apiVersion": "v1",
        "time": _CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:status": {**status, "f:podIPs": {".": {}, 'k:{"ip":"%(ip)s"}': {".": {}, "f:ip": {}}}}},
        "subresource": "status",
    }
    return [controller, kubelet]


_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def _pod(kind: str) -> Object:
    containers = [_container("app", 8080, 14 if kind == "api" else 9)]
    if kind == "web":
        containers.append(_container("proxy", 15001, 4))
    labels = {
        "app": "%(app)s",
        "app.kubernetes.io/name": "%(app)s",
        "app.kubernetes.io/part-of": "%(team)s",
        "app.kubernetes.io/version": "v1.42.0",
        "team": "%(team)s",
    }
    more = {
        "db": {"apps.kubernetes.io/pod-index": "%(tail)s", "statefulset.kubernetes.io/pod-name": "%(name)s"},
        "job": {"batch.kubernetes.io/job-name": "%(owner)s", "batch.kubernetes.io/controller-uid": "%(owner_uid)s"},
    }
    labels |= more.get(kind, {"pod-template-hash": "6fdd7d45bc"})
    owner = {"kind": _OWNERS[kind], "name": "%(owner)s", "uid": "%(owner_uid)s"}
    return {
        "metadata": {
            "name": "%(name)s",
            "generateName": "%(owner)s-",
            "namespace": "%(namespace)s",
            "uid": "%(uid)s",
            "resourceVersion": "%(version)s",
            "creationTimestamp": "%(created)s",
            "labels": labels,
            "annotations": {"prometheus.io/scrape": "true", "checksum/config": "9f86d081884c7d659a2feaa0c55ad015"},
            "ownerReferences": [{"apiVersion": "apps/v1", **owner, "controller": True, "blockOwnerDeletion": True}],
            "managedFields": _managed(containers),
        },
        "spec": {
            "volumes": [{"name": "config", "configMap": {"name": "%(app)s", "defaultMode": 420}}],
            "containers": containers,
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "%(app)s",
            "nodeName": "%(node)s",
            **({"hostNetwork": True} if kind == "agent" else {}),
            "schedulerName": "default-scheduler",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
            "priority": 0,
            "enableServiceLinks": True,
        },
        "status": _status(kind, containers),
    }


def _status(kind: str, containers: list[Object]) -> Object:
    is_done = kind == "job"
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "containerID": "containerd://%(uid)s"}}
    ip = "%(node_ip)s" if kind == "agent" else "%(ip)s"
    return {
        "phase": "Succeeded" if is_done else "Running",
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": _CREATED} for each in _CONDITIONS],
        "hostIP": "%(node_ip)s",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": "%(started)s",
        "containerStatuses": [
            {
                "name": each["name"],
                "state": done if is_done else {"running": {"startedAt": _CREATED}},
                "ready": not is_done,
                "restartCount": 0,
                "image": each["image"],
                "imageID": f"{each['image']}@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "containerID": "containerd://%(uid)s",
                "started": not is_done,
            }
            for each in containers
        ],
        "qosClass": "Burstable",
    }


@cache
def shape(kind: str) -> Shape:
    """Return the templates of one kind of Pod."""

    def written(thing: Object) -> bytes:
        # What bytes formatting takes is `%(name)b`.
        return json.dumps(thing, separators=(",", ":")).replace(")s", ")b").encode()

    def changed(status: Object, **spec: Any) -> bytes:
        thing = _pod(kind)
        thing["spec"] |= spec
        return written(thing | {"status": {"phase": "Pending", "qosClass": "Burstable", **status}})

    ending = _pod(kind)
    ending["metadata"] |= {"deletionTimestamp": "%(created)s", "deletionGracePeriodSeconds": 30}
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    return Shape(
        pending=changed({}, nodeName=""),
        scheduled=changed({}),
        creating=changed({"containerStatuses": [{"name": "app", "state": waiting, "ready": False}]}),
        running=written(_pod(kind)),
        ending=written(ending),
    )


class World:
    """A cluster of so many Pods, in slots: a slot's Pod ends and another takes its address."""

    def __init__(self, pods: int, nodes: int, seed: int = 1) -> None:
        self.pods = pods
        self.nodes = nodes
        self.services = max(1, pods // PODS_PER_SET)
        self.version = 1_000_000
        self._generations = array.array("H", bytes(2 * pods))
        self._random = random.Random(seed)  # noqa: S311 - makes test data

    def all_pods(self, begin: int, end: int) -> Iterator[bytes]:
        """Render the Pods of these slots."""
        for slot in range(begin, min(end, self.pods)):
            yield shape(_kind(slot)).running % self._values(slot, started=_CREATED.encode())

    def life(self) -> Iterator[tuple[bytes, bytes, bool]]:
        """Let Pods end and others take their places, for ever: (type, object, whether it tells a new address).

        What is given is a template: `stamped` puts the time of its sending in.
        """
        slots = [each for each in range(self.pods) if _kind(each) in ("web", "api")]
        while True:
            slot = self._random.choice(slots)
            templates = shape(_kind(slot))
            yield b"MODIFIED", self._event(templates.ending, slot), False
            yield b"DELETED", self._event(templates.ending, slot), False
            self._generations[slot] = (self._generations[slot] + 1) % 60_000
            for name, template in (("ADDED", templates.pending), ("MODIFIED", templates.scheduled)):
                yield name.encode(), self._event(template, slot), False
            yield b"MODIFIED", self._event(templates.creating, slot), False
            yield b"MODIFIED", self._event(templates.running, slot), True

    def _event(self, template: bytes, slot: int) -> bytes:
        self.version += 1
        return template % self._values(slot, started=b"@started@")

    def _values(self, slot: int, *, started: bytes) -> dict[bytes, bytes]:
        kind, generation = _kind(slot), self._generations[slot]
        node = slot % self.nodes
        address = _FIRST_ADDRESS + node * _ADDRESSES_PER_NODE + slot // self.nodes + 2
        uid = uuid.UUID(int=(slot << 40 | generation << 8 | 1) * 0x9E3779B97F4A7C15 % (1 << 128))
        owner = f"{kind}-{slot // PODS_PER_SET}-6fdd7d45bc"
        tail = f"{slot % 100_000:05d}" if not generation else f"{slot % 100_000:05d}-{generation}"
        return {
            b"name": f"{owner}-{tail}".encode(),
            b"uid": str(uid).encode(),
            b"version": str(self.version).encode(),
            b"namespace": f"team-{slot // 300}".encode(),
            b"app": f"{kind}-{slot // PODS_PER_SET}".encode(),
            b"team": f"team-{slot // 300}".encode(),
            b"owner": owner.encode(),
            b"owner_uid": f"00000000-1111-2222-3333-{slot // PODS_PER_SET:012d}".encode(),
            b"node": f"node-{node:04d}".encode(),
            b"node_ip": str(IPv4Address(_FIRST_NODE_ADDRESS + node)).encode(),
            b"ip": str(IPv4Address(address)).encode(),
            b"tail": tail.encode(),
            b"created": _CREATED.encode(),
            b"started": started,
        }

    def all_nodes(self) -> Iterator[bytes]:
        """Render the Nodes, as flannel annotates them."""
        for number in range(self.nodes):
            yield json.dumps(self._node(number), separators=(",", ":")).encode()

    def _node(self, number: int) -> Object:
        ip, name = str(IPv4Address(_FIRST_NODE_ADDRESS + number)), f"node-{number:04d}"
        cidr = f"{IPv4Address(_FIRST_ADDRESS + number * _ADDRESSES_PER_NODE)}/26"
        labels = {f"label.example/{at}": f"value-{at}" for at in range(12)}
        images = [{"names": [f"registry.example/image-{at}:v1"], "sizeBytes": 90_000_000} for at in range(30)]
        return {
            "metadata": {
                "name": name,
                "uid": str(uuid.UUID(int=number + 1)),
                "resourceVersion": str(self.version),
                "labels": labels | {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{number % 3}"},
                "annotations": {
                    "flannel.alpha.coreos.com/backend-data": '{"VNI":1,"VtepMAC":"4a:b1:1c:00:00:01"}',
                    "flannel.alpha.coreos.com/backend-type": "vxlan",
                    "flannel.alpha.coreos.com/kube-subnet-manager": "true",
                    "flannel.alpha.coreos.com/public-ip": ip,
                },
                "managedFields": [{"manager": "kubelet", "fieldsV1": {f"f:field-{at}": {} for at in range(80)}}],
            },
            "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
            "status": {
                "capacity": {"cpu": "64", "memory": "263837328Ki", "pods": "110"},
                "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
                "conditions": [
                    {"type": "NetworkUnavailable", "status": "False", "reason": "FlannelIsUp"},
                    {"type": "Ready", "status": "True", "reason": "KubeletReady"},
                ],
                "nodeInfo": {"operatingSystem": "linux", "kubeletVersion": "v1.36.2"},
                "images": images,
            },
        }

    def all_services(self) -> Iterator[bytes]:
        """Render the Services, one for each set of Pods."""
        for number in range(self.services):
            meta = self._meta(number, f"{number:012d}")
            ip = str(IPv4Address(int(IPv4Address("172.30.0.1")) + number))
            ports = [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}]
            spec = {"ports": ports, "clusterIP": ip, "clusterIPs": [ip], "type": "ClusterIP"}
            yield json.dumps({"metadata": meta, "spec": spec}, separators=(",", ":")).encode()

    def all_slices(self) -> Iterator[bytes]:
        """Render the EndpointSlices, one for each Service."""
        for number in range(self.services):
            meta = self._meta(number, f"1{number:011d}")
            meta["labels"] = {"kubernetes.io/service-name": meta["name"], "app": meta["name"]}
            endpoints = [
                {"addresses": [values[b"ip"].decode()], "conditions": {"ready": True}, "targetRef": target}
                for slot in range(number * PODS_PER_SET, (number + 1) * PODS_PER_SET)
                for values in [self._values(slot, started=b"")]
                for target in [{"kind": "Pod", "name": values[b"name"].decode(), "uid": values[b"uid"].decode()}]
            ]
            thing = {"metadata": meta, "endpoints": endpoints, "ports": [{"name": "http", "port": 8080}]}
            yield json.dumps(thing, separators=(",", ":")).encode()

    def all_replica_sets(self) -> Iterator[bytes]:
        """Render the metadata of the ReplicaSets."""
        for number in range(self.services):
            meta = self._meta(number, f"{number:012d}")
            owner = {"kind": "Deployment", "name": meta["name"], "uid": f"2{number:011d}", "controller": True}
            meta |= {"uid": f"00000000-1111-2222-3333-{number:012d}", "ownerReferences": [owner]}
            meta["name"] += "-6fdd7d45bc"
            yield json.dumps({"metadata": meta}, separators=(",", ":")).encode()

    def _meta(self, number: int, uid: str) -> Object:
        slot = number * PODS_PER_SET
        return {
            "name": f"{_kind(slot)}-{number}",
            "namespace": f"team-{slot // 300}",
            "uid": f"00000000-4444-5555-6666-{uid}",
            "resourceVersion": str(self.version),
            "creationTimestamp": _CREATED,
            "managedFields": [{"manager": "kubectl", "fieldsV1": {f"f:field-{at}": {} for at in range(20)}}],
        }


def _kind(slot: int) -> str:
    return _SHAPES[slot % len(_SHAPES)]
