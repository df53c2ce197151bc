"""What stands between a Pod and its workload: the ReplicaSet of a Deployment, the Job of a CronJob."""

from __future__ import annotations

from msgspec import Struct


class Owner(Struct, frozen=True, gc=False, omit_defaults=True):
    """An object that controls Pods, and what controls it in turn (`meta/v1.OwnerReference` with `controller: true`)."""

    kind: str
    """ReplicaSet or Job."""
    namespace: str
    name: str
    uid: str
    owner_kind: str = ""
    """Kind of its own controller, as written there; empty where it has none: then it is the workload itself."""
    owner_name: str = ""
    owner_uid: str = ""
