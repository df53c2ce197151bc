"""What several tables share: podwire's options for each kind of capture, and the check that it did the work."""

from __future__ import annotations

from collections.abc import Mapping

from bench.captures import Made
from bench.run import Run, RunFailedError

OVERLAYS: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "vxlan": ("--overlay", "vxlan:4789"),
    "geneve": ("--overlay", "geneve:6081"),
    "ipip": ("--overlay", "ipip"),
}


def rate(each: Run) -> float:
    """Return the packets a second of wall time that a program reports itself, without its start."""
    return each.number("rate")


def check(runs: list[Run], made: Made) -> None:
    """See that podwire read all packets and found all connections."""
    for each in runs:
        found = (int(each.number("packets")), int(each.number("connections")), int(each.number("dropped")))
        if found != (made.packets, made.connections, 0):
            msg = f"podwire found {found} packets, connections and drops in {made}"
            raise RunFailedError(msg)
