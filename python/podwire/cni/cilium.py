"""Cilium: the DaemonSet that runs cilium-agent and its ConfigMap cilium-config.

Sources: cilium, install/kubernetes/cilium/templates/cilium-configmap.yaml, pkg/datapath/tunnel/tunnel.go and
pkg/defaults/defaults.go. `tunnel-protocol` is written with native routing too and means nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from podwire.cni import agents as found_agents
from podwire.cni import reading
from podwire.cni.agents import Agent
from podwire.cni.modes import Identity, Mode, conclude, merge
from podwire.cni.notes import Notes, Source, Standing
from podwire.cni.selectors import label_selects
from podwire.model.evidence import ConfigMap, Evidence
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

PLUGIN = "cilium"
CONFIG = "cilium-config"
_NODE_CONFIGS = "ciliumnodeconfigs.cilium.io"
_RANGES = re.compile(r"ipv[46]-cidrs:([^;]*)")
_PORTS = {"vxlan": 8472, "geneve": 6081}
_KINDS = {"vxlan": Encapsulation.VXLAN, "geneve": Encapsulation.GENEVE}
_WIREGUARD_PORT = 51871
_GATEWAY_KEYS = ("enable-egress-gateway", "enable-ipv4-egress-gateway", "enable-ipv6-egress-gateway")
_NODES_IPAM = ("", "kubernetes", "cluster-pool", "cluster-pool-v2beta")
"""Kinds of address management whose Pod ranges are those of the Nodes, as far as no pool is named."""
_MODE_KEYS = ("routing-mode", "tunnel-protocol", "tunnel", "tunnel-port", "enable-wireguard", "enable-ipsec")
_MAX_PORT = 65535


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the Cilium that carries Pod packets here, or None; chained above another plugin it does not."""
    agents = found_agents.strongest(evidence, PLUGIN)
    notes = Notes()
    config = _config(agents[0], evidence) if agents else _config_alone(evidence)
    if not agents and config is None:
        return None
    found_agents.say_states(agents, evidence, notes)
    if config is None:
        notes.doubt(f"ConfigMap {agents[0].workload.namespace}/{CONFIG} is not read: Cilium's defaults are assumed")
    given = dict(config.data) if config is not None else {}
    if agents:
        given |= reading.flags(reading.words(agents[0].container))
    where = f"ConfigMap {config.namespace}/{config.name}" if config is not None else "Cilium by default"
    modes = [_mode(given, where, notes)]
    modes += [_mode({**given, **own}, where, notes) for own, where in _node_configs(evidence, notes)]
    ranges = _ranges(given, evidence)
    if not agents:
        notes.say("no DaemonSet that runs cilium-agent is known")
        return conclude(Identity(PLUGIN, "", ranges), merge(modes), notes, Standing.ABSENT, Source.DEFAULTS)
    who = Identity(PLUGIN, reading.image_version(agents[0].container.image), ranges)
    source = Source.SETTINGS if config is not None else Source.DEFAULTS
    return conclude(who, merge(modes), notes, agents[0].standing, source)


def _ranges(given: Mapping[str, str], evidence: Evidence) -> tuple[str, ...]:
    """Return the Pod ranges; the Nodes' own only where Cilium gives Pods addresses of those."""
    ipam = reading.word(given.get("ipam"))
    if ipam == "multi-pool":
        pools = _RANGES.findall(given.get("auto-create-cilium-pod-ip-pools", ""))
        return reading.networks(text for part in pools for text in part.split(","))
    texts = f"{given.get('cluster-pool-ipv4-cidr', '')} {given.get('cluster-pool-ipv6-cidr', '')}"
    named = reading.networks(re.split(r"[\s,]+", texts))
    return named or (reading.node_ranges(evidence.nodes) if ipam in _NODES_IPAM else ())


def _node_configs(evidence: Evidence, notes: Notes) -> Iterator[tuple[dict[str, str], str]]:
    """Yield what each CiliumNodeConfig sets on nodes that it selects, and where it stands."""
    for each in evidence.custom:
        own = reading.dig(each.spec, "defaults")
        if each.resource != _NODE_CONFIGS or not isinstance(own, dict) or not any(key in own for key in _MODE_KEYS):
            continue
        answers = [label_selects(each.spec.get("nodeSelector"), node.labels) for node in evidence.nodes]
        if answers and not any(answer is not False for answer in answers):
            notes.say(f"ignored: CiliumNodeConfig {each.name} selects no known node")
            continue
        texts = {key: value for key, value in own.items() if isinstance(key, str) and isinstance(value, str)}
        yield texts, f"CiliumNodeConfig {each.name} on some nodes"


def _config(agent: Agent, evidence: Evidence) -> ConfigMap | None:
    return reading.config_map(evidence, agent.workload.namespace, CONFIG)


def _config_alone(evidence: Evidence) -> ConfigMap | None:
    """Return a cilium-config given as a file with neither Nodes nor DaemonSets beside it, unless it is chained."""
    if evidence.nodes or evidence.daemon_sets:
        return None
    found = next((each for each in evidence.config_maps if each.name == CONFIG), None)
    chaining = reading.word(found.data.get("cni-chaining-mode")) if found is not None else ""
    return found if chaining in ("", "none", "portmap") else None


def _mode(given: Mapping[str, str], where: str, notes: Notes) -> Mode:
    """Return the mode; before routing-mode existed, `tunnel` said vxlan, geneve or disabled."""
    legacy = reading.word(given.get("tunnel"))
    routing = reading.word(given.get("routing-mode")) or ("native" if legacy == "disabled" else "tunnel")
    protocol = reading.word(given.get("tunnel-protocol")) or (legacy if legacy in _PORTS else "vxlan")
    encryption, secret_tunnels = encryption_of(given, where, notes)
    if routing == "native":
        notes.say(f"{where} says native routing")
        kind = NetworkType.OVERLAY if encryption else NetworkType.UNDERLAY
        return Mode("native", kind, (*_detours(given, protocol, notes), *secret_tunnels), encryption)
    if routing != "tunnel" or protocol not in _PORTS:
        notes.doubt(f"{where} says routing-mode {routing}, tunnel-protocol {protocol}, which are not known here")
        return Mode(f"{routing}-{protocol}", NetworkType.UNKNOWN, secret_tunnels, encryption)
    notes.say(f"{where} says a {protocol} tunnel; its VNI is the sender's security identity")
    tunnel = Overlay(_KINDS[protocol], _port(given, protocol, notes), None, vni_is_identity=True)
    return Mode(protocol, NetworkType.OVERLAY, (tunnel, *secret_tunnels), encryption)


def _detours(given: Mapping[str, str], protocol: str, notes: Notes) -> tuple[Overlay, ...]:
    """Return the tunnel that native routing makes beside itself, for packets that do not go from Pod to Pod.

    Egress gateways are reached through it, and so are backends of load balancing that answer to clients directly
    (pkg/datapath/tunnel/tunnel.go, EncapProtocol).
    """
    has_gateway = any(reading.truth(given.get(key, "")) for key in _GATEWAY_KEYS)
    is_direct = reading.word(given.get("bpf-lb-mode")) in ("dsr", "hybrid", "annotation")
    is_wrapped = is_direct and reading.word(given.get("bpf-lb-dsr-dispatch")) == "geneve"
    if protocol not in _PORTS or not (has_gateway or is_wrapped):
        return ()
    said = "packets to egress gateways" if has_gateway else "packets from outside to another node's Pods"
    notes.say(f"{said} travel in {protocol}, those between Pods do not")
    return (Overlay(_KINDS[protocol], _port(given, protocol, notes), None, vni_is_identity=True),)


def _port(given: Mapping[str, str], protocol: str, notes: Notes) -> int:
    text = given.get("tunnel-port", "") or "0"
    port = reading.whole(text)
    if port is not None and 0 < port <= _MAX_PORT:
        return port
    if port != 0:
        notes.doubt(f"tunnel-port {text[:20]} is no port: {_PORTS[protocol]} is taken instead")
    return _PORTS[protocol]


def encryption_of(given: Mapping[str, str], where: str, notes: Notes) -> tuple[str, tuple[Overlay, ...]]:
    """Return what encrypts packets between nodes, empty where nothing does, and the tunnels that it makes."""
    if reading.truth(given.get("enable-wireguard", "")):
        notes.say(f"{where} switches WireGuard on")
        return "wireguard", (Overlay(Encapsulation.WIREGUARD, _WIREGUARD_PORT),)
    if reading.truth(given.get("enable-ipsec", "")):
        notes.say(f"{where} switches IPsec on")
        return "ipsec", (Overlay(Encapsulation.ESP),)
    if reading.truth(given.get("enable-ztunnel", "")):
        notes.say(f"{where} switches ztunnel on: Pods of enrolled namespaces speak to each other in TLS, on port 15008")
    return "", ()
