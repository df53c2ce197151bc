"""flannel's objects: its DaemonSet with the ConfigMap that it mounts, and what flanneld writes on Nodes.

Shapes after flannel's published manifest (Documentation/kube-flannel.yml, v0.28) and pkg/subnet/kube/annotations.go.
"""

from __future__ import annotations

import base64
import hashlib
import json

from podwire_lab.objects.core import Object, condition, config_map, daemon_status, meta, namespace
from podwire_lab.objects.truth import CLUSTER_CIDR, Cluster, Node, Plane

WHERE = "kube-flannel"
CONFIG = "kube-flannel-cfg"
DEFAULT_PORT = 8472
"""What Linux takes where net-conf.json names no port."""
DEFAULT_WIREGUARD_PORT = 51820
DEFAULT_VNI = 1
_IMAGE = "ghcr.io/flannel-io/flannel:v0.28.9"
_PREFIX = "flannel.alpha.coreos.com"


def node_annotations(node: Node, plane: Plane) -> dict[str, str]:
    """What flanneld writes on its Node: for host-gw, backend-data is the text `null`."""
    data: Object | None = None
    if plane.backend == "vxlan":
        data = {"VNI": plane.vni, "VtepMAC": node.vtep_mac}
    if plane.backend == "wireguard":
        key = base64.b64encode(hashlib.sha256(node.name.encode()).digest()).decode()
        data = {"PublicKey": key, "Port": plane.port}
    return {
        f"{_PREFIX}/backend-data": json.dumps(data, separators=(",", ":")),
        f"{_PREFIX}/backend-type": plane.backend,
        f"{_PREFIX}/kube-subnet-manager": "true",
        f"{_PREFIX}/public-ip": node.address,
    }


def network_condition() -> Object:
    return condition("NetworkUnavailable", "False", "FlannelIsUp", "Flannel is running on this node")


def net_conf(plane: Plane) -> str:
    """net-conf.json; VNI and Port are written only where they are not flannel's defaults, as people do."""
    backend: Object = {"Type": plane.backend}
    if plane.backend == "vxlan" and plane.vni != DEFAULT_VNI:
        backend["VNI"] = plane.vni
    if plane.backend == "vxlan" and plane.port != DEFAULT_PORT:
        backend["Port"] = plane.port
    if plane.backend == "wireguard" and plane.port != DEFAULT_WIREGUARD_PORT:
        backend["ListenPort"] = plane.port
    return json.dumps({"Network": CLUSTER_CIDR, "EnableNFTables": False, "Backend": backend}, indent=2) + "\n"


def objects(cluster: Cluster) -> list[Object]:
    """Namespace, ConfigMap and DaemonSet."""
    labels = {"app": "flannel", "k8s-app": "flannel", "tier": "node"}
    cni_conf = {
        "name": "cbr0",
        "cniVersion": "0.3.1",
        "plugins": [
            {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    data = {"cni-conf.json": json.dumps(cni_conf, indent=2) + "\n", "net-conf.json": net_conf(cluster.plane)}
    return [
        namespace(WHERE, **{"k8s-app": "flannel", "pod-security.kubernetes.io/enforce": "privileged"}),
        config_map(WHERE, CONFIG, data, **labels),
        _daemon_set(cluster, labels),
    ]


def _daemon_set(cluster: Cluster, labels: dict[str, str]) -> Object:
    config_mount = {"name": "flannel-cfg", "mountPath": "/etc/kube-flannel/"}
    fields = (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"))
    spec = {
        "volumes": [
            {"name": "run", "hostPath": {"path": "/run/flannel", "type": ""}},
            {"name": "cni", "hostPath": {"path": "/etc/cni/net.d", "type": ""}},
            {"name": "flannel-cfg", "configMap": {"name": CONFIG, "defaultMode": 420}},
        ],
        "initContainers": [
            {
                "name": "install-cni",
                "image": _IMAGE,
                "command": ["/opt/bin/install-conf"],
                "args": ["/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
                "volumeMounts": [{"name": "cni", "mountPath": "/etc/cni/net.d"}, config_mount],
            }
        ],
        "containers": [
            {
                "name": "kube-flannel",
                "image": _IMAGE,
                "command": ["/opt/bin/flanneld"],
                "args": ["--ip-masq", "--kube-subnet-mgr"],
                "env": [
                    *(
                        {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
                        for name, path in fields
                    ),
                    {"name": "EVENT_QUEUE_DEPTH", "value": "5000"},
                ],
                "resources": {"requests": {"cpu": "100m", "memory": "50Mi"}},
                "volumeMounts": [{"name": "run", "mountPath": "/run/flannel"}, config_mount],
                "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}, "privileged": False},
            }
        ],
        "hostNetwork": True,
        "serviceAccountName": "flannel",
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "system-node-critical",
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta("DaemonSet", "kube-flannel-ds", WHERE, generation=1, labels=labels),
        "spec": {
            "selector": {"matchLabels": {"app": "flannel"}},
            "template": {"metadata": {"labels": {"app": "flannel", "tier": "node"}}, "spec": spec},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "revisionHistoryLimit": 10,
        },
        "status": daemon_status(len(cluster.nodes)),
    }
