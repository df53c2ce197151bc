"""Takes the terminal that a session was given as its own, so that Ctrl-C reaches it, and becomes `podwire`."""

from __future__ import annotations

import fcntl
import os
import sys
import termios

if __name__ == "__main__":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.execv(sys.executable, [sys.executable, "-m", "podwire", *sys.argv[1:]])  # noqa: S606 - the program itself
