"""Flannel: a DaemonSet that runs flanneld with a net-conf.json, or flannel inside k3s.

Evidence, strongest first: the object that a live flanneld mounts, the annotations it wrote on the Nodes, what the
distribution starts it with. Annotations alone are leftovers as soon as another plugin's agent is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from podwire.cni import agents as found_agents
from podwire.cni import flannel_nodes, reading
from podwire.cni.agents import Agent
from podwire.cni.distros import K3s, k3s_of, ranges_of_k3s
from podwire.cni.flannel_backends import Systems, backend_name, mode_of, ranges_of
from podwire.cni.flannel_nodes import Registration
from podwire.cni.modes import UNKNOWN_MODE, Identity, Mode, conclude, merge
from podwire.cni.notes import Notes, Source, Standing
from podwire.cni.reading import Fields
from podwire.model.evidence import Container, Evidence, Workload
from podwire.model.findings import CniFinding, NetworkType

PLUGIN = "flannel"
_SETTINGS_PATH = "/etc/kube-flannel/net-conf.json"
_SETTINGS_KEY = "net-conf.json"
_REASON = "FlannelIsUp"


def detect(evidence: Evidence) -> CniFinding | None:
    """Return the flannel that carries Pod packets here, or None."""
    agents = found_agents.strongest(evidence, PLUGIN)
    if agents:
        return judge_agents(PLUGIN, agents, evidence, Notes())
    if found_agents.network_agents(evidence):
        return None
    return _judge_k3s(evidence) or _judge_nodes(evidence) or _judge_settings_alone(evidence)


def judge_agents(
    plugin: str, agents: Sequence[Agent], evidence: Evidence, notes: Notes, fallback: Mode = UNKNOWN_MODE
) -> CniFinding:
    """Return the finding where DaemonSets run flanneld; `fallback` is for settings that no source shows."""
    found_agents.say_states(agents, evidence, notes)
    systems = systems_of(evidence)
    settings = [each for agent in agents for each in _settings_of(agent, evidence, notes)]
    prefix = flannel_nodes.prefix_of(_option(agents[0], evidence, "kube-annotation-prefix"))
    registered = flannel_nodes.registrations(evidence.nodes, prefix)
    ranges = reading.networks(text for each in settings for text in ranges_of(each))
    if settings:
        mode, source = merge([mode_of(each, systems, notes) for each in settings]), Source.SETTINGS
        _compare(mode, registered, notes)
    elif registered:
        mode, source = flannel_nodes.modes_of(registered, notes), Source.NODES
        _say_port(mode, notes)
    else:
        mode, source = fallback, Source.NOWHERE if fallback == UNKNOWN_MODE else Source.DEFAULTS
        notes.say("no Node carries flannel's annotations")
    version = reading.image_version(agents[0].container.image)
    who = Identity(plugin, version, ranges or reading.node_ranges(evidence.nodes))
    return conclude(who, mode, notes, agents[0].standing, source)


def systems_of(evidence: Evidence) -> Systems:
    """Return which operating systems the nodes run."""
    windows = [reading.is_windows(node) for node in evidence.nodes]
    return Systems(has_linux=not all(windows) or not windows, has_windows=any(windows))


def _option(agent: Agent, evidence: Evidence, name: str) -> str:
    """Return an option of flanneld: its flag, else FLANNELD_<NAME> (flannel, main.go)."""
    given = reading.flags(reading.words(agent.container)).get(name)
    if given is not None:
        return given
    variable = f"FLANNELD_{name.upper().replace('-', '_')}"
    return reading.env_text(agent.container, evidence, agent.workload.namespace, variable)


def _settings_of(agent: Agent, evidence: Evidence, notes: Notes) -> list[Fields]:
    """Return the net-conf.json that the agent reads, or nothing and a note why."""
    if _keeps_settings_in_etcd(agent, evidence):
        notes.doubt("flanneld runs without --kube-subnet-mgr: its settings are in etcd, which the API does not show")
        return []
    path = PurePosixPath(_option(agent, evidence, "net-config-path") or _SETTINGS_PATH)
    found: list[Fields] = []
    for config_map, secret in _sources(agent.workload, agent.container, str(path.parent)):
        name = f"{agent.workload.namespace}/{config_map or secret}".lstrip("/")
        if secret:
            notes.say(f"its settings are in Secret {name}, which is not read")
            continue
        source = reading.config_map(evidence, agent.workload.namespace, config_map)
        if source is None:
            denied = reading.is_denied(evidence, f"configmaps/{agent.workload.namespace}/{config_map}", "configmaps")
            notes.say(f"ConfigMap {name} {'may not be read' if denied else 'is not there'}")
        elif path.name in source.data or _SETTINGS_KEY in source.data:
            text = source.data.get(path.name, source.data.get(_SETTINGS_KEY, ""))
            parsed = parse_settings(text, f"ConfigMap {name}", notes)
            found += [parsed] if parsed is not None else []
    return found


def _keeps_settings_in_etcd(agent: Agent, evidence: Evidence) -> bool:
    if "flanneld" not in reading.programs(agent.container):
        return False
    return reading.truth(_option(agent, evidence, "kube-subnet-mgr")) is not True


def _sources(workload: Workload, container: Container, folder: str) -> list[tuple[str, str]]:
    """Return (ConfigMap, Secret) of the volume mounted where flanneld looks, else of every volume it mounts."""
    volumes = {volume.name: (volume.config_map, volume.secret) for volume in workload.volumes}
    mounted = [(path.rstrip("/"), volumes[name]) for name, path in container.mounts if any(volumes.get(name, ()))]
    exact = [source for path, source in mounted if path == folder]
    return list(dict.fromkeys(exact or [source for _, source in mounted]))


def parse_settings(text: str, where: str, notes: Notes) -> Fields | None:
    """Return net-conf.json as fields, or None and a note why flanneld cannot read it either."""
    value, fault = reading.parse_json(text)
    if fault or not isinstance(value, dict):
        notes.doubt(f"{where} {_SETTINGS_KEY} is no JSON object{f': {fault}' if fault else ''}")
        return None
    settings = Fields(value)
    if "Backend" not in settings:
        notes.say(f"{where} names no Backend, which flanneld takes as udp")
    elif settings.inner("Backend") is None:
        notes.doubt(f"{where} {_SETTINGS_KEY}: {settings.wrong[0]}")
        return None
    else:
        notes.say(f"{where} says Backend {backend_name(settings) or '(empty)'}")
    return settings


def _compare(mode: Mode, registered: Sequence[Registration], notes: Notes) -> None:
    """Hold the settings against what the running agents registered: they read their settings only when they start."""
    if not registered:
        return
    names = flannel_nodes.backends(registered)
    vnis = flannel_nodes.vnis(registered)
    expected = {overlay.vni for overlay in mode.overlays if overlay.vni is not None}
    count = reading.counted(len(registered), "node")
    if names != set(mode.backend.split("+")):
        notes.doubt(f"annotations of {count} say {reading.some(sorted(names))}: flanneld may not have been restarted")
    elif vnis and expected and not vnis <= expected:
        listed = reading.some(map(str, sorted(vnis)))
        notes.doubt(f"annotations of {count} say VNI {listed}: flanneld may not have been restarted")
    else:
        notes.confirm(f"annotations of {count} agree")


def _say_port(mode: Mode, notes: Notes) -> None:
    ports = [str(overlay.port) for overlay in mode.overlays if overlay.vni is not None]
    if ports:
        notes.say(f"the UDP port is not annotated: flannel's default {'+'.join(dict.fromkeys(ports))} is assumed")


def _judge_k3s(evidence: Evidence) -> CniFinding | None:
    """Return the flannel inside k3s: no DaemonSet, no ConfigMap, only annotations on the Nodes."""
    k3s = k3s_of(evidence.nodes)
    if k3s is None or k3s.is_off or _is_another_up(evidence):
        return None
    registered = flannel_nodes.registrations(evidence.nodes, flannel_nodes.DEFAULT_PREFIX)
    if not registered and not k3s.has_server:
        return None
    notes = Notes()
    notes.say(f"k3s runs flannel inside its agent on {reading.counted(k3s.nodes, 'node')}")
    mode, source, standing = _k3s_mode(k3s, registered, evidence, notes)
    if k3s.option == "tailscale":
        notes.say("k3s hands Pod packets to Tailscale, which encrypts them with WireGuard")
        mode = Mode("extension", NetworkType.OVERLAY, encryption="wireguard")
    if k3s.has_own_settings:
        notes.doubt("k3s runs with --flannel-conf, a file that the API does not show: port and VNI may differ")
    ranges = k3s.ranges or ranges_of_k3s(reading.node_ranges(evidence.nodes))
    return conclude(Identity(PLUGIN, pod_cidrs=ranges), mode, notes, standing, source)


def _k3s_mode(
    k3s: K3s, registered: Sequence[Registration], evidence: Evidence, notes: Notes
) -> tuple[Mode, Source, Standing]:
    if not registered:
        given = f"--flannel-backend={k3s.option}" if k3s.option else "no --flannel-backend, which means vxlan"
        notes.say(f"a k3s server was started with {given}")
        settings = Fields({"Backend": {"Type": k3s.backend}})
        return mode_of(settings, systems_of(evidence), notes), Source.DEFAULTS, Standing.DECLARED
    mode = flannel_nodes.modes_of(registered, notes)
    _say_port(mode, notes)
    if k3s.has_server and k3s.backend in flannel_nodes.backends(registered):
        notes.confirm(f"a k3s server was started with flannel backend {k3s.option or 'vxlan (the default)'}")
    elif k3s.has_server:
        notes.doubt(f"a k3s server was started with flannel backend {k3s.option or 'vxlan (the default)'}")
    is_live = k3s.has_server and any(each.is_ready for each in registered)
    return mode, Source.NODES, Standing.LIVE if is_live else Standing.DECLARED


def _is_another_up(evidence: Evidence) -> bool:
    """Whether the Nodes say that another plugin brought their network up."""
    reasons = {node.network_reason for node in evidence.nodes if node.network_reason.endswith("IsUp")}
    return bool(reasons) and _REASON not in reasons


def _judge_nodes(evidence: Evidence) -> CniFinding | None:
    """Return flannel by its annotations, unless a readable ConfigMap shows that they are Canal's."""
    return None if canal_settings(evidence) else judge_nodes(PLUGIN, evidence)


def canal_settings(evidence: Evidence) -> bool:
    """Whether DaemonSets may not be read, but a ConfigMap with Canal's settings may."""
    if found_agents.may_read_daemon_sets(evidence):
        return False
    return any(each.name.endswith("canal-config") for each in evidence.config_maps)


def judge_nodes(plugin: str, evidence: Evidence) -> CniFinding | None:
    """Return a finding on annotations, where the DaemonSets may not be read, are not given or leave it open."""
    if k3s_of(evidence.nodes) is not None or _is_another_up(evidence):
        return None
    registered = flannel_nodes.registrations(evidence.nodes, flannel_nodes.DEFAULT_PREFIX)
    is_up = any(node.network_reason == _REASON for node in evidence.nodes)
    is_readable = found_agents.may_read_daemon_sets(evidence)
    if not registered or (is_readable and evidence.daemon_sets and not is_up):
        return None
    notes = Notes()
    settings = [] if is_readable else _well_known_settings(registered, evidence, notes)
    if settings:
        mode = mode_of(settings[0], systems_of(evidence), notes)
        _compare(mode, registered, notes)
    else:
        mode = flannel_nodes.modes_of(registered, notes)
        _say_port(mode, notes)
    if is_up:
        notes.confirm("the Nodes' NetworkUnavailable condition says FlannelIsUp")
    notes.say("no DaemonSet that runs flanneld is known" if is_readable else "DaemonSets may not be read")
    ranges = ranges_of(settings[0]) if settings else ()
    who = Identity(plugin, pod_cidrs=ranges or reading.node_ranges(evidence.nodes))
    return conclude(who, mode, notes, Standing.ABSENT, Source.SETTINGS if settings else Source.NODES)


def _well_known_settings(registered: Sequence[Registration], evidence: Evidence, notes: Notes) -> list[Fields]:
    """Return the one net-conf.json at hand that says what the Nodes registered; nothing where there are several."""
    found = []
    for source in evidence.config_maps:
        value, _ = reading.parse_json(source.data.get(_SETTINGS_KEY, "null"))
        if isinstance(value, dict) and {backend_name(Fields(value))} == flannel_nodes.backends(registered):
            found.append((Fields(value), f"ConfigMap {source.namespace}/{source.name}"))
    if len(found) != 1:
        return []
    notes.say(f"{found[0][1]} says Backend {backend_name(found[0][0])}, as the Nodes do")
    return [found[0][0]]


def _judge_settings_alone(evidence: Evidence) -> CniFinding | None:
    """Return a finding on a net-conf.json given as a file with neither Nodes nor DaemonSets beside it."""
    if evidence.nodes or evidence.daemon_sets:
        return None
    notes = Notes()
    for source in evidence.config_maps:
        if _SETTINGS_KEY not in source.data or source.name.endswith("canal-config"):
            continue
        settings = parse_settings(source.data[_SETTINGS_KEY], f"ConfigMap {source.namespace}/{source.name}", notes)
        if settings is None:
            continue
        ranges = ranges_of(settings)
        mode = mode_of(settings, Systems(), notes)
        notes.say("no DaemonSet that runs flanneld is known")
        return conclude(Identity(PLUGIN, pod_cidrs=ranges), mode, notes, Standing.ABSENT, Source.DEFAULTS)
    return None
