"""`k8s-node`: the nodes of every followed cluster, with all addresses that stand for them."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, DURATION, LIST, STRING, TIME, YES_NO

K8S_NODE = Noun(
    name="k8s-node",
    plural="k8s-nodes",
    title="Kubernetes nodes",
    show_help="Display the nodes of the Kubernetes clusters.",
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("name", STRING, "The node's name.", is_default=True, is_key=True),
        Column("ready", YES_NO, "Whether its kubelet says that it is ready.", is_default=True),
        Column("roles", LIST, "Its roles (labels node-role.kubernetes.io/…).", is_default=True),
        Column("ip", LIST, "The addresses of its Node object.", is_default=True),
        Column("tunnel-ip", LIST, "What it speaks to Pods from: its tunnel devices.", is_default=True),
        Column("pod-ranges", LIST, "The ranges that its Pods' addresses come from.", is_default=True),
        Column("pods", COUNT, "Its Pods that have not ended.", is_default=True),
        Column("version", STRING, "The version of its kubelet.", is_default=True),
        Column("age", DURATION, "Time since it was created.", is_default=True, is_volatile=True),
        Column("outer-ip", LIST, "Where its tunnel packets may come from."),
        Column("os", STRING, "linux or windows."),
        Column("network-reason", STRING, "What the network plugin says of the node, as FlannelIsUp or CalicoIsUp."),
        Column("labels", LIST, "Its labels."),
        Column("create-time", TIME, "When it was created."),
        Column("uid", STRING, "Its UID."),
    ),
    examples=("k8s-node-show", "k8s-node-show tunnel-ip 10.10.2.0 format name,pod-ranges"),
)
