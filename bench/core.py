"""How fast the packet core reads captures, against bare loops and other programs, and what a connection costs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import captures, table
from bench.captures import Made
from bench.peers import Peer, peers
from bench.run import Run, RunFailedError, in_turn, median, ratio, replay, run
from bench.sizes import Sizes

OVERLAYS: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "vxlan": ("--overlay", "vxlan:4789"),
    "geneve": ("--overlay", "geneve:6081"),
    "ipip": ("--overlay", "ipip"),
}


def main(sizes: Sizes) -> None:
    """Print every table."""
    for kind in ("plain", "vxlan"):
        against_yardstick(kind, sizes)
    against_peers(sizes)
    other_tunnels(sizes)
    growth(sizes)
    memory(sizes)
    modes(sizes)
    openings(sizes)


def _rate(each: Run) -> float:
    return each.number("rate")


def _check(runs: list[Run], made: Made) -> None:
    """See that podwire read all packets and found all connections."""
    for each in runs:
        found = (int(each.number("packets")), int(each.number("connections")), int(each.number("dropped")))
        if found != (made.packets, made.connections, 0):
            msg = f"podwire found {found} packets, connections and drops in {made}"
            raise RunFailedError(msg)


def against_yardstick(kind: str, sizes: Sizes) -> None:
    """Print podwire's rate next to the bare loops', over the same file."""
    made = captures.make(*sizes.words("--kind", kind))
    yardstick = str(captures.yardstick())
    ours = replay(*OVERLAYS[kind], made.name)
    loops = {
        "bare walk over record headers": [yardstick, "walk", made.name],
        "bare parse and table": [yardstick, "table", made.name],
        "podwire replay": ours,
    }
    runs = in_turn(loops, sizes.rounds)
    _check(runs["podwire replay"], made)
    table.heading(
        f"Reading {kind} packets ({made.packets:,} packets, {made.connections:,} connections, "
        f"{sizes.at_a_time:,} at a time, cut at 128 bytes)"
    )
    rows = []
    for name, each in runs.items():
        rates = [_rate(one) for one in each]
        share = ratio(each, runs["bare parse and table"], _rate)
        rows.append(
            (
                name,
                table.millions(median(each, _rate)),
                table.millions(max(rates)),
                f"{share:.2f}",
                f"{median(each, lambda one: one.wall_s):.2f}",
                f"{median(each, lambda one: one.cpu_s):.2f}",
            )
        )
    columns = ("what", "packets/s, median", "best", "of bare parse and table", "process s", "CPU s")
    table.show(columns, rows)
    table.commands(loops.values())


def against_peers(sizes: Sizes) -> None:
    """Print podwire's time next to other programs', as whole processes in turn, over the same file."""
    large = captures.make(*sizes.words())
    small = captures.make(
        "--packets", str(sizes.slow_packets), "--connections", str(sizes.slow_packets // 50), "--at-a-time", "2000"
    )
    table.heading("Other programs that make flow records of the plain capture, as whole processes in turn")
    rows: list[tuple[str, ...]] = []
    failed: list[str] = []
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for is_slow, made in ((False, large), (True, small)):
            with peers(made.path, Path(folder)) as found:
                for peer in (each for each in found if each.is_slow == is_slow):
                    lines.append(peer.command)
                    try:
                        rows.append(_beside(peer, made, sizes))
                    except RunFailedError as reason:
                        failed.append(f"{peer.name} could not be measured: {reason}")
    for sentence in failed:
        table.note(sentence)
    if not lines:
        table.note("None is installed: `--install-peers` installs them.")
        return
    columns = (
        "program",
        "packets",
        "its CPU s",
        "podwire's CPU s",
        "CPU ratio",
        "its wall s",
        "podwire's",
        "wall ratio",
    )
    table.show(columns, rows)
    table.commands([replay(large.name), *lines])


def _beside(peer: Peer, made: Made, sizes: Sizes) -> tuple[str, ...]:
    theirs: list[Run] = []
    ours: list[Run] = []
    for _ in range(min(sizes.rounds, 3)):
        theirs.append(run(peer.command))
        seen = peer.packets(theirs[-1])
        if seen != made.packets:
            msg = f"{peer.name} saw {seen} packets of {made.packets}"
            raise RunFailedError(msg)
        ours.append(run(replay(made.name)))
    _check(ours, made)
    return (
        f"{peer.name}: {peer.does}",
        f"{made.packets:,}",
        f"{median(theirs, lambda one: one.cpu_s):.2f}",
        f"{median(ours, lambda one: one.cpu_s):.2f}",
        f"{ratio(theirs, ours, lambda one: one.cpu_s):.1f}",
        f"{median(theirs, lambda one: one.wall_s):.2f}",
        f"{median(ours, lambda one: one.wall_s):.2f}",
        f"{ratio(theirs, ours, lambda one: one.wall_s):.1f}",
    )


def other_tunnels(sizes: Sizes) -> None:
    """Print the rate by tunnel, and by the share of IPv6 in it."""
    cases = {
        f"{kind}, {share:.0%} IPv6": (OVERLAYS[kind], captures.make(*sizes.words("--kind", kind, "--ipv6", str(share))))
        for kind in OVERLAYS
        for share in (0.0, 1.0)
    }
    table.heading("By tunnel and address family")
    commands = {name: replay(*overlay, made.name) for name, (overlay, made) in cases.items()}
    rows = []
    taken = {}
    for name, command in commands.items():
        try:
            run(command)
            taken[name] = command
        except RunFailedError:
            rows.append((name, "not read by this version", ""))
    runs = in_turn(taken, sizes.rounds)
    for name, each in runs.items():
        _check(each, cases[name][1])
        share = ratio(each, next(iter(runs.values())), _rate)
        rows.append((name, table.millions(median(each, _rate)), f"{share:.2f}"))
    table.show(("frames", "packets/s", "of the first line"), rows)
    table.commands(taken.values())


def growth(sizes: Sizes) -> None:
    """Print how the rate depends on how many packets and connections there are."""
    table.heading(
        "As packets and connections grow (connections of equal length, so that no few of them stay in caches)"
    )
    rows = []
    tenth, whole, most = sizes.packets // 10, sizes.packets, sizes.connections
    steps = ((tenth, most // 100), (whole, most // 100), (whole, most // 10), (whole, most), (whole, whole // 10))
    for packets, connections in steps:
        words = ("--packets", str(packets), "--connections", str(connections), "--at-a-time", str(connections))
        made = captures.make(*words, "--uniform", "--stay-open", "--refused", "0")
        commands = {
            "ours": replay(made.name),
            "bare": [str(captures.yardstick()), "table", made.name],
        }
        runs = in_turn(commands, min(sizes.rounds, 3))
        _check(runs["ours"], made)
        rate, bare = median(runs["ours"], _rate), median(runs["bare"], _rate)
        share = ratio(runs["ours"], runs["bare"], _rate)
        nanoseconds = f"{1e9 / rate:.0f}"
        rows.append(
            (
                f"{packets:,}",
                f"{connections:,}",
                table.millions(rate),
                nanoseconds,
                table.millions(bare),
                f"{share:.2f}",
            )
        )
    columns = ("packets", "connections, all open", "packets/s", "ns a packet", "bare parse and table", "ratio")
    table.show(columns, rows)


def memory(sizes: Sizes) -> None:
    """Print what an open connection takes, by the process's resident memory and by podwire's own counter."""
    table.heading("Memory of open connections (growth of the process, no command line in it)")
    rows = []
    for family, share in (("IPv4", "0"), ("IPv6", "1")):
        for live in sizes.live:
            words = ("--packets", str(live * 5), "--connections", str(live), "--at-a-time", str(live), "--ipv6", share)
            made = captures.make(*words, "--uniform", "--stay-open", "--refused", "0")
            rows.append(_memory_row(family, live, run(reader(made.name))))
            if live > 1_000_000:
                captures.forget([made])
    columns = (
        "addresses",
        "open connections",
        "bytes each",
        "by its counter",
        "MiB in all",
        "packets/s, opening included",
    )
    table.show(columns, rows)
    table.commands([reader("CAPTURE")])


def _memory_row(family: str, live: int, done: Run) -> tuple[str, ...]:
    if int(done.number("live")) != live:
        msg = f"{done.number('live'):.0f} of {live} connections are open"
        raise RunFailedError(msg)
    resident, counted = done.number("resident_bytes"), done.number("table_bytes")
    rate = done.number("packets") / done.number("read_seconds")
    each = f"{resident / live:.0f}"
    return family, f"{live:,}", each, f"{counted / live:.0f}", f"{resident / 2**20:.0f}", table.millions(rate)


def reader(*words: str) -> list[str]:
    """Make the command that reads a capture without podwire's command line."""
    return [sys.executable, "-m", "bench.reader", *words]


def modes(sizes: Sizes) -> None:
    """Print what control mode saves when files are read (there the filter runs in podwire, not in the kernel)."""
    table.heading("Full and control mode over the same file")
    rows = []
    for kind in ("plain", "vxlan"):
        made = captures.make(*sizes.words("--kind", kind))
        commands = {mode: replay("--mode", mode, *OVERLAYS[kind], made.name) for mode in ("full", "control")}
        runs = in_turn(commands, min(sizes.rounds, 3))
        for mode, each in runs.items():
            seconds = median(each, lambda one: one.cpu_s)
            per_million = seconds / made.packets * 1e6
            rows.append(
                (f"{kind}, {mode}", table.millions(median(each, _rate)), f"{seconds:.2f}", f"{per_million:.3f}")
            )
    table.show(("what", "packets/s", "CPU s", "CPU s a million packets"), rows)


def openings(sizes: Sizes) -> None:
    """Print how many connections a second can be opened."""
    table.heading("New connections (control mode, no command line in it)")
    opened = sizes.opened
    short = ("--packets", str(6 * opened), "--connections", str(opened), "--at-a-time", str(sizes.at_a_time))
    flood = ("--packets", str(opened), "--connections", str(opened), "--at-a-time", str(opened), "--syn-flood", "1")
    cases = {
        "handshake and close, 6 packets each": captures.make(*short, "--refused", "0", "--reset", "0"),
        "SYN without an answer, 1 packet each": captures.make(*flood),
    }
    rows = []
    for name, made in cases.items():
        for mode in ("control", "full"):
            runs = [run(reader(made.name, "--mode", mode)) for _ in range(min(sizes.rounds, 3))]
            seconds = median(runs, lambda one: one.number("read_seconds"))
            created = runs[0].number("created")
            rows.append((f"{name}, {mode}", f"{created:,.0f}", f"{seconds:.2f}", table.millions(created / seconds)))
    table.show(("what", "opened", "seconds", "connections/s"), rows)
