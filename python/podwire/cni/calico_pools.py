"""Calico's IP pools: which ranges Pods live in and how packets to each are wrapped.

Sources: calico, api/pkg/apis/projectcalico/v3/ippool.go; libcalico-go/lib/backend/k8s/discovery.go (which API group
counts); node/pkg/lifecycle/startup/startup.go (the first pool); tigera/operator, pkg/controller/ippool/defaults.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.agents import Agent
from podwire.cni.calico_installation import has_installation, installation_of
from podwire.cni.notes import Notes, Source
from podwire.model.evidence import CustomObject, Evidence

V1, V3 = "ippools.crd.projectcalico.org", "ippools.projectcalico.org"

_MODES = {"always": "", "crosssubnet": "-cross-subnet"}
"""How a pool's mode reads at the end of a backend's name; anything else wraps nothing."""

_ENCAPSULATIONS = {
    "ipip": "ipip",
    "ipipcrosssubnet": "ipip-cross-subnet",
    "vxlan": "vxlan",
    "vxlancrosssubnet": "vxlan-cross-subnet",
    "none": "",
}
_ANNOTATED = (
    ("projectcalico.org/IPv4VXLANTunnelAddr", "vxlan"),
    ("projectcalico.org/IPv6VXLANTunnelAddr", "vxlan"),
    ("projectcalico.org/IPv4IPIPTunnelAddr", "ipip"),
)


class Pool(Struct, frozen=True):
    """One pool: its range and how packets to it are wrapped."""

    name: str
    cidr: str
    encapsulation: str = ""
    """vxlan, vxlan-cross-subnet, ipip, ipip-cross-subnet; empty where packets go as they are."""
    is_disabled: bool = False


class Pools(Struct, frozen=True):
    """The pools that Pods live in, and where they were read."""

    pools: tuple[Pool, ...]
    source: Source


def pools_of(evidence: Evidence, agents: Sequence[Agent], notes: Notes) -> Pools:
    """Return the pools from the strongest evidence: IPPools, Installation, Node annotations, first settings."""
    is_etcd = bool(agents) and _keeps_pools_in_etcd(agents[0], evidence)
    if is_etcd:
        notes.doubt("Calico keeps its IPPools in etcd (DATASTORE_TYPE), which the API does not show")
    pools = () if is_etcd else _from_objects(evidence, notes)
    if pools:
        return Pools(pools, Source.SETTINGS)
    if not is_etcd and (reading.is_denied(evidence, V1) or reading.is_denied(evidence, V3)):
        notes.doubt("IPPools may not be read")
    pools = _from_installation(evidence, notes)
    if pools:
        return Pools(pools, Source.DEFAULTS)
    pools = _from_annotations(evidence, notes)
    if pools:
        return Pools(pools, Source.NODES)
    pools = _from_environment(evidence, agents, notes)
    return Pools(pools, Source.DEFAULTS if pools else Source.NOWHERE)


def _keeps_pools_in_etcd(agent: Agent, evidence: Evidence) -> bool:
    """Whether the datastore is etcd: said so, or not said and etcd's address is given (libcalico-go's own default)."""
    namespace = agent.workload.namespace
    kind = reading.word(reading.env_text(agent.container, evidence, namespace, "DATASTORE_TYPE"))
    has_address = reading.env(agent.container, evidence, namespace, "ETCD_ENDPOINTS") is not None
    return kind.startswith("etcd") or (not kind and has_address)


def _from_objects(evidence: Evidence, notes: Notes) -> tuple[Pool, ...]:
    """Read IPPools of crd.projectcalico.org where there are any, else of projectcalico.org: Calico's own rule."""
    for resource in (V1, V3):
        found = [each for each in evidence.custom if each.resource == resource]
        pools = tuple(pool for each in found for pool in _read_pool(each, notes))
        if pools:
            return pools
    return ()


def _read_pool(each: CustomObject, notes: Notes) -> list[Pool]:
    spec = each.spec
    cidr = reading.network(spec.get("cidr"))
    if cidr is None:
        notes.doubt(f"IPPool {each.name} has no readable cidr and is left out")
        return []
    uses = spec.get("allowedUses")
    if isinstance(uses, list) and uses and "Workload" not in uses:
        notes.say(f"ignored: IPPool {each.name} is not for Pods (allowedUses {reading.some(map(str, uses))})")
        return []
    vxlan, ipip = _mode(spec.get("vxlanMode")), _mode(_ipip_mode(spec))
    encapsulation = ""
    if vxlan is not None:
        encapsulation = f"vxlan{vxlan}"
    elif ipip is not None and not reading.is_ipv6(cidr):
        encapsulation = f"ipip{ipip}"
    disabled = spec.get("disabled") is True
    said = f"vxlanMode {_said(spec.get('vxlanMode'))}, ipipMode {_said(_ipip_mode(spec))}"
    notes.say(f"IPPool {each.name} {cidr} says {said}{', disabled' if disabled else ''}")
    return [Pool(each.name, cidr, encapsulation, disabled)]


def _ipip_mode(spec: dict[str, Any]) -> object:
    """Return ipipMode; the older form was `ipip: {enabled, mode}`."""
    old = spec.get("ipip")
    if spec.get("ipipMode") is None and isinstance(old, dict):
        return (old.get("mode") or "Always") if old.get("enabled") is True else None
    return spec.get("ipipMode")


def _mode(value: object) -> str | None:
    return _MODES.get(reading.word(value).replace("-", ""))


def _said(value: object) -> str:
    return "unset" if value is None else str(value)[:20]


def _from_installation(evidence: Evidence, notes: Notes) -> tuple[Pool, ...]:
    """Read the pools that the operator is asked to make, with its defaults: IPIP for IPv4, VXLAN on EKS."""
    if not has_installation(evidence):
        return ()
    spec = installation_of(evidence)
    asked = reading.dig(spec, "calicoNetwork", "ipPools")
    if asked is None:
        is_eks = reading.word(spec.get("kubernetesProvider")) == "eks"
        kind, cidr = ("vxlan", "172.16.0.0/16") if is_eks else ("ipip", "192.168.0.0/16")
        notes.doubt(f"Installation names no ipPools: the operator's default {kind} is assumed")
        return (Pool("default-ipv4-ippool", cidr, kind),)
    found = []
    for each in reading.objects(asked):
        pool_range = reading.network(each.get("cidr"))
        if pool_range is None:
            continue
        default = "none" if reading.is_ipv6(pool_range) else "ipip"
        given = reading.word(each.get("encapsulation")) or default
        notes.say(f"Installation asks for pool {pool_range} with encapsulation {each.get('encapsulation') or default}")
        name = reading.plain(str(each.get("name") or "default-ipv4-ippool"))
        disabled = each.get("disableNewAllocations") is True
        found.append(Pool(name, pool_range, _ENCAPSULATIONS.get(given, ""), disabled))
    return tuple(found)


def _from_environment(evidence: Evidence, agents: Sequence[Agent], notes: Notes) -> tuple[Pool, ...]:
    """Read what calico-node makes its first pools of; the variables have no effect afterwards."""
    for agent in agents:
        namespace = agent.workload.namespace
        found = {name: reading.env(agent.container, evidence, namespace, name) for name in _SEEDS}
        texts = {name: each.text or "" for name, each in found.items() if each is not None}
        if not texts.keys() & set(_SEEDS[:3]) or reading.truth(texts.get("NO_DEFAULT_POOLS", "")):
            continue
        pools = [Pool("default-ipv4-ippool", reading.network(texts.get("CALICO_IPV4POOL_CIDR")) or "", _seed(texts))]
        notes.say(f"{agent.title} makes its first IPPool with {pools[0].encapsulation or 'no'} encapsulation")
        cidr = reading.network(texts.get("CALICO_IPV6POOL_CIDR"))
        if cidr is not None:
            six = _mode(texts.get("CALICO_IPV6POOL_VXLAN"))
            pools.append(Pool("default-ipv6-ippool", cidr, "" if six is None else f"vxlan{six}"))
        return tuple(pools)
    return ()


def _seed(texts: dict[str, str]) -> str:
    vxlan, ipip = _mode(texts.get("CALICO_IPV4POOL_VXLAN")), _mode(texts.get("CALICO_IPV4POOL_IPIP"))
    if vxlan is not None:
        return f"vxlan{vxlan}"
    return "" if ipip is None else f"ipip{ipip}"


_SEEDS = (
    "CALICO_IPV4POOL_IPIP",
    "CALICO_IPV4POOL_VXLAN",
    "CALICO_IPV4POOL_CIDR",
    "CALICO_IPV6POOL_VXLAN",
    "CALICO_IPV6POOL_CIDR",
    "NO_DEFAULT_POOLS",
)


def _from_annotations(evidence: Evidence, notes: Notes) -> tuple[Pool, ...]:
    """Tell the kind of tunnel by the tunnel addresses on the Nodes; between which nodes it is used is not said."""
    found: dict[str, Pool] = {}
    for key, kind in _ANNOTATED:
        count = sum(1 for node in evidence.nodes if node.annotations.get(key))
        if count:
            notes.say(f"{reading.counted(count, 'node')} carry the annotation {key}")
            found.setdefault(kind, Pool("", "", kind))
    if found:
        notes.doubt("whether packets are wrapped inside a subnet too is not said on the Nodes")
    return tuple(found.values())
