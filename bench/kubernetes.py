"""How fast and how large the daemon follows a large cluster, and what a client with typed models takes for the same.

The API server is `bench.kube_server`, on a core of its own; the daemon has another core to itself. Everything goes
over TLS, and everything that is measured is the whole daemon: the tables, the packet core, the REST server.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import table
from bench.run import PODWIRE, run
from bench.sizes import Sizes

_WAIT_SECONDS = 300.0
_NAME = "large"

Line = dict[str, Any]


class Daemon:
    """A daemon with a notebook (see `bench.kube_probe`)."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._notes = folder / "notes"
        self._socket = folder / "socket"
        self._process = process

    def command(self, *words: str) -> str:
        """Run a command in the console."""
        done = subprocess.run(  # noqa: S603
            _on_core(1, [PODWIRE, "cli", "--socket", str(self._socket), *words]),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def noted(self, what: str, count: int) -> Line:
        """Wait for the first line of the notebook that tells `what` of at least `count`."""
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            for line in self._lines():
                if line["what"] == what and line.get("count", 0) >= count:
                    return line
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        msg = f"The daemon did not come to {count} {what} within {_WAIT_SECONDS:.0f} s."
        raise RuntimeError(msg)

    def lags(self) -> Line:
        """Ask for the lags since the last time."""
        before = sum(line["what"] == "lags" for line in self._lines())
        self._process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            told = [line for line in self._lines() if line["what"] == "lags"]
            if len(told) > before:
                return told[-1]
            time.sleep(0.05)
        msg = "The daemon does not tell its lags."
        raise RuntimeError(msg)

    def resident(self) -> int:
        """Return the memory that is resident now, in bytes."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="utf-8").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self) -> float:
        """Return the CPU time that was used, in seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """Return the most memory that was resident, in bytes."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def _lines(self) -> list[Line]:
        if not self._notes.exists():
            return []
        return [json.loads(line) for line in self._notes.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


class Server:
    """The API server's address and kubeconfig."""

    def __init__(self, url: str, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._url = url

    def churn(self, rate: float, seconds: float) -> Line:
        """Let Pods end and begin, so many events a second."""
        tls = ssl._create_unverified_context()  # noqa: SLF001, S323 - it is our own process, on loopback
        url = f"{self._url}/bench/churn?rate={rate}&seconds={seconds}"
        request = urllib.request.Request(url, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, context=tls, timeout=_WAIT_SECONDS) as answer:  # noqa: S310
            return dict(json.load(answer))


def main(sizes: Sizes) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name, _serving(Path(name), sizes.pods, sizes.nodes) as server:
        _measure_daemon(Path(name), server, sizes)
    with tempfile.TemporaryDirectory() as name, _serving(Path(name), sizes.peer_pods, 200) as server:
        _measure_peers(server, sizes)


def _measure_daemon(folder: Path, server: Server, sizes: Sizes) -> None:
    with _running(folder) as daemon:
        empty, cpu = daemon.resident(), daemon.cpu()
        began = time.time()
        create = ("k8s-connection-create", "cluster-name", _NAME, "kube-config", str(server.kubeconfig))
        daemon.command(*create, "enable", "create-vport")
        pods, nodes = daemon.noted("pods", sizes.pods), daemon.noted("evidence", sizes.nodes)
        last = max(pods, nodes, key=lambda line: float(line["at"]))
        time.sleep(5)  # what else is listed: Services, EndpointSlices, ReplicaSets
        settled, peak = daemon.resident(), daemon.peak()
        table.heading(
            f"{sizes.pods:,} Pods, {sizes.nodes:,} Nodes, {sizes.pods // 12:,} Services: first list, one core"
        )
        rows = [
            ("until all Pods are in the vPort table", f"{pods['at'] - began:.1f} s"),
            ("until Pods and Nodes are", f"{last['at'] - began:.1f} s"),
            ("its CPU time until then, on one core", f"{last['cpu'] - cpu:.1f} s"),
            ("daemon's memory before", _megabytes(empty)),
            ("after", _megabytes(settled)),
            ("at most", _megabytes(peak)),
        ]
        table.show(("what", "value"), rows)
        table.heading("A watch: from when an event was due until its address can be named")
        _measure_lags(daemon, server, sizes)


def _measure_lags(daemon: Daemon, server: Server, sizes: Sizes) -> None:
    rows = []
    for rate, seconds in ((20, 5), (sizes.changes, sizes.change_seconds)):
        sent = server.churn(rate, seconds)
        time.sleep(2)
        told = daemon.lags()
        if told["count"] != sent["addresses"]:
            table.note(f"{sent['addresses']} addresses were sent and {told['count']} told.")
        row = (f"{told[name]:.1f} ms" for name in ("median", "p99", "most"))
        rows.append((f"{sent['sent'] / sent['seconds']:,.0f} for {seconds} s", *row, _megabytes(daemon.resident())))
    table.show(("events a second", "median", "99 %", "most", "memory after"), rows)


def _measure_peers(server: Server, sizes: Sizes) -> None:
    has_official = importlib.util.find_spec("kubernetes") is not None
    readers = ("podwire", *(("kubernetes",) if has_official else ()), "kubernetes_asyncio")
    table.heading(f"The same list of {sizes.peer_pods:,} Pods, as whole processes")
    rows = []
    for reader in readers:
        done = run(_on_core(0, [sys.executable, "-m", "bench.kube_lists", reader, str(server.kubeconfig)]), seconds=600)
        count = done.number("pods")
        each = done.number("cpu") / count * 1e6
        rows.append((reader, f"{done.number('seconds'):.2f} s", f"{each:.0f} us", _megabytes(int(done.number("peak")))))
    table.show(("reader", "time", "CPU a Pod", "memory at most"), rows)
    if not has_official:
        table.note("The official client (package kubernetes) is not installed; kubernetes_asyncio has the same models.")


@contextlib.contextmanager
def _serving(folder: Path, pods: int, nodes: int) -> Iterator[Server]:
    words = [sys.executable, "-m", "bench.kube_server", str(folder), "--pods", str(pods), "--nodes", str(nodes)]
    with subprocess.Popen(_on_core(1, words), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            yield Server(url, folder / "kubeconfig")
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[Daemon]:
    socket = folder / "socket"
    words = [sys.executable, "-m", "bench.kube_probe", str(folder / "notes"), "serve"]
    words += ["--socket", str(socket), "--state-dir", str(folder / "state")]
    with subprocess.Popen(_on_core(0, words), stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            end = time.monotonic() + _WAIT_SECONDS
            while not socket.exists() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.5)
            yield Daemon(folder, process)
        finally:
            process.terminate()
            process.wait()


def _on_core(number: int, words: list[str]) -> list[str]:
    """Bind a command to one core, where there are several: what is measured must not share one with its server."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "--cpu-list", str(cores[number % len(cores)]), *words]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
