"""Calico's objects: the calico-node DaemonSet with its ConfigMap, IPPool, FelixConfiguration and the like.

Shapes after Calico's published manifest (manifests/calico.yaml, v3.32) and its crd.projectcalico.org/v1 resources.
"""

from __future__ import annotations

import json
from typing import Any

from podwire_lab.objects.core import Object, condition, config_map, daemon_status, meta
from podwire_lab.objects.truth import CLUSTER_CIDR, Cluster, Node, Plane

WHERE = "kube-system"
CONFIG = "calico-config"
GROUP = "crd.projectcalico.org"
GROUP_VERSION = f"{GROUP}/v1"
_RESOURCES = {
    "IPPool": "ippools",
    "FelixConfiguration": "felixconfigurations",
    "ClusterInformation": "clusterinformations",
    "BlockAffinity": "blockaffinities",
    "IPAMBlock": "ipamblocks",
    "BGPConfiguration": "bgpconfigurations",
}
_IMAGE = "quay.io/calico/node:v3.32.1"


def node_annotations(node: Node, plane: Plane) -> dict[str, str]:
    """What calico-node writes on its Node; the tunnel address and MAC only where there is a tunnel."""
    found = {"projectcalico.org/IPv4Address": f"{node.address}/24"}
    if plane.has_port:
        found["projectcalico.org/IPv4VXLANTunnelAddr"] = node.tunnel_address
        found["projectcalico.org/VXLANTunnelMACAddr"] = node.vtep_mac
    if plane.backend == "ipip":
        found["projectcalico.org/IPv4IPIPTunnelAddr"] = node.tunnel_address
    return found


def network_condition() -> Object:
    return condition("NetworkUnavailable", "False", "CalicoIsUp", "Calico is running on this node")


def objects(cluster: Cluster) -> list[Object]:
    """The definitions of its resources, ConfigMap, DaemonSet and the custom objects."""
    plane = cluster.plane
    pool = {
        "allowedUses": ["Workload", "Tunnel"],
        "assignmentMode": "Automatic",
        "blockSize": 26,
        "cidr": CLUSTER_CIDR,
        "ipipMode": "Always" if plane.backend == "ipip" else "Never",
        "natOutgoing": True,
        "nodeSelector": "all()",
        "vxlanMode": "Always" if plane.has_port else "Never",
    }
    information = {
        "calicoVersion": "v3.32.1",
        "clusterGUID": "5a2f0c7e9d3b4c11a8e64f1d2b7c9e30",
        "clusterType": "k8s,kdd" if plane.has_port else "k8s,bgp,kdd",
        "datastoreReady": True,
    }
    return [
        *(_definition(kind, plural) for kind, plural in _RESOURCES.items()),
        config_map(WHERE, CONFIG, _config(plane)),
        _daemon_set(cluster),
        _custom("IPPool", "default-ipv4-ippool", pool),
        _custom("FelixConfiguration", "default", felix(plane)),
        _custom("ClusterInformation", "default", information),
        *(_affinity(node) for node in cluster.nodes),
    ]


def felix(plane: Plane) -> Object:
    """`spec` of the FelixConfiguration default: VNI and port stand there only where they are not 4096 and 4789."""
    spec: Object = {"floatingIPs": "Disabled", "logSeverityScreen": "Info", "reportingInterval": "0s"}
    if plane.has_port and (plane.vni, plane.port) != (4096, 4789):
        spec |= {"vxlanPort": plane.port, "vxlanVNI": plane.vni}
    return spec


def _custom(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": GROUP_VERSION, "kind": kind, "metadata": meta(kind, name, generation=1), "spec": spec}


def _definition(kind: str, plural: str) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": meta("CustomResourceDefinition", f"{plural}.{GROUP}", generation=1),
        "spec": {
            "group": GROUP,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "scope": "Cluster",
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }


def _affinity(node: Node) -> Object:
    name = f"{node.name}-{node.block.replace('.', '-').replace('/', '-')}"
    spec = {"cidr": node.block, "deleted": "false", "node": node.name, "state": "confirmed", "type": "host"}
    return _custom("BlockAffinity", name, spec)


def _config(plane: Plane) -> dict[str, str]:
    network = {
        "name": "k8s-pod-network",
        "cniVersion": "0.3.1",
        "plugins": [
            {"type": "calico", "datastore_type": "kubernetes", "ipam": {"type": "calico-ipam"}},
            {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}},
        ],
    }
    return {
        "calico_backend": "vxlan" if plane.has_port else "bird",
        "cni_network_config": json.dumps(network, indent=2),
        "typha_service_name": "none",
        "veth_mtu": "0",
    }


def _from_config(name: str, key: str) -> Object:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": CONFIG, "key": key}}}


def _environment(plane: Plane) -> list[Object]:
    literal = {
        "DATASTORE_TYPE": "kubernetes",
        "WAIT_FOR_DATASTORE": "true",
        "CLUSTER_TYPE": "k8s" if plane.has_port else "k8s,bgp",
        "IP": "autodetect",
        "CALICO_IPV4POOL_IPIP": "Always" if plane.backend == "ipip" else "Never",
        "CALICO_IPV4POOL_VXLAN": "Always" if plane.has_port else "Never",
        "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "FELIX_IPV6SUPPORT": "false",
        "FELIX_HEALTHENABLED": "true",
    }
    return [
        {"name": "NODENAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
        _from_config("CALICO_NETWORKING_BACKEND", "calico_backend"),
        _from_config("FELIX_VXLANMTU", "veth_mtu"),
        *({"name": name, "value": value} for name, value in literal.items()),
    ]


def _daemon_set(cluster: Cluster) -> Object:
    labels = {"k8s-app": "calico-node"}
    spec: dict[str, Any] = {
        "volumes": [
            {"name": "var-run-calico", "hostPath": {"path": "/var/run/calico", "type": "DirectoryOrCreate"}},
            {"name": "cni-net-dir", "hostPath": {"path": "/etc/cni/net.d", "type": ""}},
        ],
        "initContainers": [
            {
                "name": "install-cni",
                "image": "quay.io/calico/cni:v3.32.1",
                "command": ["/opt/cni/bin/install"],
                "env": [
                    {"name": "CNI_CONF_NAME", "value": "10-calico.conflist"},
                    _from_config("CNI_NETWORK_CONFIG", "cni_network_config"),
                ],
                "volumeMounts": [{"name": "cni-net-dir", "mountPath": "/host/etc/cni/net.d"}],
            }
        ],
        "containers": [
            {
                "name": "calico-node",
                "image": _IMAGE,
                "env": _environment(cluster.plane),
                "resources": {"requests": {"cpu": "250m"}},
                "volumeMounts": [
                    {"name": "var-run-calico", "mountPath": "/var/run/calico"},
                    {"name": "cni-net-dir", "mountPath": "/host/etc/cni/net.d"},
                ],
                "securityContext": {"privileged": True},
            }
        ],
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "serviceAccountName": "calico-node",
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "system-node-critical",
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta("DaemonSet", "calico-node", WHERE, generation=1, labels=labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "revisionHistoryLimit": 10,
        },
        "status": daemon_status(len(cluster.nodes)),
    }
