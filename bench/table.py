"""Prints tables that read well in a terminal and as Markdown, and what they were measured on."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

_VERSION_FLAGS = {
    "nfpcapd": ("nfdump", "-V"),
    "softflowd": ("softflowd", "-h"),
    "argus": ("argus", "-h"),
    "tshark": ("tshark", "--version"),
    "tcpdump": ("tcpdump", "--version"),
    "gcc": ("gcc", "--version"),
    "cargo": ("cargo", "--version"),
}


def heading(text: str) -> None:
    """Print the title of a table."""
    sys.stdout.write(f"\n### {text}\n\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a paragraph."""
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; all columns but the first are numbers."""
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in [lines[0], rule, *lines[1:]]:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def commands(lines: Iterable[Sequence[str]]) -> None:
    """Print the commands behind a table, with paths as seen from the checkout."""
    here = f"{Path.cwd()}/"
    sys.stdout.write("\n```\n" + "".join(f"{shlex.join(line).replace(here, '')}\n" for line in lines) + "```\n")
    sys.stdout.flush()


def millions(rate: float) -> str:
    """Format a number of packets (a second) in millions."""
    return f"{rate / 1e6:.2f} M"


def machine() -> None:
    """Print what the figures were measured on."""
    heading("Machine and versions")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    facts = {
        "processor": f"{_processor()}, {os.cpu_count()} CPUs",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load when begun": load,
        "podwire": version("podwire"),
        "python": platform.python_version(),
        **{name: _version(*flags) for name, flags in _VERSION_FLAGS.items()},
    }
    show(("what", "value"), [(name, value) for name, value in facts.items() if value])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(program: str, flag: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        return ""
    done = subprocess.run([path, flag], capture_output=True, text=True, check=False)  # noqa: S603
    lines = (done.stdout + done.stderr).splitlines()
    found = next((number[0] for line in lines if (number := re.search(r"\d+\.\d+[\w.+~-]*", line))), "")
    return found.rstrip(".")
