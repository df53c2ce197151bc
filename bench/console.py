"""How long a one-shot command takes, as a whole process, from its start to its end.

Compared with an empty `python -c pass` of the same interpreter, measured in turn, so that a slow machine shows as such.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

RUNS = 11
PODS = 10_000


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, running_switch(Path(folder) / "switch.sock", PODS) as socket:
        podwire = [str(Path(sys.executable).with_name("podwire")), "cli", "--socket", str(socket)]
        commands: dict[str, Sequence[str]] = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "podwire cli switch-info-show": [*podwire, "switch-info-show"],
            "podwire cli vport-show ip 10.0.0.7": [*podwire, "vport-show", "ip", "10.0.0.7"],
            f"podwire cli vport-show ({PODS} rows)": [*podwire, "vport-show"],
            f"podwire cli vport-show --json ({PODS} rows)": [*podwire, "vport-show", "--json"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(_seconds(command))
    sys.stdout.write(f"\n{'command':44} {'min':>7} {'median':>7} {'max':>7}  (seconds of wall time, {RUNS} runs)\n")
    for name, values in times.items():
        row = (min(values), statistics.median(values), max(values))
        sys.stdout.write(f"{name:44} {row[0]:7.3f} {row[1]:7.3f} {row[2]:7.3f}\n")


@contextlib.contextmanager
def running_switch(socket: Path, pods: int) -> Iterator[Path]:
    """Run `bench.switch` in a process of its own."""
    command = [sys.executable, "-m", "bench.switch", str(socket), str(pods)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield socket
        finally:
            process.terminate()
            process.wait()


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - started
