"""`k8s-connection`: the Kubernetes clusters that podwire follows."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Parameter, Scope, Verb
from podwire.catalog.types import COUNT, ENABLE, INTERFACES, LIST, NAME, ON_OFF, PATH, STRING, TIME, VLANS

_ENABLE = Flag("enable", "enable", "disable", "Enable or disable the Kubernetes connection.")
_VPORT = Flag("create-vport", "create-vport", "no-create-vport", "Create vPort table entries for the Pods.")
_OVERLAY = Flag(
    "overlay-vxlan-analytics",
    "overlay-vxlan-analytics",
    "no-overlay-vxlan-analytics",
    "Show the connections inside the cluster's VXLAN overlay; those of other kinds are always shown.",
)
_SEEN_AT = (
    Parameter(
        "interface",
        INTERFACES,
        "Where the cluster's packets are seen, to tell it from others with the same addresses.",
    ),
    Parameter("vlan", VLANS, "The VLANs of the cluster's packets, to tell it from others with the same addresses."),
)


def _cluster_name(*, is_required: bool) -> Parameter:
    return Parameter("cluster-name", NAME, "The name of the Kubernetes cluster.", is_required=is_required)


K8S_CONNECTION = Noun(
    name="k8s-connection",
    plural="k8s-connections",
    title="Kubernetes connections",
    show_help="Display Kubernetes connections.",
    scope=Scope.FABRIC,
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("kube-config", PATH, "The kubeconfig file on the switch.", is_default=True),
        Column("enable", ENABLE, "Whether the connection is enabled.", is_default=True),
        Column("create-vport", ON_OFF, "Whether the cluster's Pods are in the vPort table.", is_default=True),
        Column(
            "overlay-vxlan-analytics",
            ON_OFF,
            "Whether connections inside the cluster's VXLAN overlay are shown.",
            is_default=True,
        ),
        Column("state", STRING, "connected, connecting, disabled, or what stands against it.", is_default=True),
        Column("interface", LIST, "Where the cluster's packets are seen; empty for everywhere."),
        Column("vlan", LIST, "The VLANs of the cluster's packets; empty for all."),
        Column("version", STRING, "The version of the API server.", is_default=True),
        Column("pods", COUNT, "The number of Pods known.", is_default=True),
        Column("nodes", COUNT, "The number of Nodes known.", is_default=True),
        Column("last-event", TIME, "When the cluster last told of a change.", is_default=True),
        Column("last-error", STRING, "What went wrong last, in one sentence.", is_default=True),
        Column("warning", STRING, "What limits this connection though it works."),
        Column("server", STRING, "The address of the API server."),
        Column("denied", LIST, "What the account may not read."),
        Column("retry-at", TIME, "When what failed or is denied is tried again."),
    ),
    verbs=(
        Verb(
            "create",
            "Create a Kubernetes connection.",
            (
                _cluster_name(is_required=True),
                Parameter("kube-config", PATH, "The kubeconfig file on the switch.", is_required=True),
                _ENABLE,
                _VPORT,
                _OVERLAY,
                *_SEEN_AT,
            ),
        ),
        Verb(
            "modify",
            "Modify a Kubernetes connection.",
            (
                _cluster_name(is_required=False),
                Parameter("kube-config", PATH, "The kubeconfig file on the switch."),
                _ENABLE,
                _VPORT,
                _OVERLAY,
                *_SEEN_AT,
            ),
            needs_one=True,
        ),
        Verb("delete", "Delete a Kubernetes connection.", (_cluster_name(is_required=True),)),
    ),
    examples=(
        "k8s-connection-create cluster-name pluribus kube-config /root/.kube/config enable",
        "k8s-connection-modify cluster-name pluribus create-vport",
        "k8s-connection-modify cluster-name pluribus overlay-vxlan-analytics",
        "k8s-connection-modify cluster-name pluribus interface eth1 vlan 10,20",
        "k8s-connection-show layout vertical",
        "k8s-connection-delete cluster-name pluribus",
    ),
)
