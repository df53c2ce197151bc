"""Objects of Kubernetes itself: Namespaces, Nodes, Pods, Services, EndpointSlices; and what all objects share."""

from __future__ import annotations

import datetime
import hashlib
import random
import string
import uuid
from typing import Any

from podwire_lab.objects.truth import Cluster, Node, Pod

Object = dict[str, Any]

KUBERNETES_VERSION = "v1.36.2"
PAUSE_IMAGE = "registry.example/hello-world:1.0"
SERVICE_ADDRESS = "10.96.0.80"
_UUID_SPACE = uuid.UUID("6f2c4a51-0d5c-4f0e-9c05-0a6c1f7d0e11")


def now() -> str:
    """The present time as the API writes it (RFC 3339, whole seconds, UTC)."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def uid_for(what: str) -> str:
    """A UID that is always the same for `what`, so that references between the lab's first objects hold."""
    return str(uuid.uuid5(_UUID_SPACE, what))


def suffix() -> str:
    """Five characters as the API server appends them to generateName."""
    return "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))  # noqa: S311 - a name, not a secret


def meta(kind: str, name: str, namespace: str = "", **more: Any) -> Object:
    """`metadata` with a UID; further fields by keyword."""
    found: Object = {"name": name}
    if namespace:
        found["namespace"] = namespace
    found["uid"] = uid_for(f"{kind}/{namespace}/{name}")
    found["creationTimestamp"] = now()
    found.update({key: value for key, value in more.items() if value})
    return found


def namespace(name: str, **labels: str) -> Object:
    labels = {"kubernetes.io/metadata.name": name, **labels}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": meta("Namespace", name, labels=labels),
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def config_map(where: str, name: str, data: dict[str, str], **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta("ConfigMap", name, where, labels=labels),
        "data": data,
    }


def condition(kind: str, status: str, reason: str, message: str) -> Object:
    moment = now()
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": moment,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": message,
    }


def node(truth: Node, annotations: dict[str, str], network: Object) -> Object:
    """A ready Node; `network` is the NetworkUnavailable condition that its CNI plugin writes."""
    capacity = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": truth.name,
        "kubernetes.io/os": "linux",
    }
    ready = condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta(
            "Node", truth.name, labels=labels, annotations={"node.alpha.kubernetes.io/ttl": "0", **annotations}
        ),
        "spec": {"podCIDR": truth.pod_cidr, "podCIDRs": [truth.pod_cidr]},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [network, ready],
            "addresses": [
                {"type": "InternalIP", "address": truth.address},
                {"type": "Hostname", "address": truth.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "6.18.0",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "containerRuntimeVersion": "containerd://2.0.0",
                "kubeletVersion": KUBERNETES_VERSION,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def pod(truth: Pod, host: Node, containers: list[Object] | None = None) -> Object:
    """A running Pod with a network of its own."""
    found: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta("Pod", truth.name, truth.namespace, labels=truth.labels),
        "spec": {
            "containers": containers or [default_container()],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default",
            "nodeName": host.name,
            "schedulerName": "default-scheduler",
            "enableServiceLinks": True,
        },
    }
    found["status"] = running_status(found, host.address, truth.address)
    return found


def default_container() -> Object:
    return {
        "name": "hello",
        "image": PAUSE_IMAGE,
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {},
        "imagePullPolicy": "IfNotPresent",
    }


def running_status(found: Object, host_ip: str, pod_ip: str) -> Object:
    """`status` of a Pod whose containers all run."""
    moment = now()
    states = []
    for container in found["spec"]["containers"]:
        seed = f"{found['metadata'].get('uid', '')}/{container['name']}"
        states.append(
            {
                "name": container["name"],
                "state": {"running": {"startedAt": moment}},
                "lastState": {},
                "ready": True,
                "restartCount": 0,
                "image": container.get("image", ""),
                "imageID": "",
                "containerID": "containerd://" + hashlib.sha256(seed.encode()).hexdigest(),
                "started": True,
            }
        )
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": moment} for kind in kinds
        ],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": moment,
        "containerStatuses": states,
        "qosClass": "BestEffort",
    }


def daemon_pods(daemon_set: Object, cluster: Cluster) -> list[Object]:
    """One host-network Pod a node, owned by the DaemonSet: they carry their nodes' addresses, as real ones do."""
    owner = daemon_set["metadata"]
    template = daemon_set["spec"]["template"]
    pods = []
    for host in cluster.nodes:
        digest = hashlib.sha256(f"{owner['name']}/{host.name}".encode()).hexdigest()
        name = f"{owner['name']}-" + "".join(c for c in digest if c in string.ascii_lowercase + string.digits)[:5]
        found: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta(
                "Pod",
                name,
                owner["namespace"],
                generateName=f"{owner['name']}-",
                labels={**template["metadata"]["labels"], "pod-template-generation": "1"},
                ownerReferences=[_owner(daemon_set)],
            ),
            "spec": {**template["spec"], "nodeName": host.name},
        }
        found["status"] = running_status(found, host.address, host.address)
        pods.append(found)
    return pods


def _owner(found: Object) -> Object:
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "name": found["metadata"]["name"],
        "uid": found["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def daemon_status(count: int) -> Object:
    """`status` of a DaemonSet whose Pods are all ready."""
    return {
        "currentNumberScheduled": count,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": count,
        "numberReady": count,
        "observedGeneration": 1,
        "updatedNumberScheduled": count,
        "numberAvailable": count,
    }


def service() -> Object:
    """The hello-world Service. The lab has no kube-proxy: it is there to be read, not to be dialled."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta("Service", "hello-world", "default", labels={"app": "hello-world"}),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": SERVICE_ADDRESS,
            "clusterIPs": [SERVICE_ADDRESS],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "selector": {"app": "hello-world"},
            "ports": [{"protocol": "TCP", "port": 80, "targetPort": 8080}],
        },
        "status": {"loadBalancer": {}},
    }


def endpoint_slice(cluster: Cluster, owner: Object) -> Object:
    """The endpoints of hello-world: all Pods of the truth with its label."""
    endpoints = [
        {
            "addresses": [truth.address],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {
                "kind": "Pod",
                "namespace": truth.namespace,
                "name": truth.name,
                "uid": uid_for(f"Pod/{truth.namespace}/{truth.name}"),
            },
            "nodeName": truth.node,
        }
        for truth in cluster.pods
        if truth.labels.get("app") == "hello-world"
    ]
    labels = {
        "app": "hello-world",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "hello-world",
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": meta(
            "EndpointSlice", "hello-world-x7k2p", "default", labels=labels, ownerReferences=[_owner(owner)]
        ),
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "", "protocol": "TCP", "port": 8080}],
    }
