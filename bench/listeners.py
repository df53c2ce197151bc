"""Programs that read a live interface: how each is started, known to be ready, ended, and asked what it saw."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.run import RunFailedError
from bench.wire import LISTENER_LINK, Wire

_READY_SECONDS = 0.5
_SETTLE_SECONDS = 2.0
"""After the last frame, until all that is on its way has been read: libpcap hands over what waits once a second."""
_END_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Listener:
    """One program."""

    name: str
    command: list[str]
    ready: str
    """A part of what it writes once it reads."""
    seen: str
    """What it says at its end, as a pattern with the packets in a group."""
    is_filtered: bool = False
    """It asks the kernel for a part of the packets: it cannot be told from its count whether some were lost."""
    dropped: str = ""
    """The same for packets that it lost, where it says so."""
    ends_by_input: bool = False
    """It ends when its input does; the others by SIGINT."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a listener came to."""

    cpu_s: float
    packets: int
    dropped: int


def listeners(folder: Path) -> list[Listener]:
    """Give podwire's modes, and the peers that are installed; all with buffers of 64 MiB, as podwire has."""
    ours = [sys.executable, "-u", "-m", "bench.listener", LISTENER_LINK]
    seen, dropped = r'"packets": (\d+)', r'"kernel-drops": (\d+)'
    found = [
        Listener("podwire, full", ours, "ready", seen, dropped=dropped, ends_by_input=True),
        Listener("podwire, 2 threads", [*ours, "--threads", "2"], "ready", seen, dropped=dropped, ends_by_input=True),
        Listener("podwire, control", [*ours, "--mode", "control"], "ready", seen, True, dropped, ends_by_input=True),
    ]
    if (tcpdump := _find("tcpdump")) is not None:
        command = [tcpdump, "-i", LISTENER_LINK, "-n", "-s", "128", "-B", "65536", "-Z", "root", "-w", "/dev/null"]
        dropped = r"(\d+) packets? dropped by kernel"
        found.append(
            Listener("tcpdump to /dev/null", command, "listening on", r"(\d+) packets? captured", dropped=dropped)
        )
    if (nfpcapd := _find("nfpcapd")) is not None:
        command = [nfpcapd, "-i", LISTENER_LINK, "-s", "128", "-b", "64", "-w", str(folder)]
        found.append(Listener("nfpcapd", command, "Startup", r"Total: Processed: (\d+)"))
    return found


class Listening:
    """A listener that runs."""

    def __init__(self, wire: Wire, listener: Listener, log: Path) -> None:
        self._listener = listener
        self._log = log
        log.unlink(missing_ok=True)
        with log.open("wb") as file:
            self._process = wire.start_listener(
                listener.command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT
            )
        self._wait_until_ready()
        self._before_s = 0.0

    def begin(self) -> None:
        """Count its CPU time from now on, once it has read what was sent before."""
        time.sleep(_SETTLE_SECONDS)
        self._before_s = self._cpu_s()

    def stop(self) -> Heard:
        """Let it read what is on its way, end it, and return what it heard."""
        time.sleep(_SETTLE_SECONDS)
        cpu_s = self._cpu_s() - self._before_s
        self.kill(signal.SIGINT)
        told = self._log.read_text(encoding="utf-8", errors="replace")
        return Heard(cpu_s, _number(self._listener.seen, told), _number(self._listener.dropped, told))

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it, in its own way or at once; nothing where it has ended."""
        if self._process.poll() is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        if not self._listener.ends_by_input or number == signal.SIGKILL:
            self._process.send_signal(number)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _cpu_s(self) -> float:
        """CPU time so far, of all its threads; the kernel counts it in nanoseconds (sched-stats.rst)."""
        stats = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text(encoding="ascii").split()[0]) for each in stats) / 1e9

    def _wait_until_ready(self) -> None:
        for _ in range(100):
            if self._listener.ready in self._log.read_text(encoding="utf-8", errors="replace"):
                time.sleep(_READY_SECONDS)
                return
            time.sleep(0.1)
        self.kill()
        msg = f"{self._listener.name} does not start: {self._log.read_text(encoding='utf-8')}"
        raise RunFailedError(msg)


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


def _number(pattern: str, told: str) -> int:
    found = re.search(pattern, told) if pattern else None
    return int(found[1]) if found else 0
