"""Reads one interface with the packet core until its standard input ends: python -m bench.listener IF [options].

Prints `ready` when it reads, and what it counted, as JSON, at the end. It does what `podwire serve` does with packets,
without cluster, REST server and command line.
"""

from __future__ import annotations

import argparse
import json
import sys

from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay


def main(words: list[str]) -> None:
    """Listen, and print two lines."""
    parser = argparse.ArgumentParser(description="Read an interface with the packet core.")
    parser.add_argument("interface")
    parser.add_argument("--mode", default="full")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(words)
    capture = Capture(mode=given.mode, threads=given.threads)
    capture.set_overlays([(Overlay(Encapsulation.VXLAN, port=4789), 0)])
    capture.set_collecting(True)
    capture.open_interface(given.interface)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    counters = capture.counters()
    names = ("packets", "tcp", "kernel-drops", "created")
    sys.stdout.write(json.dumps({name: counters[name] for name in names}) + "\n")
    capture.close()


if __name__ == "__main__":
    main(sys.argv[1:])
