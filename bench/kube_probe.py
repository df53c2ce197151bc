"""The daemon with a notebook: python -m bench.kube_probe NOTES serve …

What it does is what `podwire serve` does. Each time a list of Pods or new evidence has reached the tables it writes a
line into NOTES: wall time, CPU seconds, memory. On SIGUSR1 it writes how late the addresses came that a watch told
since the last time: from when each was due at the server until the packet core could name it.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from podwire.__main__ import main as run_podwire
from podwire.engine.feed import ClusterFeed

_PAGE_BYTES = resource.getpagesize()


class Notebook:
    """Writes what happens into a file, a JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lags_ns: list[int] = []

    def note(self, what: str, **more: Any) -> None:
        """Write one line, with the time, the CPU seconds and the memory that the process has used."""
        resident = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * _PAGE_BYTES
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        line = {"what": what, "at": time.time(), "cpu": time.process_time(), "resident": resident, "peak": peak} | more
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def address_told(self, due_ns: int) -> None:
        """Note that an address can be used now whose event was due at `due_ns`."""
        self._lags_ns.append(time.time_ns() - due_ns)

    def tell_lags(self, *_: object) -> None:
        """Write the lags since the last time."""
        lags, self._lags_ns = sorted(self._lags_ns), []
        if lags:
            parts = {name: lags[min(len(lags) - 1, int(len(lags) * at))] / 1e6 for name, at in _QUANTILES.items()}
            self.note("lags", count=len(lags), **parts)
        else:
            self.note("lags", count=0)


_QUANTILES = {"median": 0.5, "p99": 0.99, "most": 1.0}


def watch_feeds(notes: Notebook) -> None:
    """Let every feed write into the notebook what has reached the tables."""
    replaced, changed, judged = ClusterFeed.pods_replaced, ClusterFeed.pod_changed, ClusterFeed.evidence_changed

    def pods_replaced(self: ClusterFeed, pods: Any, at_ns: int) -> None:
        replaced(self, pods, at_ns)
        notes.note("pods", count=len(pods))

    def pod_changed(self: ClusterFeed, pod: Any, at_ns: int) -> None:
        changed(self, pod, at_ns)
        if pod.phase == "Running" and pod.power == "Running":
            notes.address_told(pod.started_ns)

    def evidence_changed(self: ClusterFeed, evidence: Any, at_ns: int) -> None:
        judged(self, evidence, at_ns)
        notes.note("evidence", count=len(evidence.nodes))

    ClusterFeed.pods_replaced = pods_replaced  # type: ignore[method-assign]
    ClusterFeed.pod_changed = pod_changed  # type: ignore[method-assign]
    ClusterFeed.evidence_changed = evidence_changed  # type: ignore[method-assign]


def main(words: list[str]) -> int:
    """Run the daemon."""
    notes = Notebook(Path(words[0]))
    watch_feeds(notes)
    signal.signal(signal.SIGUSR1, notes.tell_lags)
    notes.note("begun")
    return run_podwire(words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
