"""What schedulers, kubelets and controllers do for Pods: it gives new Pods a node, an address and a running server, and
takes them away again when they are deleted.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from typing import Any

from podwire_lab.apiserver.kinds import Resource
from podwire_lab.apiserver.store import Change, Key, Store
from podwire_lab.errors import LabError
from podwire_lab.fabric import Fabric
from podwire_lab.objects.core import default_container, now, running_status
from podwire_lab.objects.truth import Node, Pod
from podwire_lab.servers import PodServers

Object = dict[str, Any]
_log = logging.getLogger(__name__)


class _VanishedError(Exception):
    """The Pod was taken away while it was worked on."""


class Kubelet:
    """Follows the Pods of the store. `run` until cancelled."""

    def __init__(self, store: Store, fabric: Fabric, servers: PodServers) -> None:
        self._store = store
        self._fabric = fabric
        self._servers = servers
        self._pods = self._resource("v1", "Pod")
        self._slices = self._resource("discovery.k8s.io/v1", "EndpointSlice")
        self._work: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        store.observers.append(self._observe)

    async def run(self) -> None:
        while True:
            key = await self._work.get()
            self._waiting.discard(key)
            try:
                await self._sync(key)
            except _VanishedError:
                await self._tear_down(key)
            except LabError as error:
                self._refuse(key, str(error))
            except Exception as error:
                _log.exception("Pod %s/%s cannot be served", *key)
                self._refuse(key, f"the lab failed: {error}")

    def _resource(self, api_version: str, kind: str) -> Resource:
        found = self._store.kinds.by_kind(api_version, kind)
        if found is None:
            raise KeyError(kind)
        return found

    def _observe(self, change: Change) -> None:
        if change.resource.id != self._pods.id or change.key in self._waiting or self._store.is_loading:
            return
        if change.new is None or _wants_work(change.new):
            self._waiting.add(change.key)
            self._work.put_nowait(change.key)

    async def _sync(self, key: Key) -> None:
        found = self._store.get(self._pods, key)
        if found is None:
            await self._tear_down(key)
        elif found["metadata"].get("deletionTimestamp"):
            await self._end(key, found)
        elif _wants_work(found):
            await self._start(key, found)

    async def _start(self, key: Key, found: Object) -> None:
        node = self._node_for(found)
        if not found["spec"].get("nodeName"):
            found = self._put(key, {"phase": "Pending", "conditions": [_scheduled()]}, nodeName=node.name)
        if found["spec"].get("hostNetwork"):
            self._put(key, running_status(found, node.address, node.address))
            return
        containers = found["spec"].get("containers") or [default_container()]
        found = self._put(key, _creating(containers, node), containers=containers)
        labels = dict(found["metadata"].get("labels") or {})
        pod = Pod(key[1], node.name, self._fabric.cluster.free_address(node), key[0], labels)
        await asyncio.to_thread(self._fabric.add_pod, pod)
        await self._servers.start(pod.key, self._fabric.at(pod.key))
        self._put(key, running_status(found, node.address, pod.address))
        self._update_endpoints()

    async def _end(self, key: Key, found: Object) -> None:
        """The containers stop, the Pod shows it with its address still set, and goes."""
        await self._tear_down(key)
        status = copy.deepcopy(found.get("status", {}))
        for state in status.get("containerStatuses", []):
            reason = {"exitCode": 0, "reason": "Completed", "finishedAt": now()}
            state |= {"ready": False, "started": False, "state": {"terminated": reason}}
        self._put(key, status)
        self._store.remove(self._pods, key)

    async def _tear_down(self, key: Key) -> None:
        pod = self._pod(key)
        if pod is None:
            return
        await self._servers.stop(pod.key)
        await asyncio.to_thread(self._fabric.remove_pod, pod.key)
        self._update_endpoints()

    def _pod(self, key: Key) -> Pod | None:
        return next((pod for pod in self._fabric.cluster.pods if (pod.namespace, pod.name) == key), None)

    def _node_for(self, found: Object) -> Node:
        """The node that a Pod names, else the one with the fewest Pods; LabError for one that the lab has not."""
        cluster = self._fabric.cluster
        if name := found["spec"].get("nodeName"):
            return cluster.node(name)
        return min(cluster.nodes, key=lambda node: len(cluster.pods_on(node)))

    def _put(self, key: Key, status: Object, **spec: Any) -> Object:
        """Writes the status, and fields of the spec, into the Pod as it is now."""
        found = self._store.get(self._pods, key)
        if found is None:
            raise _VanishedError
        return self._store.put(self._pods, key, {**found, "spec": {**found["spec"], **spec}, "status": status})

    def _refuse(self, key: Key, message: str) -> None:
        """The Pod stays Pending and says why; it is tried again when somebody writes to it."""
        found = self._store.get(self._pods, key)
        if found is not None and found["metadata"].get("deletionTimestamp") is None:
            self._waiting.add(key)  # its own write below is no reason to try again
            condition = {**_scheduled(), "status": "False", "reason": "Unschedulable", "message": message}
            self._put(key, {"phase": "Pending", "conditions": [condition]})
            self._waiting.discard(key)

    def _update_endpoints(self) -> None:
        """Keeps hello-world's endpoints to the Pods with its label."""
        for key, found in self._store.snapshot(self._slices, self._store.revision):
            if found["metadata"].get("labels", {}).get("kubernetes.io/service-name") != "hello-world":
                continue
            pods = [pod for pod in self._fabric.cluster.pods if pod.labels.get("app") == "hello-world"]
            self._store.put(self._slices, key, {**found, "endpoints": [self._endpoint(pod) for pod in pods]})

    def _endpoint(self, pod: Pod) -> Object:
        found = self._store.get(self._pods, (pod.namespace, pod.name))
        uid = found["metadata"]["uid"] if found else ""
        return {
            "addresses": [pod.address],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": uid},
            "nodeName": pod.node,
        }


def _wants_work(found: Object) -> bool:
    if found["metadata"].get("deletionTimestamp"):
        return True
    status = found.get("status", {})
    return status.get("phase") == "Pending" and not status.get("podIP") and not status.get("hostIP")


def _scheduled() -> Object:
    return {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now()}


def _creating(containers: list[Object], node: Node) -> Object:
    states = [
        {
            "name": container["name"],
            "state": {"waiting": {"reason": "ContainerCreating"}},
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "image": container.get("image", ""),
            "imageID": "",
            "started": False,
        }
        for container in containers
    ]
    return {
        "phase": "Pending",
        "conditions": [_scheduled()],
        "hostIP": node.address,
        "hostIPs": [{"ip": node.address}],
        "startTime": now(),
        "containerStatuses": states,
        "qosClass": "BestEffort",
    }
