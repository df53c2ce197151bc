"""`k8s-service`: the Services of every followed cluster, and what is behind them."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, DURATION, LIST, STRING, TIME

K8S_SERVICE = Noun(
    name="k8s-service",
    plural="k8s-services",
    title="Kubernetes Services",
    show_help="Display the Services of the Kubernetes clusters.",
    columns=(
        Column("cluster-name", STRING, "The name of the Kubernetes cluster.", is_default=True, is_key=True),
        Column("namespace", STRING, "The Service's namespace.", is_default=True, is_key=True),
        Column("name", STRING, "The Service's name.", is_default=True, is_key=True),
        Column("type", STRING, "ClusterIP, NodePort, LoadBalancer or ExternalName.", is_default=True),
        Column("cluster-ip", LIST, "Its cluster addresses; none where it is headless.", is_default=True),
        Column("external-ip", LIST, "Its external and load-balancer addresses, or its external name.", is_default=True),
        Column("ports", LIST, "Its ports, each with its node port where it has one: 80:30080/TCP.", is_default=True),
        Column("ready", COUNT, "How many of its backends are ready.", is_default=True),
        Column("backends", COUNT, "How many backends it has.", is_default=True),
        Column("age", DURATION, "Time since it was created.", is_default=True, is_volatile=True),
        Column("backend-ip", LIST, "The addresses of its backends."),
        Column("backend-pod", LIST, "The Pods behind it."),
        Column("backend-port", LIST, "The ports of its backends."),
        Column("create-time", TIME, "When it was created."),
        Column("uid", STRING, "Its UID."),
    ),
    examples=("k8s-service-show", "k8s-service-show backend-ip 10.10.2.1 format namespace,name,ports"),
)
