"""What several threads gain on one capture: rate and CPU time, one and more threads in turn."""

from __future__ import annotations

import os
import resource
from statistics import median

from bench import captures, table
from bench.sizes import Sizes
from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay

Run = tuple[float, float]
"""Seconds of wall time and of CPU time for a packet."""


def main(sizes: Sizes) -> None:
    """Print a table for plain traffic and for VXLAN."""
    counts = sorted({1, 2, min(4, os.cpu_count() or 1)})
    for kind in ("plain", "vxlan"):
        made = captures.make(*sizes.words("--kind", kind))
        runs: dict[int, list[Run]] = {count: [] for count in counts}
        for _ in range(sizes.rounds):
            for count in counts:
                runs[count].append(_run(made.name, count))
        alone = min(wall for wall, _ in runs[1])
        table.heading(f"Threads, {kind}: {made.packets:,} packets, {made.connections:,} connections")
        table.show(
            ("threads", "best rate, packets/s", "median rate", "of one thread's best", "CPU ns a packet"),
            [_row(count, runs[count], alone) for count in counts],
        )


def _row(count: int, runs: list[Run], alone: float) -> tuple[str, ...]:
    best, middle = min(wall for wall, _ in runs), median(wall for wall, _ in runs)
    cpu = min(cpu for _, cpu in runs)
    rates = table.millions(1 / best), table.millions(1 / middle)
    return (str(count), *rates, f"{alone / best:.2f}", f"{cpu * 1e9:.0f}")


def _run(path: str, threads: int) -> Run:
    capture = Capture(threads=threads)
    try:
        capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=4789), 0)])
        before = _cpu_s()
        summary = capture.read_files([path])
        return summary.seconds / summary.packets, (_cpu_s() - before) / summary.packets
    finally:
        capture.close()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
