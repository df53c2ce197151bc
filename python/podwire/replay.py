"""`podwire replay`: the daemon's engine and commands over capture files, without a daemon."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podwire import cni
from podwire.capture import Capture, Claim, ReadSummary
from podwire.catalog import NOUNS
from podwire.cli.grammar import parse
from podwire.cli.main import execute
from podwire.commands.capture import CaptureHandler
from podwire.commands.connection import ConnectionHandler
from podwire.commands.connection_notes import ConnectionNotes
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_cni import CniHandler
from podwire.commands.vport import VPortHandler
from podwire.engine.parts import Parts
from podwire.inprocess import InProcessTransport
from podwire.kube.offline import load_objects
from podwire.model.overlays import MAX_VNI, Encapsulation, Overlay
from podwire.model.pods import Pod
from podwire.settings.serve import ServeSettings
from podwire.support.clock import FixedClock
from podwire.support.errors import UsageError
from podwire.tables.endpoints import EndpointKind

CLUSTER = "objects"
"""The name of the cluster that `--objects` describes."""

USAGE = """\
usage: podwire replay CAPTURE… [--overlay KIND:PORT[:VNI]]… [--objects PATH]… [--mode full|control] [COMMAND …]

  CAPTURE                    a capture file; several are merged by time
  --overlay KIND:PORT[:VNI]  look into this tunnel: vxlan:8472, vxlan:4789:4096
  --objects PATH             Kubernetes objects (YAML or JSON, a file or a folder) that give names and tunnels
  --mode full|control        count every packet, or only those with SYN, FIN or RST
  COMMAND …                  what to show, as in podwire cli; default: connection-show
"""


@dataclass(slots=True)
class Plan:
    """What the words of the command ask for."""

    captures: list[str] = field(default_factory=list)
    overlays: list[Overlay] = field(default_factory=list)
    objects: list[Path] = field(default_factory=list)
    mode: str = "full"
    command: list[str] = field(default_factory=list)


def run_replay(words: list[str]) -> int:
    """Read the captures and show what was asked; 1 when a file could not be read to its end."""
    if not words or words[0] in ("-h", "--help"):
        (sys.stdout if words else sys.stderr).write(USAGE)
        return 0 if words else 1
    plan = read_words(words)
    request = parse(plan.command or ["connection-show"])
    clock = FixedClock(0)
    capture = Capture(mode=plan.mode, max_memory_bytes=ServeSettings().connection_max_memory)
    parts = Parts(capture=capture, clock=clock)
    try:
        summary = _read(plan, parts, clock)
        status = execute(request, InProcessTransport(_commands(parts)), sys.stdout, sys.stderr)
        _report(parts, summary)
        return 1 if summary.errors else status
    finally:
        capture.close()


def read_words(words: Sequence[str]) -> Plan:
    """Sort the words into captures, options and the command. Raises UsageError for what does not fit."""
    plan = Plan()
    commands = {noun.show_command for noun in NOUNS}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in commands:
            plan.command = [word, *rest]
            break
        if not word.startswith("--"):
            plan.captures.append(word)
            continue
        option, _, value = word.partition("=")
        if not value:
            if not rest:
                msg = f"{option} needs a value; see podwire replay --help."
                raise UsageError(msg)
            value = rest.pop(0)
        _take_option(plan, option, value)
    if not plan.captures:
        msg = "No capture file is named; see podwire replay --help."
        raise UsageError(msg)
    return plan


def _take_option(plan: Plan, option: str, value: str) -> None:
    if option == "--overlay":
        plan.overlays.append(parse_overlay(value))
    elif option == "--objects":
        plan.objects.append(Path(value))
    elif option == "--mode" and value in ("full", "control"):
        plan.mode = value
    elif option == "--mode":
        msg = f"--mode: '{value}' is not full or control."
        raise UsageError(msg)
    else:
        msg = f"Unknown option {option}; see podwire replay --help."
        raise UsageError(msg)


def parse_overlay(text: str) -> Overlay:
    """Read `KIND:PORT[:VNI]`. Raises UsageError with what is expected."""
    kind, _, rest = text.partition(":")
    port, _, vni = rest.partition(":")
    msg = f"--overlay: '{text}' is not KIND:PORT[:VNI], such as vxlan:8472 or vxlan:4789:4096."
    if kind != Encapsulation.VXLAN or not port.isdecimal() or not (vni == "" or vni.isdecimal()):
        raise UsageError(msg)
    if not 0 < int(port) < 1 << 16 or (vni and int(vni) > MAX_VNI):
        raise UsageError(msg)
    return Overlay(Encapsulation(kind), port=int(port), vni=int(vni) if vni else None)


def _read(plan: Plan, parts: Parts, clock: FixedClock) -> ReadSummary:
    overlays = [(overlay, 0) for overlay in plan.overlays]
    if plan.objects:
        overlays += _load(plan.objects, parts)
    parts.capture.set_collecting(True)
    parts.capture.set_overlays(overlays)
    summary = parts.capture.read_files(plan.captures)
    # A capture's present is its last packet: ages and time windows count from there.
    clock.set_ns(parts.capture.last_packet_ns())
    for error in summary.errors:
        sys.stderr.write(f"podwire replay: {error}\n")
    return summary


def _load(paths: Sequence[Path], parts: Parts) -> list[tuple[Overlay, int]]:
    """Fill the tables from the objects; return the tunnels that they tell of."""
    pods, evidence = load_objects(paths)
    number = parts.clusters.number(CLUSTER)
    parts.vports.replace(CLUSTER, pods)
    findings = cni.judge(evidence)
    parts.findings.update(CLUSTER, findings, 0)
    parts.capture.add_claims(_claims(pods, number, parts))
    return [(overlay, number) for finding in findings for overlay in finding.overlays]


def _claims(pods: Sequence[Pod], number: int, parts: Parts) -> list[Claim]:
    """Claim each Pod's addresses for the whole capture, or from the Pod's start where several had the same address."""
    holders = [pod for pod in pods if pod.holds_addresses and not pod.host_network]
    shared = Counter(address for pod in holders for address in pod.ips)
    claims = []
    for pod in holders:
        endpoint = parts.endpoints.put(
            CLUSTER, EndpointKind.POD, pod.uid, namespace=pod.namespace, name=pod.name, node=pod.node
        )
        since = pod.started_ns or pod.created_ns
        claims += [
            Claim(number, address, endpoint.number, since if shared[address] > 1 else 0, None) for address in pod.ips
        ]
    return claims


def _commands(parts: Parts) -> Commands:
    settings = ServeSettings()
    notes = ConnectionNotes(parts, None, None)
    return Commands(
        [
            CaptureHandler(parts, None),
            CniHandler(None, parts),
            ConnectionHandler(parts, notes, switch_name="switch", native_vlan=settings.native_vlan),
            VPortHandler(None, parts, switch_name="switch"),
        ],
        clock=parts.clock,
    )


def _report(parts: Parts, summary: ReadSummary) -> None:
    counters = parts.capture.counters()
    dropped = sum(value for name, value in counters.items() if name.startswith(("truncated", "malformed", "evicted")))
    rate = summary.packets / summary.seconds if summary.seconds else 0.0
    sys.stderr.write(
        f"packets={summary.packets} connections={counters.get('created', 0)} dropped={dropped} "
        f"seconds={summary.seconds:.3f} rate={rate:.0f}\n"
    )
