"""`k8s-pod`: the Pods of every followed cluster, with their containers."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, DURATION, LIST, STRING, TIME, YES_NO

K8S_POD = Noun(
    name="k8s-pod",
    plural="k8s-pods",
    title="Kubernetes Pods",
    show_help="Display the Pods of the Kubernetes clusters.",
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("namespace", STRING, "The Pod's namespace.", is_default=True, is_key=True),
        Column("name", STRING, "The Pod's name.", is_default=True, is_key=True),
        Column("ready", STRING, "How many of its containers are ready, of how many.", is_default=True),
        Column("status", STRING, "What its containers do, in the words of kubectl get pods.", is_default=True),
        Column("restarts", COUNT, "How often its containers were started again.", is_default=True),
        Column("ip", LIST, "Its addresses; none once it has ended.", is_default=True),
        Column("node", STRING, "The node that it runs on.", is_default=True),
        Column("workload", STRING, "What it belongs to: kind and name.", is_default=True),
        Column("age", DURATION, "Time since it was created.", is_default=True, is_volatile=True),
        Column("phase", STRING, "Pending, Running, Succeeded, Failed or Unknown."),
        Column("secondary-ip", LIST, "Its addresses in further networks."),
        Column("host-network", YES_NO, "Whether it shares its node's network."),
        Column("containers", LIST, "The names of its containers; those before the others first."),
        Column("images", LIST, "What its containers run."),
        Column("container-states", LIST, "What each of its containers does."),
        Column("ports", LIST, "The ports that its containers declare."),
        Column("labels", LIST, "Its labels."),
        Column("owner", STRING, "What controls it directly: kind and name."),
        Column("create-time", TIME, "When it was created."),
        Column("started-time", TIME, "When its node took it."),
        Column("uid", STRING, "Its UID.", is_key=True),
    ),
    examples=("k8s-pod-show", "k8s-pod-show workload Deployment/web format name,images,restarts sort-desc restarts"),
)
