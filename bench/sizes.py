"""How much is measured: the sizes that documents quote, or small ones that show that everything works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the measurements take from the command line."""

    packets: int = 10_500_000
    connections: int = 200_000
    at_a_time: int = 20_000
    slow_packets: int = 1_000_000
    """For programs that would take minutes over all of them."""
    live: tuple[int, ...] = (20_000, 200_000, 1_000_000)
    """Connections that are open at once, where memory is measured."""
    opened: int = 2_000_000
    """Connections that are opened, where that is measured."""
    rounds: int = 5
    live_frames: int = 1_500_000
    live_seconds: int = 8
    """The longest that one live run sends."""
    pods: int = 150_000
    """Pods of one cluster: what Kubernetes is tested with, as are 5,000 nodes."""
    nodes: int = 5_000
    peer_pods: int = 10_000
    """Pods of the list that clients with typed models read too, which take minutes over all of them."""
    changes: int = 5_000
    """Events a second on a watch."""
    change_seconds: int = 30
    history_rows: int = 1_000_000
    """Ended connections that are written."""
    history_day: int = 4_166_664
    """Connections that questions are asked of: an hour of a day of 100 million."""

    def words(self, *more: str) -> tuple[str, ...]:
        """Return the generator's options for the common capture, with `more`."""
        numbers = {"packets": self.packets, "connections": self.connections, "at-a-time": self.at_a_time}
        return (*(word for name, number in numbers.items() for word in (f"--{name}", str(number))), *more)


QUICK = Sizes(
    packets=300_000,
    connections=6_000,
    at_a_time=2_000,
    slow_packets=30_000,
    live=(2_000, 20_000),
    opened=50_000,
    rounds=2,
    live_frames=100_000,
    live_seconds=1,
    pods=3_000,
    nodes=100,
    peer_pods=500,
    changes=500,
    change_seconds=3,
    history_rows=50_000,
    history_day=120_000,
)
LARGE_LIVE = 10_000_000
"""Connections that are open at once with `--large`: takes some 4 GB of disk and 3 GB of memory."""
LARGE_DAY = 100_000_000
"""Connections that questions of history are asked of with `--large`: 4 GB of disk, a quarter of an hour to make."""
