"""Felix's settings as they take effect: environment, then FelixConfiguration `node.<name>`, by selector, `default`.

Source: calico, felix/config/config_params.go (the order of sources; a value that cannot be parsed is replaced with the
default, `none` with zero) and env_var_loader.go. The environment beats every object (calico#10692).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from podwire.cni import reading
from podwire.cni.agents import Agent
from podwire.cni.calico_installation import installation_of
from podwire.cni.notes import Notes
from podwire.cni.selectors import calico_selects
from podwire.model.evidence import CustomObject, Evidence, Node
from podwire.model.overlays import MAX_VNI, Encapsulation, Overlay

RESOURCES = ("felixconfigurations.crd.projectcalico.org", "felixconfigurations.projectcalico.org")
EBPF_VNI = 0xCA11C0
"""The VNI in which the eBPF dataplane sends NodePort traffic on to another node (calico, felix/bpf-gpl/nat.h)."""
WIREGUARD_KEYS = ("projectcalico.org/WireguardPublicKey", "projectcalico.org/WireguardPublicKeyV6")
"""Where a node announces that it can encrypt."""
MAX_PORT = 65535

_NUMBERS = {
    "vxlanPort": (4789, MAX_PORT),
    "vxlanVNI": (4096, MAX_VNI),
    "wireguardListeningPort": (51820, MAX_PORT),
    "wireguardListeningPortV6": (51821, MAX_PORT),
}
_FLAGS = ("bpfEnabled", "wireguardEnabled", "wireguardEnabledV6", "vxlanEnabled", "ipipEnabled")
_NAMES = (*_NUMBERS, *_FLAGS)
_NONE = "none"
_ENVIRONMENT_NAMES = {"ipipEnabled": "IpInIpEnabled"}


class Felix(Struct, frozen=True):
    """What Felix does on a group of nodes."""

    vxlan_port: int = 4789
    vxlan_vni: int = 4096
    wireguard_port: int = 51820
    wireguard_port_v6: int = 51821
    has_bpf: bool = False
    has_wireguard: bool = False
    has_wireguard_v6: bool = False
    vxlan_enabled: bool | None = None
    ipip_enabled: bool | None = None

    @property
    def vxlan(self) -> Overlay:
        """The tunnel of VXLAN pools."""
        return Overlay(Encapsulation.VXLAN, self.vxlan_port, self.vxlan_vni)

    @property
    def extras(self) -> tuple[Overlay, ...]:
        """The tunnel that the eBPF dataplane adds, whatever the pools say."""
        return (Overlay(Encapsulation.VXLAN, self.vxlan_port, EBPF_VNI),) if self.has_bpf else ()


Layer = tuple[dict[str, object], str]


def felix_of(evidence: Evidence, agents: Sequence[Agent], notes: Notes) -> tuple[Felix, ...]:
    """Return each set of settings that is in effect on some node, the cluster's own first."""
    by_name = {each.name: each for each in _configurations(evidence)}
    environment = _environment(evidence, agents)
    default = by_name.pop("default", None)
    base = [environment, *([_layer(default)] if default is not None else [])]
    if reading.word(reading.dig(installation_of(evidence), "calicoNetwork", "linuxDataplane")) == "bpf":
        base.append(({"bpfEnabled": True}, "Installation default"))
    nodes = {node.name for node in evidence.nodes}
    own = {name: each for name, each in by_name.items() if name.startswith("node.") and _is_about_us(each)}
    for name in sorted(own):
        if nodes and name.removeprefix("node.") not in nodes:
            notes.say(f"ignored: FelixConfiguration {name} is of no known node")
            del own[name]
    selected = [each for _, each in sorted(by_name.items()) if _may_select(each, evidence, notes)]
    covered = {name.removeprefix("node.") for name in own}
    covered |= {node.name for each in selected for node in evidence.nodes if _selects(each, node)}
    views = [] if nodes and nodes <= covered else [_resolve(base, notes)]
    for each in [*(own[name] for name in sorted(own)), *selected]:
        notes.say(f"FelixConfiguration {each.name} has settings of its own for some nodes")
        views.append(_resolve([environment, _layer(each), *base[1:]], notes))
    return tuple(dict.fromkeys(views))


def felix_on(node: Node, evidence: Evidence, agents: Sequence[Agent]) -> Felix:
    """Return the settings that are in effect on one node."""
    by_name = {each.name: each for each in _configurations(evidence)}
    mine = by_name.get(f"node.{node.name}")
    selected = [each for _, each in sorted(by_name.items()) if each.spec.get("nodeSelector") and _selects(each, node)]
    layers = [_environment(evidence, agents)]
    layers += [_layer(each) for each in (mine, *selected[:1], by_name.get("default")) if each is not None]
    if reading.word(reading.dig(installation_of(evidence), "calicoNetwork", "linuxDataplane")) == "bpf":
        layers.append(({"bpfEnabled": True}, "Installation default"))
    return _resolve(layers, Notes())


def _may_select(each: CustomObject, evidence: Evidence, notes: Notes) -> bool:
    """Whether a configuration has a selector that some known node may meet."""
    selector = each.spec.get("nodeSelector")
    if not selector or not _is_about_us(each):
        return False
    answers = [calico_selects(selector, node.labels) for node in evidence.nodes]
    if answers and not any(answer is not False for answer in answers):
        notes.say(f"ignored: FelixConfiguration {each.name} selects no known node")
        return False
    return True


def _selects(each: CustomObject, node: Node) -> bool:
    return calico_selects(each.spec.get("nodeSelector"), node.labels) is True


def _configurations(evidence: Evidence) -> list[CustomObject]:
    """Return the FelixConfigurations of the API group that Calico reads: v1 where it is there, else native v3."""
    for resource in RESOURCES:
        found = [each for each in evidence.custom if each.resource == resource]
        if found:
            return found
    return []


def _is_about_us(each: CustomObject) -> bool:
    return any(name in each.spec for name in _NAMES)


def _layer(each: CustomObject) -> Layer:
    return each.spec, f"FelixConfiguration {each.name}"


def _environment(evidence: Evidence, agents: Sequence[Agent]) -> Layer:
    found: dict[str, object] = {}
    for agent in agents[:1]:
        for name in _NAMES:
            variable = f"FELIX_{_ENVIRONMENT_NAMES.get(name, name)}"
            value = reading.env(agent.container, evidence, agent.workload.namespace, variable)
            if value is not None and value.text is not None:
                found[name] = value.text
    return found, f"the environment of {agents[0].title}" if agents else ""


def _resolve(layers: Sequence[Layer], notes: Notes) -> Felix:
    numbers = {name: _number(name, layers, notes) for name in _NUMBERS}
    flags = {name: _flag(name, layers, notes) for name in _FLAGS}
    return Felix(
        vxlan_port=numbers["vxlanPort"],
        vxlan_vni=numbers["vxlanVNI"],
        wireguard_port=numbers["wireguardListeningPort"],
        wireguard_port_v6=numbers["wireguardListeningPortV6"],
        has_bpf=bool(flags["bpfEnabled"]),
        has_wireguard=bool(flags["wireguardEnabled"]),
        has_wireguard_v6=bool(flags["wireguardEnabledV6"]),
        vxlan_enabled=flags["vxlanEnabled"],
        ipip_enabled=flags["ipipEnabled"],
    )


def _strongest(name: str, layers: Sequence[Layer], notes: Notes) -> tuple[object, str]:
    """Return the value that wins and where it stands; note what it beats."""
    given = [(values[name], where) for values, where in layers if values.get(name) is not None]
    if not given:
        return None, ""
    value, where = given[0]
    for beaten, elsewhere in given[1:]:
        if _text(beaten) != _text(value):
            notes.say(f"ignored: {elsewhere} says {name} {_text(beaten)}, which {where} beats")
    return value, where


def _text(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else reading.json_text(value)


def _number(name: str, layers: Sequence[Layer], notes: Notes) -> int:
    default, most = _NUMBERS[name]
    value, where = _strongest(name, layers, notes)
    if value is None:
        return default
    number = reading.whole(_text(value)) if not isinstance(value, bool) else None
    if number is None or not 0 < number <= most:
        notes.doubt(f"{where} says {name} {_text(value)[:40]}, which Felix replaces with {default}")
        return default
    if number != default:
        notes.say(f"{where} says {name} {number}")
    return number


def _flag(name: str, layers: Sequence[Layer], notes: Notes) -> bool | None:
    value, where = _strongest(name, layers, notes)
    if value is None or _text(value) == _NONE:
        return None
    flag = reading.truth(_text(value))
    if flag is None:
        notes.doubt(f"{where} says {name} {_text(value)[:40]}, which is neither true nor false")
    else:
        notes.say(f"{where} says {name} {_text(value)}")
    return flag


def wireguard_overlays(views: Sequence[Felix]) -> tuple[Overlay, ...]:
    """Return the WireGuard tunnels that the settings switch on."""
    ports = [view.wireguard_port for view in views if view.has_wireguard]
    ports += [view.wireguard_port_v6 for view in views if view.has_wireguard_v6]
    return tuple(Overlay(Encapsulation.WIREGUARD, port) for port in dict.fromkeys(ports))
