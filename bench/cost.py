"""What packets, tunnels and connections cost: how the rate changes with them, and what memory they take."""

from __future__ import annotations

import sys
from dataclasses import replace

from bench import captures, table
from bench.checks import OVERLAYS, check, rate
from bench.run import Run, RunFailedError, in_turn, median, ratio, replay, run
from bench.sizes import Sizes


def stages(sizes: Sizes) -> None:
    """Print where the time of a packet goes: the core without Python, as far as one stage each."""
    table.heading("Stage by stage (the core alone; each line does what the lines above it do, and more)")
    rows = []
    for kind, port in (("plain", ()), ("vxlan", ("4789",))):
        made = captures.make(*sizes.words("--kind", kind))
        commands = {name: [str(captures.stages()), name, made.name, *port] for name in ("read", "parse", "track")}
        runs = in_turn(commands, sizes.rounds)
        before_ns = 0.0
        for name, each in runs.items():
            nanoseconds = median(each, lambda one: one.cpu_s) / made.packets * 1e9
            rows.append((f"{kind}: {name}", f"{nanoseconds:.0f}", f"{nanoseconds - before_ns:.0f}"))
            before_ns = nanoseconds
    table.show(("up to", "CPU ns a packet", "more than before"), rows)


def tunnels(sizes: Sizes) -> None:
    """Print the rate by tunnel, and by the share of IPv6 in it."""
    fifth = replace(sizes, packets=sizes.packets // 5, connections=sizes.connections // 5)
    cases = {
        f"{kind}, {share:.0%} IPv6": (
            OVERLAYS[kind],
            captures.make(*fifth.words("--kind", kind, "--ipv6", str(share), "--snap", "160")),
        )
        for kind in OVERLAYS
        for share in (0.0, 1.0)
    }
    table.heading("By tunnel and address family (cut at 160 bytes: IPv6 in Geneve does not fit 128)")
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
        check(each, cases[name][1])
        share = ratio(each, next(iter(runs.values())), rate)
        rows.append((name, table.millions(median(each, rate)), f"{share:.2f}"))
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
        captures.forget([made])
        check(runs["ours"], made)
        ours, bare = median(runs["ours"], rate), median(runs["bare"], rate)
        share = ratio(runs["ours"], runs["bare"], rate)
        nanoseconds = f"{1e9 / ours:.0f}"
        rows.append(
            (
                f"{packets:,}",
                f"{connections:,}",
                table.millions(ours),
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
        fewest = 0.0
        for live in sizes.live:
            made = _all_open(live, share)
            runs = [run(reader(made.name)) for _ in range(sizes.rounds)]
            fewest = fewest or max(map(_reading_rate, runs))
            rows.append(_memory_row(family, live, runs, fewest))
            if live > 1_000_000:
                captures.forget([made])
    columns = (
        "addresses",
        "open connections",
        "bytes each",
        "by its counter",
        "MiB in all",
        "packets/s, opening included",
        "best",
        f"of the best of {sizes.live[0]:,}",
    )
    table.show(columns, rows)
    table.commands([reader("CAPTURE")])


def _all_open(live: int, share_v6: str) -> captures.Made:
    words = ("--packets", str(live * 5), "--connections", str(live), "--at-a-time", str(live), "--ipv6", share_v6)
    return captures.make(*words, "--uniform", "--stay-open", "--refused", "0")


def _memory_row(family: str, live: int, runs: list[Run], fewest: float) -> tuple[str, ...]:
    for done in runs:
        if int(done.number("live")) != live:
            msg = f"{done.number('live'):.0f} of {live} connections are open"
            raise RunFailedError(msg)
    resident = median(runs, lambda one: one.number("resident_bytes"))
    counted = median(runs, lambda one: one.number("table_bytes"))
    # The fastest runs are compared: reading few takes hundredths of a second, which anything disturbs.
    best = max(map(_reading_rate, runs))
    return (
        family,
        f"{live:,}",
        f"{resident / live:.0f}",
        f"{counted / live:.0f}",
        f"{resident / 2**20:.0f}",
        table.millions(median(runs, _reading_rate)),
        table.millions(best),
        f"{best / fewest:.2f}",
    )


def _reading_rate(done: Run) -> float:
    return done.number("packets") / done.number("read_seconds")


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
            rows.append((f"{kind}, {mode}", table.millions(median(each, rate)), f"{seconds:.2f}", f"{per_million:.3f}"))
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
