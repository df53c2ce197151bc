"""Reads one capture with the packet core and prints what it came to, as JSON: python -m bench.reader FILE [options].

A process of its own, so that its memory is that of the connections: without the command line around it, and with
limits that a command does not offer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Return the memory that this process has resident."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def main(words: list[str]) -> None:
    """Read, and print one line."""
    parser = argparse.ArgumentParser(description="Read a capture with the packet core.")
    parser.add_argument("file")
    parser.add_argument("--mode", default="full")
    parser.add_argument("--memory", type=int, default=8 << 30)
    given = parser.parse_args(words)
    capture = Capture(mode=given.mode, max_memory_bytes=given.memory)
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=4789), 0)])
    capture.set_collecting(True)
    before = resident_bytes()
    summary = capture.read_files([given.file])
    grown = resident_bytes() - before
    counters = capture.counters()
    facts = {
        "packets": summary.packets,
        "read_seconds": summary.seconds,
        "live": counters["connections"],
        "created": counters["created"],
        "table_bytes": counters["memory-bytes"],
        "resident_bytes": grown,
        "filtered": counters.get("filtered", 0),
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    capture.close()


if __name__ == "__main__":
    main(sys.argv[1:])
