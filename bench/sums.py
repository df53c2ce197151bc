"""Sums over a million open connections, as the console asks for them: from the packet core to the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bench import captures, table
from bench.sizes import Sizes
from podwire.capture import Capture
from podwire.catalog import NOUNS
from podwire.engine.parts import Parts
from podwire.replay.answers import make_commands
from podwire.support.clock import FixedClock

_QUESTIONS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("traffic", [("by", "pod")]),
    ("traffic", [("by", "service")]),
    ("connection-stats", [("sort-desc", "total-bytes"), ("limit-output", "10")]),
    ("connection-stats", [("by", "port")]),
    ("client-server-stats", [("sort-desc", "connections"), ("limit-output", "10")]),
    ("connection-latency", []),
    ("connection", [("since-start", "true"), ("sort-desc", "latency"), ("limit-output", "10")]),
    ("connection", [("sort-asc", "src-ip"), ("limit-output", "10")]),
    ("connection", [("sum-by", "dst-port"), ("sort-desc", "total-bytes")]),
    ("connection", [("count-output-sum", "true"), ("limit-output", "10")]),
)
_TRIES = 3


def main(sizes: Sizes) -> None:
    """Read a capture with that many open connections and ask each question some times; the best time counts."""
    connections = sizes.live[-1] if sizes.live[-1] <= 1_000_000 else 1_000_000
    table.heading("Sums over open connections")
    words = ("--packets", str(7 * connections), "--connections", str(connections), "--at-a-time", str(connections))
    made = captures.make("--kind", "plain", *words)
    capture = Capture(max_memory_bytes=2 << 30, keeps_ended=True)
    capture.set_collecting(True)
    capture.read_files([made.name])
    clock = FixedClock(capture.last_packet_ns())
    commands = make_commands(Parts(capture=capture, clock=clock))
    held = capture.counters()["connections"]
    nouns = {noun.name: noun for noun in NOUNS}
    rows = []
    for name, params in _QUESTIONS:
        seconds, spent = [], []
        for _ in range(_TRIES):
            begun, before = time.perf_counter(), time.process_time()
            answer = asyncio.run(commands.show(nouns[name], params))
            seconds.append(time.perf_counter() - begun)
            spent.append(time.process_time() - before)
        asked = " ".join([f"{name}-show", *(f"{option} {text}" for option, text in params)])
        rows.append((asked, f"{len(answer.as_rows())}", f"{min(seconds):.2f} s", f"{min(spent):.2f} s"))
    capture.close()
    table.show(("question", "rows", "best of three", "CPU"), rows)
    table.note(f"{held} connections in the table.")
