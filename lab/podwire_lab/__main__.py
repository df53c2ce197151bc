"""`python -m podwire_lab`: the same as `podwire-lab`."""

from __future__ import annotations

import sys

from podwire_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
