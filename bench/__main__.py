"""Runs every measurement, or those named: python -m bench [console] …"""

from __future__ import annotations

import sys

from bench import console

MEASUREMENTS = {"console": console.main}


def main(names: list[str]) -> int:
    """Run the measurements called `names`, or all; 1 for a name that there is not."""
    for name in names or MEASUREMENTS:
        if name not in MEASUREMENTS:
            sys.stderr.write(f"There is no measurement {name}; there are {', '.join(MEASUREMENTS)}.\n")
            return 1
        MEASUREMENTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
