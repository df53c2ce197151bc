"""`v1.Pod` → `model.Pod`: its names, times, addresses and owner."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from podwire.kube.addresses import canonical_all
from podwire.kube.pod_schema import NetworkStatus, PodMeta, PodObject, PodSpec, PodStatus
from podwire.kube.pod_state import containers_of, is_stopped, ports_of, power_of
from podwire.kube.pool import Pool
from podwire.kube.schema import OwnerReference
from podwire.model.pods import DeclaredPort, Pod

_NO_META = PodMeta()
_NO_SPEC = PodSpec()
_NO_STATUS = PodStatus()
_NO_OWNER = OwnerReference()
_networks_decoder = msgspec.json.Decoder(list[NetworkStatus])


def pod_of(api: PodObject, pool: Pool) -> Pod:
    """Flatten `api`. Missing fields become empty ones: the engine decides what it can do without."""
    meta, spec, status = api.metadata or _NO_META, api.spec or _NO_SPEC, api.status or _NO_STATUS
    owner = controller_of(meta.owner_references)
    ips, ports = _addresses(meta, status), ports_of(spec, pool)
    return Pod(
        uid=meta.uid or f"{meta.namespace or ''}/{meta.name or ''}",
        namespace=pool.share(meta.namespace or ""),
        name=meta.name or "",
        node=pool.share(spec.node_name or ""),
        phase=pool.share(status.phase or ""),
        power=pool.share(power_of(meta, spec, status)),
        ips=ips,
        labels=pool.labels(meta.labels),
        host_network=bool(spec.host_network),
        created_ns=nanoseconds(meta.creation_timestamp),
        started_ns=nanoseconds(status.start_time),
        owner_kind=pool.share(owner.kind or ""),
        owner_name=pool.share(owner.name or ""),
        owner_uid=pool.share(owner.uid or ""),
        containers=containers_of(spec, status, pool),
        ports=ports,
        secondary_ips=_secondary_addresses(meta, ips),
        host_ips=pool.share(_host_addresses(status)) if _is_behind_its_node(spec, ports) else (),
        is_stopped=is_stopped(meta, status),
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


def controller_of(references: list[OwnerReference] | None) -> OwnerReference:
    """Return the reference to what controls an object; a blank one where nothing does."""
    return next((each for each in references or () if each.controller), _NO_OWNER)


def _addresses(meta: PodMeta, status: PodStatus) -> tuple[str, ...]:
    notes = meta.annotations
    written = None
    if notes is not None:
        written = notes.calico_ips if notes.calico_ips is not None else notes.calico_ip
    if written == "":
        # Calico empties its annotation once the address is free again, before the API takes it out of the status
        # (libcalico-go/lib/backend/k8s/conversion): the next Pod may have it already.
        return ()
    found = canonical_all([each.ip for each in status.pod_ips or ()] or [status.pod_ip])
    if not found and written:
        # Calico writes it as soon as the Pod has it, and the kubelet the status only with its next report.
        return canonical_all(each.strip().partition("/")[0] for each in written.split(","))
    return found


def _is_behind_its_node(spec: PodSpec, ports: tuple[DeclaredPort, ...]) -> bool:
    return not spec.host_network and any(each.host_port for each in ports)


def _host_addresses(status: PodStatus) -> tuple[str, ...]:
    return canonical_all([each.ip for each in status.host_ips or ()] or [status.host_ip])


def _secondary_addresses(meta: PodMeta, ips: tuple[str, ...]) -> tuple[str, ...]:
    text = meta.annotations.networks if meta.annotations is not None else None
    if not text:
        return ()
    try:
        networks = _networks_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        # It is written by the plugin, or by whoever may change the Pod: the Pod counts without it.
        return ()
    found = canonical_all(ip for each in networks if not each.default for ip in each.ips or ())
    return tuple(each for each in found if each not in ips)
