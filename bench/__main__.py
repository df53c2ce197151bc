"""Runs every measurement, or those named: python -m bench [core] [threads] [live] [console] [names] [history] …"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

from bench import console, core, history, kubernetes, live, names, peers, sums, table, threads
from bench.sizes import LARGE_DAY, LARGE_LIVE, QUICK, Sizes

MEASUREMENTS: Mapping[str, Callable[[Sizes], None]] = {
    "core": core.main,
    "threads": threads.main,
    "live": live.main,
    "console": lambda _: console.main(),
    "kubernetes": kubernetes.main,
    "history": history.main,
    "sums": sums.main,
    "names": names.main,
}


def main(words: list[str]) -> int:
    """Run the measurements that are named, or all; 1 for a name that there is not."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure podwire.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MEASUREMENTS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything works")
    parser.add_argument(
        "--large",
        action="store_true",
        help="also 10 million open connections, and a day of history with 100 million: 8 GB of disk",
    )
    peers_help = "install what is compared (Debian, which may also start it as services)"
    parser.add_argument("--install-peers", action="store_true", help=peers_help)
    given = parser.parse_args(words)
    for name in given.names:
        if name not in MEASUREMENTS:
            sys.stderr.write(f"There is no measurement {name}; there are {', '.join(MEASUREMENTS)}.\n")
            return 1
    sizes = QUICK if given.quick else Sizes()
    if given.large:
        sizes = replace(sizes, live=(*sizes.live, LARGE_LIVE), history_day=LARGE_DAY)
    if given.install_peers:
        peers.install()
    table.machine()
    for name in given.names or MEASUREMENTS:
        MEASUREMENTS[name](sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
