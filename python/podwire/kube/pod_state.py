"""What a Pod and its containers do, in the words of `kubectl get pods`."""

from __future__ import annotations

from podwire.kube.addresses import canonical
from podwire.kube.pod_schema import (
    ContainerState,
    ContainerStatus,
    PodContainerSpec,
    PodMeta,
    PodSpec,
    PodStatus,
    Terminated,
)
from podwire.kube.pool import Pool
from podwire.kube.schema import Condition
from podwire.model.pods import DeclaredPort, PodContainer

_NO_STATE = ContainerState()


def power_of(meta: PodMeta, spec: PodSpec, status: PodStatus) -> str:
    """Say what a Pod's containers do as kubectl's STATUS column does.

    Follows `printPod` of kubernetes/kubernetes pkg/printers/internalversion/printers.go.
    """
    if meta.deletion_timestamp and status.reason == "NodeLost":
        return "Unknown"
    if meta.deletion_timestamp and status.phase not in ("Succeeded", "Failed"):
        return "Terminating"
    word = status.reason or status.phase or ""
    for condition in status.conditions or ():
        if condition.type == "PodScheduled" and condition.reason == "SchedulingGated":
            word = "SchedulingGated"
    initializing = _initializing(spec, status)
    if initializing and not _is_true(status.conditions, "Initialized"):
        return initializing
    return _containers(initializing or word, status)


def is_stopped(meta: PodMeta, status: PodStatus) -> bool:
    """Return whether the node confirms the end of a Pod that is being deleted.

    The kubelet reports every container as terminated before it lets a Pod go. Who deletes by force (grace period 0)
    does not wait for that: the API server marks the Pod as deleted and removes it at once; containers may run on.
    """
    of_init, others = status.init_container_statuses or (), status.container_statuses or ()
    has_ended = bool(others) and all(each.state is not None and each.state.terminated is not None for each in others)
    is_initializing = any(each.state is not None and each.state.running is not None for each in of_init)
    return meta.deletion_timestamp is not None and has_ended and not is_initializing


def _initializing(spec: PodSpec, status: PodStatus) -> str:
    """Return the word for the first init container that is not done; empty where all are."""
    containers = spec.init_containers or ()
    sidecars = {each.name for each in containers if each.restart_policy == "Always"}
    for done, each in enumerate(status.init_container_statuses or ()):
        state = each.state or _NO_STATE
        if state.terminated is not None and not state.terminated.exit_code:
            continue
        if each.name in sidecars and each.started:
            continue
        if state.terminated is not None:
            return f"Init:{_ended(state.terminated)}"
        if state.waiting is not None and state.waiting.reason and state.waiting.reason != "PodInitializing":
            return f"Init:{state.waiting.reason}"
        return f"Init:{done}/{len(containers)}"
    return ""


def _containers(word: str, status: PodStatus) -> str:
    has_running = False
    for each in reversed(status.container_statuses or ()):
        state = each.state or _NO_STATE
        if state.waiting is not None and state.waiting.reason:
            word = state.waiting.reason
        elif state.terminated is not None:
            word = _ended(state.terminated)
        elif _is_up(each, state):
            has_running = True
    if word == "Completed" and has_running:
        return "Running" if _is_true(status.conditions, "Ready") else "NotReady"
    return word


def _is_up(container: ContainerStatus, state: ContainerState) -> bool:
    return bool(container.ready) and state.running is not None


def _ended(state: Terminated) -> str:
    if state.reason:
        return state.reason
    return f"Signal:{state.signal}" if state.signal else f"ExitCode:{state.exit_code or 0}"


def _is_true(conditions: list[Condition] | None, kind: str) -> bool:
    return any(each.type == kind and each.status == "True" for each in conditions or ())


def containers_of(spec: PodSpec, status: PodStatus, pool: Pool) -> tuple[PodContainer, ...]:
    """Put together what the spec says of each container and what the kubelet says of it."""
    found = [
        _container(each, status.init_container_statuses, pool, is_init=True) for each in spec.init_containers or ()
    ]
    found += [_container(each, status.container_statuses, pool, is_init=False) for each in spec.containers or ()]
    return pool.share(tuple(found))


def _container(
    spec: PodContainerSpec, statuses: list[ContainerStatus] | None, pool: Pool, *, is_init: bool
) -> PodContainer:
    name = spec.name or ""
    status = next((each for each in statuses or () if each.name == name), None)
    return pool.share(
        PodContainer(
            name=pool.share(name),
            image=pool.share(spec.image or ""),
            state=pool.share(_word(status.state or _NO_STATE)) if status else "",
            restarts=(status.restart_count or 0) if status else 0,
            is_ready=bool(status and status.ready),
            is_init=is_init,
        )
    )


def _word(state: ContainerState) -> str:
    if state.running is not None:
        return "running"
    if state.terminated is not None:
        return _ended(state.terminated)
    # The API says that a state without any of the three is waiting.
    return (state.waiting.reason if state.waiting else None) or "waiting"


def ports_of(spec: PodSpec, pool: Pool) -> tuple[DeclaredPort, ...]:
    """Return the ports that the containers declare; sidecars are init containers, and declare theirs too."""
    if not any(each.ports for each in (*(spec.init_containers or ()), *(spec.containers or ()))):
        return ()
    found = [
        DeclaredPort(
            number=port.container_port,
            protocol=pool.share(port.protocol or "TCP"),
            host_port=port.host_port or 0,
            name=pool.share(port.name or ""),
            host_ip=_one_address(port.host_ip),
        )
        for container in (*(spec.init_containers or ()), *(spec.containers or ()))
        for port in container.ports or ()
        if port.container_port
    ]
    return pool.share(tuple(pool.share(each) for each in found))


def _one_address(text: str | None) -> str:
    """Return the address that a host port is bound to; empty where it is bound to all."""
    found = canonical(text) if text else ""
    return "" if found in ("0.0.0.0", "::") else found  # noqa: S104 - it is read, not bound to
