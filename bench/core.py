"""How fast the packet core reads captures, against bare loops and other programs, and what a connection costs."""

from __future__ import annotations

from bench import against, cost
from bench.sizes import Sizes


def main(sizes: Sizes) -> None:
    """Print every table."""
    for kind in ("plain", "vxlan"):
        against.against_yardstick(kind, sizes)
    against.against_peers(sizes)
    cost.stages(sizes)
    cost.tunnels(sizes)
    cost.growth(sizes)
    cost.memory(sizes)
    cost.modes(sizes)
    cost.openings(sizes)
