"""Programs that also make flow records of a capture: how each is called, and how to see that it did the work."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.captures import CACHE
from bench.run import Run

PACKAGES = ("nfdump", "softflowd", "argus-server", "argus-client", "tshark", "tcpdump")
"""Where Debian has them."""

_NFSTREAM = CACHE / "nfstream"
"""NFStream comes from the Python package index, with dependencies of its own: it gets a virtual environment."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One program."""

    name: str
    does: str
    """What it makes, in words."""
    command: list[str]
    packets: Callable[[Run], int]
    """How many packets it says that it has seen."""
    is_slow: bool = False
    """Takes so long that a smaller capture has to do."""


def install() -> None:
    """Install those that Debian has, which needs root, and NFStream beside the captures."""
    command = ["apt-get", "install", "--yes", "--quiet", *PACKAGES]
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603
    venv.create(_NFSTREAM, with_pip=True)
    command = [str(_NFSTREAM / "bin" / "pip"), "install", "--quiet", "nfstream"]
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603


@contextmanager
def peers(capture: Path, folder: Path) -> Iterator[list[Peer]]:
    """Give the peers that are installed, as they read `capture`; what they write goes to `folder`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        # What is exported to it is dropped by the kernel once its buffer is full.
        collector.bind(("127.0.0.1", 0))
        port = collector.getsockname()[1]
        every = (_nfpcapd(capture, folder), _softflowd(capture, port), _argus(capture, folder))
        yield [peer for peer in (*every, _tshark(capture), _nfstream(capture)) if peer is not None]


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


def _nfpcapd(capture: Path, folder: Path) -> Peer | None:
    program, flows = _find("nfpcapd"), folder / "nfpcapd"
    if program is None:
        return None
    flows.mkdir(exist_ok=True)
    command = [program, "-r", str(capture), "-w" if _has_new_flags(program) else "-l", str(flows)]
    return Peer("nfpcapd", "flow records to files", command, lambda run: int(run.number("Processed")))


def _has_new_flags(program: str) -> bool:
    """Versions from 1.7 on take -w; those before, -l."""
    told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)  # noqa: S603
    return "-w flowdir" in told.stdout + told.stderr


def _softflowd(capture: Path, port: int) -> Peer | None:
    program = _find("softflowd")
    if program is None:
        return None
    command = [program, "-d", "-r", str(capture), "-n", f"127.0.0.1:{port}", "-v", "9", "-m", "20000000"]
    command += ["-6", "-c", "none"]
    return Peer("softflowd", "NetFlow 9 to a socket", command, lambda run: int(run.number("Packets processed")))


def _argus(capture: Path, folder: Path) -> Peer | None:
    program, racount, flows = _find("argus"), _find("racount"), folder / "argus.out"
    if program is None:
        return None

    def packets(_: Run) -> int:
        if racount is None:
            return 0
        told = subprocess.run([racount, "-r", str(flows)], capture_output=True, text=True, check=True)  # noqa: S603
        flows.unlink()
        line = next(line.split() for line in told.stdout.splitlines() if line.split()[:1] == ["sum"])
        return int(line[2])

    command = [program, "-X", "-r", str(capture), "-w", str(flows)]
    return Peer("argus", "flow records with TCP states, to a file", command, packets)


def _tshark(capture: Path) -> Peer | None:
    program = _find("tshark")
    if program is None:
        return None
    command = [program, "-n", "-r", str(capture), "-q", "-z", "conv,tcp", "-z", "io,stat,0"]
    return Peer("tshark", "TCP conversations, by full dissection", command, _tshark_packets, is_slow=True)


def _tshark_packets(run: Run) -> int:
    line = next(line for line in run.output.splitlines() if "<>" in line and line.count("|") == 4)
    return int(line.split("|")[2])


def _nfstream(capture: Path) -> Peer | None:
    python = _NFSTREAM / "bin" / "python"
    if not python.exists():
        return None
    code = (
        "import sys, nfstream\n"
        "flows = nfstream.NFStreamer(source=sys.argv[1], statistical_analysis=False, n_dissections=0)\n"
        "print('packets=%d' % sum(flow.bidirectional_packets for flow in flows))\n"
    )
    command = [str(python), "-c", code, str(capture)]
    return Peer("nfstream", "flows as Python objects", command, lambda run: int(run.number("packets")), is_slow=True)
