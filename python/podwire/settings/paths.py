"""Where podwire keeps its socket and its state when nobody says otherwise: the system's folders, or the user's own.

The folders are those of the Filesystem Hierarchy Standard 3.0 (`/run`, `/var/lib`) and of the XDG Base Directory
Specification 0.8 (`XDG_RUNTIME_DIR`, `XDG_STATE_HOME`).
"""

from __future__ import annotations

import os
from pathlib import Path

SOCKET_VARIABLE = "PODWIRE_SOCKET"
"""The environment variable that names the socket, for the daemon and the console alike."""

SESSION_TOKEN_VARIABLE = "PODWIRE_SESSION"  # noqa: S105 - the variable's name
"""The environment variable with the token by which the console of an SSH session shows whose it is."""
SESSION_USER_VARIABLE = "PODWIRE_SESSION_USER"
"""The environment variable with the name of that user, for the prompt."""


def is_session() -> bool:
    """Say whether this is the console of an SSH session, whose person is elsewhere and has no files here."""
    return SESSION_TOKEN_VARIABLE in os.environ


def default_socket() -> Path:
    """Return the unix socket on which the daemon listens and which the console opens."""
    named = os.environ.get(SOCKET_VARIABLE)
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/run/podwire/podwire.sock")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return (Path(runtime, "podwire") if runtime else _last_resort()) / "podwire.sock"


def default_state_dir() -> Path:
    """Return the folder in which the daemon keeps its configuration."""
    return Path("/var/lib/podwire") if os.geteuid() == 0 else user_state_dir()


def user_state_dir() -> Path:
    """Return the folder of what belongs to the person at the console: the history of commands."""
    named = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    if named.startswith("/"):
        return Path(named, "podwire")
    try:
        return Path.home() / ".local" / "state" / "podwire"
    except RuntimeError:
        return _last_resort()


def _last_resort() -> Path:
    """Return a folder for users without one; their number keeps them apart, and whoever makes it makes it 0700."""
    return Path(f"/tmp/podwire-{os.geteuid()}")  # noqa: S108
