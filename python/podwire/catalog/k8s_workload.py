"""`k8s-workload`: what Pods belong to, found by their owners."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, LIST, STRING

K8S_WORKLOAD = Noun(
    name="k8s-workload",
    plural="k8s-workloads",
    title="Kubernetes workloads",
    show_help="Display the workloads that have Pods: Deployments, StatefulSets, DaemonSets, Jobs, and any other owner.",
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("namespace", STRING, "The workload's namespace.", is_default=True, is_key=True),
        Column("kind", STRING, "Its kind; Pod for a Pod that nothing controls.", is_default=True, is_key=True),
        Column("name", STRING, "Its name.", is_default=True, is_key=True),
        Column("pods", COUNT, "Its Pods that have not ended.", is_default=True),
        Column("ready", COUNT, "How many of them have all containers ready.", is_default=True),
        Column("restarts", COUNT, "How often their containers were started again.", is_default=True),
        Column("nodes", COUNT, "How many nodes they run on.", is_default=True),
        Column("images", LIST, "What their containers run.", is_default=True),
        Column("ended", COUNT, "Its Pods that have ended and are still in the API."),
        Column("ip", LIST, "The addresses of its Pods."),
        Column("services", LIST, "The Services that its Pods are backends of."),
    ),
    examples=("k8s-workload-show", "k8s-workload-show kind Deployment restarts 1- sort-desc restarts"),
)
