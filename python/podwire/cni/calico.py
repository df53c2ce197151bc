"""Calico: calico-node with a networking backend other than none, its IP pools and Felix's settings.

Evidence, strongest first: the live DaemonSet's environment, IPPools and FelixConfigurations, the operator's
Installation, tunnel addresses on the Nodes, the settings that seed the first pool.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from podwire.cni import agents as found_agents
from podwire.cni import calico_installation, calico_pools, reading
from podwire.cni.agents import Agent
from podwire.cni.calico_felix import WIREGUARD_KEYS, Felix, felix_of, wireguard_overlays
from podwire.cni.calico_pools import Pool, Pools
from podwire.cni.modes import Identity, Mode, conclude, merge
from podwire.cni.notes import Notes, Source, Standing
from podwire.cni.roles import calico_backend
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "calico"
_ORDER = ("vxlan", "vxlan-cross-subnet", "ipip", "ipip-cross-subnet", "bgp", "none")
_INFORMATION = ("clusterinformations.crd.projectcalico.org", "clusterinformations.projectcalico.org")


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Calico that carries Pod packets here, or None; policy alone is not carrying them."""
    agents = sorted(found_agents.strongest(evidence, PLUGIN), key=lambda each: each.container.name != "calico-node")
    if not agents and not _speaks_without_agents(evidence):
        return None
    notes = Notes()
    found_agents.say_states(agents, evidence, notes)
    if not agents:
        notes.say("no DaemonSet that runs calico-node is known")
    pools = calico_pools.pools_of(evidence, agents, notes)
    views = felix_of(evidence, agents, notes)
    plain = "bgp" if _runs_bird(evidence, agents, notes) else "none"
    if not pools.pools and agents and plain == "none":
        notes.doubt("no IPPool is known: networking backend vxlan is taken to mean VXLAN between all nodes")
        pools = Pools((Pool("", "", "vxlan"),), Source.DEFAULTS)
    mode = _mode(pools.pools, views, plain, notes)
    mode = _encrypted(mode, views, evidence, notes)
    ranges = reading.networks(pool.cidr for pool in _in_use(pools.pools))
    who = Identity(PLUGIN, _version(evidence, agents), ranges)
    return conclude(who, mode, notes, agents[0].standing if agents else Standing.ABSENT, pools.source)


def _speaks_without_agents(evidence: Evidence) -> bool:
    """Whether Calico's objects may be believed though no calico-node is known.

    They may where nothing else is there to contradict them (files with neither Nodes nor agents), and where DaemonSets
    may not be read but the Nodes say that Calico brought their network up. Elsewhere they are leftovers.
    """
    if found_agents.find_agents(evidence):
        return False
    resources = {each.resource for each in evidence.custom}
    has_objects = bool(resources & {calico_pools.V1, calico_pools.V3, calico_installation.RESOURCE})
    if not has_objects or not calico_installation.is_calico_network(calico_installation.installation_of(evidence)):
        return False
    if any(reading.word(each.data.get("calico_backend")) == "none" for each in evidence.config_maps):
        return False
    is_up = any(node.network_reason == "CalicoIsUp" for node in evidence.nodes)
    is_blind = not found_agents.may_read_daemon_sets(evidence)
    return found_agents.is_file_set(evidence) or (is_blind and is_up)


def _runs_bird(evidence: Evidence, agents: Sequence[Agent], notes: Notes) -> bool:
    """Whether routes are spread by BGP; only vxlan and none run without BIRD."""
    if not agents:
        is_vxlan = any(reading.word(each.data.get("calico_backend")) == "vxlan" for each in evidence.config_maps)
        return not is_vxlan and calico_installation.has_bgp(calico_installation.installation_of(evidence))
    backends = {calico_backend(agent.workload, agent.container, evidence) for agent in agents}
    if "" in backends:
        notes.doubt("CALICO_NETWORKING_BACKEND comes from a ConfigMap that is not read: bird is assumed")
    else:
        notes.say(f"CALICO_NETWORKING_BACKEND is {reading.some(sorted(backends))}")
    return not backends <= {"vxlan", "none"}


def _in_use(pools: Sequence[Pool]) -> list[Pool]:
    """Return the pools that new Pods get addresses from; all where every one is disabled."""
    return [pool for pool in pools if not pool.is_disabled] or list(pools)


def _mode(pools: Sequence[Pool], views: Sequence[Felix], plain: str, notes: Notes) -> Mode:
    """Return what the pools make together; a disabled pool's tunnel is still looked for, its Pods live on."""
    extras = tuple(overlay for view in views for overlay in view.extras)
    if extras:
        notes.say("the eBPF dataplane sends NodePort traffic on in VXLAN with VNI 13242816")
    if not pools:
        return Mode("unknown", NetworkType.UNKNOWN, extras)
    by_name = {_name(pool, plain): _mode_of(_name(pool, plain), views) for pool in _in_use(pools)}
    mode = merge(by_name[name] for name in _ORDER if name in by_name)
    if len(by_name) > 1:
        mode = Mode(mode.backend, NetworkType.MIXED, mode.overlays)
    _check_switches(mode, views, notes)
    rest = [overlay for pool in pools for overlay in _mode_of(_name(pool, plain), views).overlays]
    return Mode(mode.backend, mode.network_type, tuple(dict.fromkeys((*mode.overlays, *rest, *extras))))


def _name(pool: Pool, plain: str) -> str:
    return pool.encapsulation or plain


def _mode_of(name: str, views: Sequence[Felix]) -> Mode:
    if name in ("bgp", "none"):
        return Mode(name, NetworkType.UNDERLAY)
    is_vxlan = name.startswith("vxlan")
    overlays = tuple(dict.fromkeys(view.vxlan for view in views)) if is_vxlan else (Overlay(Encapsulation.IPIP),)
    return Mode(name, NetworkType.MIXED if name.endswith("cross-subnet") else NetworkType.OVERLAY, overlays)


def _check_switches(mode: Mode, views: Sequence[Felix], notes: Notes) -> None:
    """Doubt pools whose tunnels Felix was told not to make (felix/calc/encapsulation_resolver.go)."""
    if "vxlan" in mode.backend and any(view.vxlan_enabled is False for view in views):
        notes.doubt("vxlanEnabled false switches off the VXLAN that the IPPools ask for")
    if "ipip" in mode.backend and any(view.ipip_enabled is False for view in views):
        notes.doubt("ipipEnabled false switches off the IPIP that the IPPools ask for")


class _Keys(Struct, frozen=True):
    nodes: int
    keyed: int


def _keys(evidence: Evidence) -> _Keys:
    """Count the Linux nodes and those that announced a WireGuard key."""
    linux = [node for node in evidence.nodes if not reading.is_windows(node)]
    return _Keys(len(linux), sum(1 for node in linux if any(node.annotations.get(key) for key in WIREGUARD_KEYS)))


def _encrypted(mode: Mode, views: Sequence[Felix], evidence: Evidence, notes: Notes) -> Mode:
    """Add WireGuard, which takes the place of the pools' tunnels between nodes that both have a key."""
    tunnels = wireguard_overlays(views)
    if not tunnels:
        return mode
    keys = _keys(evidence)
    if keys.nodes and not keys.keyed:
        notes.doubt("WireGuard is switched on, but no node has announced a key: packets are not encrypted")
        return mode
    if keys.nodes:
        notes.say(f"{keys.keyed} of {reading.counted(keys.nodes, 'node')} announced a WireGuard key")
    is_everywhere = keys.keyed == keys.nodes and all(view.has_wireguard for view in views)
    kind = NetworkType.OVERLAY if is_everywhere or mode.network_type is NetworkType.OVERLAY else NetworkType.MIXED
    return Mode(mode.backend, kind, (*mode.overlays, *tunnels), "wireguard")


def _version(evidence: Evidence, agents: Sequence[Agent]) -> str:
    tags = [reading.image_version(agent.container.image) for agent in agents]
    known = [each.spec.get("calicoVersion") for each in evidence.custom if each.resource in _INFORMATION]
    return next((tag for tag in tags if tag), next((each[:64] for each in known if isinstance(each, str)), ""))
