"""Runs programs as whole processes, in turn, and says what each took.

Everything here is measured from outside: wall time by the clock, CPU time and memory as the kernel counts them for an
ended process (`wait4`).
"""

from __future__ import annotations

import os
import re
import shlex
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PODWIRE = str(Path(sys.executable).with_name("podwire"))


class RunFailedError(Exception):
    """A program that is measured ended with a failure; its text says which and what it wrote."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program, from start to end."""

    wall_s: float
    user_s: float
    system_s: float
    peak_bytes: int
    """The most memory that it had resident."""
    output: str
    """What it wrote, to both streams."""

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU time, its own and the kernel's for it."""
        return self.user_s + self.system_s

    def number(self, name: str) -> float:
        """Return the number of `name=number` or `"name": number` in what it wrote."""
        found = re.search(rf'\b{name}"?[=:] ?([0-9.]+)', self.output)
        if found is None:
            msg = f"There is no {name} in: {self.output[-400:]}"
            raise RunFailedError(msg)
        return float(found[1])


def run(command: Sequence[str], *, seconds: float = 120) -> Run:
    """Run a command to its end. Raises RunFailedError where it fails or takes longer than `seconds`."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:  # noqa: S603
        assert process.stdout is not None
        # The pipe ends with the process; what is measured writes little.
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        try:
            output = process.stdout.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watch.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"`{shlex.join(command)}` ended with {process.returncode}: {output[-1000:]}"
        raise RunFailedError(msg)
    return Run(wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, output)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Run]]:
    """Run each command once a round, so that what else the machine does touches all of them alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """Return the median of one value over runs."""
    return statistics.median(value(each) for each in runs)


def ratio(ours: Sequence[Run], theirs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """Return the median of the quotients, round by round."""
    return statistics.median(value(a) / value(b) for a, b in zip(ours, theirs, strict=True))


def replay(*words: str, threads: int = 1) -> list[str]:
    """Make the command that reads captures and shows one connection: the reading is what is measured."""
    return [PODWIRE, "replay", "--threads", str(threads), *words, "connection-show", "limit-output", "1"]
