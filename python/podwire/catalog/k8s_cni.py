"""`k8s-cni`: which CNI plugin each cluster runs, and what it puts on the wire."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import LIST, PORT, STRING, TIME, VNI, YES_NO, integer

K8S_CNI = Noun(
    name="k8s-cni",
    plural="k8s-cnis",
    title="CNI findings",
    show_help="Display CNI information.",
    times=("first-seen", "last-seen"),
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("cni-plugin", STRING, "The CNI plugin name.", is_default=True),
        Column("backend", STRING, "The backend used by the CNI plugin.", is_default=True),
        Column("udp-port", PORT, "The VXLAN destination port."),
        Column("vxlan", VNI, "The VXLAN ID for the vFlow."),
        Column("network-type", STRING, "The network type implemented by the CNI plugin.", is_default=True),
        Column("version", STRING, "The version of the CNI plugin."),
        Column("encapsulation", LIST, "Every tunnel that Pod packets may travel in."),
        Column("learned", LIST, "Tunnels that the wire shows and the API does not, each with its packets."),
        Column("encryption", STRING, "How Pod packets are encrypted between nodes."),
        Column("pod-cidrs", LIST, "The address ranges of the Pods."),
        Column("confidence", integer(0, 100), "How sure the finding is, 0 to 100."),
        Column("because", STRING, "The evidence in words."),
        Column("current", YES_NO, "Whether the finding holds now."),
        Column("first-seen", TIME, "When the finding was first made."),
        Column("last-seen", TIME, "When the finding last held.", is_volatile=True),
        Column("time", TIME, "The sampled time, with the option interval."),
    ),
    examples=("k8s-cni-show", "k8s-cni-show format all layout vertical", "k8s-cni-show within-last 1h"),
)
