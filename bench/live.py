"""What reading a live interface costs, and how much it bears: frames of a capture, sent over a veth pair.

Both ends lie in network namespaces of our own. Sender and listener each have a CPU. With veth, the kernel's part of
receiving runs on the sender's CPU: it shows in what sending costs, not in what listening does.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from bench import captures, table
from bench.captures import Made
from bench.listeners import Heard, Listener, Listening, listeners
from bench.run import RunFailedError
from bench.sizes import Sizes
from bench.wire import SENDER_LINK, Wire, laid_wire

_SEARCH_STEPS = 5
_MODERATE = 200_000
"""Packets a second that every program should bear."""
_WARMING_LENGTH = 15
"""Packets a connection of what is sent before: so many connections that podwire's queue of ended ones is full."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one run of the sender came to."""

    packets: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Packets a second."""
        return self.packets / self.seconds


def main(sizes: Sizes) -> None:
    """Print both tables; says why where it may not."""
    if os.geteuid() != 0:
        table.note("Live measurements need root: network namespaces and packet sockets.")
        return
    for kind, length in (("plain", 50), ("vxlan", 50), ("plain", 500)):
        made = _capture(sizes, kind, length, seed=1)
        warming = _capture(sizes, kind, _WARMING_LENGTH, seed=2)
        with laid_wire() as wire, tempfile.TemporaryDirectory() as folder:
            _table(f"{kind}, {length} packets a connection", Bench(wire, made, warming, sizes, Path(folder)))


def _capture(sizes: Sizes, kind: str, length: int, *, seed: int) -> Made:
    words = ("--kind", kind, "--packets", str(sizes.live_frames), "--connections", str(sizes.live_frames // length))
    at_a_time = str(sizes.live_frames // length // 10)
    return captures.make(*words, "--at-a-time", at_a_time, "--segment", "64", "--seed", str(seed))


@dataclass(frozen=True, slots=True)
class Bench:
    """What all runs share."""

    wire: Wire
    made: Made
    warming: Made
    """What is sent before, so that no listener is measured while its tables grow."""
    sizes: Sizes
    folder: Path

    def send(self, rate: float | None, made: Made | None = None) -> Sent:
        """Send the capture, or another one, once, at a rate or as fast as it goes."""
        command = [str(captures.traffic()), "send", SENDER_LINK, (made or self.made).name]
        command += ["--seconds", str(self.sizes.live_seconds)]
        command += [] if rate is None else ["--rate", str(int(rate))]
        with self.wire.start_sender(command, stdout=subprocess.PIPE, text=True) as process:
            output, _ = process.communicate()
        if process.returncode:
            msg = "the sender failed"
            raise RunFailedError(msg)
        facts = json.loads(output)
        return Sent(facts["packets"], facts["seconds"], facts["cpu_seconds"])

    def hear(self, listener: Listener, rate: float | None) -> tuple[Sent, Heard]:
        """Send while a listener listens."""
        listening = Listening(self.wire, listener, self.folder / "log")
        with closing(_Ending(listening)):
            warmed = self.send(_MODERATE * 2, self.warming)
            listening.begin()
            sent = self.send(rate)
            heard = listening.stop()
            return sent, replace(heard, packets=heard.packets - warmed.packets)


class _Ending:
    """Ends a listener whatever happens."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening

    def close(self) -> None:
        self._listening.kill()


def _table(kind: str, bench: Bench) -> None:
    size = bench.made.path.stat().st_size / bench.made.packets - 16
    table.heading(f"Live, {kind}: {bench.made.packets:,} frames of {size:.0f} bytes on average over a veth pair")
    alone = bench.send(None)
    rows: list[tuple[str, ...]] = [
        ("nobody listens", "", "", _per_million(alone.cpu_s, alone), table.millions(alone.rate), "", "")
    ]
    found = listeners(bench.folder)
    rows += [_row(bench, listener) for listener in found]
    table.show(
        (
            "who listens",
            f"its CPU s a million, at {_MODERATE:,}/s",
            "at full rate",
            "sender's CPU s a million",
            "full rate, packets/s",
            "lost at full rate",
            "highest rate without loss",
        ),
        rows,
    )
    table.commands(listener.command for listener in found)


def _row(bench: Bench, listener: Listener) -> tuple[str, ...]:
    calm_sent, calm = bench.hear(listener, _MODERATE)
    sent, heard = bench.hear(listener, None)
    lost = _lost(listener, sent, heard)
    return (
        listener.name,
        _per_million(calm.cpu_s, calm_sent),
        _per_million(heard.cpu_s, sent),
        _per_million(sent.cpu_s, sent),
        table.millions(sent.rate),
        f"{lost / sent.packets:.1%}",
        table.millions(_highest(bench, listener, sent.rate, lost)),
    )


def _lost(listener: Listener, sent: Sent, heard: Heard) -> int:
    return heard.dropped if listener.is_filtered else max(0, sent.packets - heard.packets)


def _highest(bench: Bench, listener: Listener, rate: float, lost: int) -> float:
    """Search the highest rate without loss; what a run came to counts, not what it was asked for."""
    if lost == 0:
        return rate
    low, high = 0.0, rate
    for _ in range(_SEARCH_STEPS):
        sent, heard = bench.hear(listener, (low + high) / 2)
        if _lost(listener, sent, heard) == 0:
            low = sent.rate
        else:
            high = sent.rate
    return low


def _per_million(cpu_s: float, sent: Sent) -> str:
    return f"{cpu_s / sent.packets * 1e6:.3f}"
