"""The run: read the captures, then let the commands answer from what they held."""

from __future__ import annotations

import sys

from podwire.capture import BY_PROTOCOL, Capture, ReadSummary
from podwire.cli.execute import execute
from podwire.engine.parts import Parts
from podwire.inprocess import InProcessTransport
from podwire.model.overlays import Overlay
from podwire.replay import bar
from podwire.replay.answers import make_commands
from podwire.replay.plan import CLUSTER, Plan, read_words
from podwire.settings.serve import ServeSettings
from podwire.support.clock import FixedClock

_KINDS = {4789: "vxlan", 8472: "vxlan", 6081: "geneve"} | dict.fromkeys((51820, 51821, 51871), "wireguard")
"""What is behind the well-known ports of tunnels."""

USAGE = f"""\
usage: podwire replay CAPTURE… [OPTION…] [COMMAND …]

  CAPTURE                    pcap or pcapng, also packed with gzip or Zstandard; a file, a named pipe, or - for
                             standard input; several are merged by time
  --overlay KIND:PORT[:VNI]  look into this tunnel: vxlan:8472, vxlan:4789:4096, geneve:6081, ipip
  --objects PATH             Kubernetes objects (YAML or JSON, a file or a folder) that give names and tunnels
  --cluster-name NAME        the name of their cluster; default: {CLUSTER}; given several times, each names the
                             cluster of the objects behind it
  --mode full|control        count every packet, or only those with SYN, FIN or RST
  --report FILE              write a page of charts about the connections too
  --threads N                read with so many threads; default: one for each idle CPU, at most 4, where captures have
                             16 MiB or more, else 1
  COMMAND …                  what to show, as in podwire cli; default: connection-show

--overlay, --objects and CAPTURE may be given several times.
"""


def run_replay(words: list[str]) -> int:
    """Read the captures and show what was asked; 1 when one of them could not be read to its end."""
    if not words:
        sys.stderr.write(USAGE)
        return 1
    plan = read_words(words)
    if plan.wants_usage:
        sys.stdout.write(USAGE)
        return 0
    request = plan.request()
    clock = FixedClock(0)
    memory = ServeSettings().connection_max_memory
    capture = Capture(mode=plan.mode, max_memory_bytes=memory, keeps_ended=True, threads=plan.reading_threads())
    parts = Parts(capture=capture, clock=clock)
    transport = InProcessTransport(make_commands(parts))
    try:
        if request.help_status is not None:
            return execute(request, transport, sys.stdout, sys.stderr)
        summary = _read(plan, parts, clock)
        status = execute(request, transport, sys.stdout, sys.stderr)
        if plan.report is not None:
            from podwire.replay import paper  # noqa: PLC0415 - only where a page is asked for

            paper.write(transport, clock, plan.report)
        _report(parts, summary)
        return 1 if summary.errors else status
    finally:
        capture.close()


def _read(plan: Plan, parts: Parts, clock: FixedClock) -> ReadSummary:
    overlays: list[tuple[Overlay, int]] = [(overlay, 0) for overlay in plan.overlays]
    if plan.objects:
        from podwire.replay import objects  # noqa: PLC0415 - the Kubernetes client takes a while to import

        overlays += objects.load(plan.objects, parts)
    parts.capture.set_collecting(True)
    left_off = [each.why for each in parts.capture.set_overlays(overlays) if each.why]
    with bar.shown(parts.capture.progress):
        summary = parts.capture.read_files(plan.captures)
    # A capture's present is its last packet: ages and time windows count from there.
    clock.set_ns(parts.capture.last_packet_ns())
    for sentence in (
        *left_off,
        *summary.errors,
        *summary.notes,
        *_pushed_out(parts),
        *_hints(parts, overlays, summary),
    ):
        sys.stderr.write(f"podwire replay: {sentence}\n")
    return summary


def _pushed_out(parts: Parts) -> list[str]:
    """Tell of connections that cannot be shown any more."""
    counters = parts.capture.counters()
    gone = sum(value for name, value in counters.items() if name.startswith("evicted"))
    if not gone:
        return []
    memory = ServeSettings().connection_max_memory >> 20
    return [f"{gone} connections were pushed out of the table, which is full with {memory} MiB: read less at a time."]


def _hints(parts: Parts, overlays: list[tuple[Overlay, int]], summary: ReadSummary) -> list[str]:
    """Name the tunnels that were not looked into because none was asked for."""
    hints = []
    if summary.tunnel_ports and not overlays:
        ports = ", ".join(map(str, summary.tunnel_ports))
        advice = " ".join(f"--overlay {_KINDS[port]}:{port}" for port in summary.tunnel_ports)
        hints.append(f"There is UDP to port {ports}, where tunnels of Pods are: look into them with {advice}.")
    counters = parts.capture.counters()
    if strangers := counters.get("unknown-vni", 0):
        advice = "leave the identifier out of --overlay to look into all of them"
        hints.append(f"{strangers} packets are in tunnels with another network identifier: {advice}.")
    packets = counters.get("unsupported-tunnel", 0)
    if packets and not any(overlay.kind in BY_PROTOCOL for overlay, _ in overlays):
        advice = "look into them with --overlay ipip --overlay gre"
        hints.append(f"{packets} packets are in tunnels of IP in IP or GRE: {advice}.")
    return hints


def _report(parts: Parts, summary: ReadSummary) -> None:
    counters = parts.capture.counters()
    dropped = sum(value for name, value in counters.items() if name.startswith(("truncated", "malformed", "evicted")))
    rate = summary.packets / summary.seconds if summary.seconds else 0.0
    sys.stderr.write(
        f"packets={summary.packets} connections={counters.get('created', 0)} dropped={dropped} "
        f"seconds={summary.seconds:.3f} rate={rate:.0f}\n"
    )
