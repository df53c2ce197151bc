"""`k8s-path`: how packets between two ends are expected to look between the nodes."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, LIST, PORT, STRING, VNI

K8S_PATH = Noun(
    name="k8s-path",
    plural="k8s-paths",
    title="Expected paths between Pods",
    show_help="Display how packets between two Pods are expected to look on the wire; name both ends.",
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("src-ip", ADDRESS, "The sender's address.", is_default=True, is_key=True),
        Column("src-pod", STRING, "The sender's Pod; as a filter also namespace/name."),
        Column("src-namespace", STRING, "The namespace of the sender's Pod."),
        Column("src-node", STRING, "The sender's node.", is_default=True),
        Column("dst-ip", ADDRESS, "The receiver's address.", is_default=True, is_key=True),
        Column("dst-pod", STRING, "The receiver's Pod; as a filter also namespace/name."),
        Column("dst-namespace", STRING, "The namespace of the receiver's Pod."),
        Column("dst-node", STRING, "The receiver's node.", is_default=True),
        Column(
            "encap", LIST, "The kind of tunnel; none; both where it cannot be told which; or unknown.", is_default=True
        ),
        Column("outer-src-ip", ADDRESS, "The sending end of the tunnel.", is_default=True),
        Column("outer-dst-ip", ADDRESS, "The receiving end of the tunnel.", is_default=True),
        Column("udp-port", PORT, "The tunnel's UDP destination port.", is_default=True),
        Column("vxlan", VNI, "The network identifier; empty where any is possible.", is_default=True),
        Column("because", STRING, "Why, in words.", is_default=True),
    ),
    examples=(
        "k8s-path-show src-ip 10.10.1.5 dst-ip 10.10.2.7",
        "k8s-path-show src-pod default/pod-A dst-pod default/pod-B format all layout vertical",
    ),
)
