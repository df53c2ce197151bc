"""`v1.Pod` → `model.Pod`, with the state in the words of `kubectl get pods`."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import TypeVar

from podwire.kube.schema import (
    Condition,
    ContainerState,
    ContainerStatus,
    PodMeta,
    PodObject,
    PodSpec,
    PodStatus,
    Terminated,
)
from podwire.model.pods import Pod

_MOST_SHARED = 100_000
_NO_META = PodMeta()
_NO_SPEC = PodSpec()
_NO_STATUS = PodStatus()
_NO_STATE = ContainerState()

_V = TypeVar("_V", bound=Hashable)


class Pool:
    """Keeps one copy of equal values: namespaces, nodes, owners and label sets repeat thousands of times.

    Bounded: it forgets everything when it is full, which costs memory for a while and nothing else.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, Hashable] = {}

    def share(self, value: _V) -> _V:
        """Return the value that was seen first among the equal ones."""
        if len(self._values) >= _MOST_SHARED:
            self._values.clear()
        return self._values.setdefault(value, value)  # type: ignore[return-value]


def pod_of(api: PodObject, pool: Pool) -> Pod:
    """Flatten `api`. Missing fields become empty ones: the engine decides what it can do without."""
    meta, spec, status = api.metadata or _NO_META, api.spec or _NO_SPEC, api.status or _NO_STATUS
    kind, name = _owner(meta)
    return Pod(
        uid=meta.uid or f"{meta.namespace or ''}/{meta.name or ''}",
        namespace=pool.share(meta.namespace or ""),
        name=meta.name or "",
        node=pool.share(spec.node_name or ""),
        phase=pool.share(status.phase or ""),
        power=pool.share(power_of(meta, spec, status)),
        ips=_addresses(meta, status),
        labels=pool.share(tuple(sorted((pool.share(k), pool.share(v)) for k, v in (meta.labels or {}).items()))),
        host_network=bool(spec.host_network),
        created_ns=nanoseconds(meta.creation_timestamp),
        started_ns=nanoseconds(status.start_time),
        owner_kind=pool.share(kind),
        owner_name=pool.share(name),
    )


def nanoseconds(text: str | None) -> int:
    """Read an RFC 3339 time as nanoseconds since the epoch; 0 for what is missing, unreadable or before it."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000)
    except (ValueError, OverflowError):
        return 0


def canonical(text: str) -> str:
    """Return an address in its canonical form (RFC 5952), or an empty text for what is none.

    An IPv4 address with leading zeros is none: readers disagree on whether they are octal.
    """
    try:
        # This is the common case, and several times faster than the module below.
        return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        pass
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _addresses(meta: PodMeta, status: PodStatus) -> tuple[str, ...]:
    notes = meta.annotations
    if notes is not None and (notes.calico_ips == "" or (notes.calico_ips is None and notes.calico_ip == "")):
        # Calico empties its annotation once the address is free again, before the API takes it out of the status
        # (libcalico-go/lib/backend/k8s/conversion): the next Pod may have it already.
        return ()
    texts = [each.ip for each in status.pod_ips or ()] or [status.pod_ip]
    found = [canonical(text) for text in texts if text]
    return tuple(dict.fromkeys(each for each in found if each))


def _owner(meta: PodMeta) -> tuple[str, str]:
    for owner in meta.owner_references or ():
        if owner.controller:
            return owner.kind or "", owner.name or ""
    return "", ""


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
