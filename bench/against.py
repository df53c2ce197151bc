"""The packet core beside bare loops that do the least, and beside other programs that make flow records."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench import captures, table
from bench.captures import Made
from bench.checks import OVERLAYS, check, rate
from bench.peers import Peer, peers
from bench.run import Run, RunFailedError, in_turn, median, ratio, replay, run
from bench.sizes import Sizes


def against_yardstick(kind: str, sizes: Sizes) -> None:
    """Print podwire's rate next to the bare loops', over the same file.

    Wall time is what a user waits; CPU time, less that of the same command over a capture of two connections, says
    more where something else uses the machine too.
    """
    made = captures.make(*sizes.words("--kind", kind))
    tiny = captures.make("--packets", "30", "--connections", "2", "--at-a-time", "2", "--kind", kind)
    yardstick = str(captures.yardstick())
    commands = {
        "bare walk over record headers": [yardstick, "walk", made.name],
        "bare parse and table": [yardstick, "table", made.name],
        "podwire replay": replay(*OVERLAYS[kind], made.name),
        "podwire replay, two threads": replay(*OVERLAYS[kind], made.name, threads=2),
        "its start alone": replay(*OVERLAYS[kind], tiny.name),
    }
    runs = in_turn(commands, sizes.rounds)
    start_s = median(runs.pop("its start alone"), lambda one: one.cpu_s)
    check(runs["podwire replay"] + runs["podwire replay, two threads"], made)
    table.heading(
        f"Reading {kind} packets ({made.packets:,} packets, {made.connections:,} connections, "
        f"{sizes.at_a_time:,} at a time, cut at 128 bytes)"
    )
    bare = runs["bare parse and table"]
    rows = []
    for name, each in runs.items():
        off_s = start_s if name.startswith("podwire") else 0.0
        busy = [made.packets / (one.cpu_s - off_s) for one in each]
        shares = [mine * one.cpu_s / made.packets for mine, one in zip(busy, bare, strict=True)]
        rows.append(
            (
                name,
                table.millions(median(each, rate)),
                table.millions(max(rate(one) for one in each)),
                f"{ratio(each, bare, rate):.2f}",
                table.millions(statistics.median(busy)),
                f"{statistics.median(shares):.2f}",
                f"{median(each, lambda one: one.wall_s):.2f}",
            )
        )
    columns = ("what", "packets/s", "best", "of bare table", "a CPU second", "of bare table", "process s")
    table.show(columns, rows)
    table.commands(commands.values())


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
                        first = _try(peer, made)
                    except RunFailedError as reason:
                        failed.append(f"{peer.name} could not be measured: {reason}")
                        continue
                    rows.append(_beside(peer, first, made, sizes))
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


def _try(peer: Peer, made: Made) -> Run:
    """Run a peer, and see that it did the work."""
    done = run(peer.command)
    seen = peer.packets(done)
    if seen != made.packets:
        msg = f"{peer.name} saw {seen} packets of {made.packets}"
        raise RunFailedError(msg)
    return done


def _beside(peer: Peer, first: Run, made: Made, sizes: Sizes) -> tuple[str, ...]:
    theirs: list[Run] = []
    ours: list[Run] = []
    for _ in range(min(sizes.rounds, 3)):
        theirs.append(_try(peer, made) if theirs else first)
        ours.append(run(replay(made.name)))
    check(ours, made)
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
