"""Where a running lab is found: one private folder a lab, with its state file, control socket and kubeconfigs."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from podwire_lab.errors import LabError

DEFAULT_NAME = "demo"
SOCKET_LIMIT = 107
"""Bytes in the path of a unix socket (sockaddr_un.sun_path)."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass
class LabState:
    """What a running lab tells about itself."""

    name: str
    pid: int
    started: int
    """When its process started, in clock ticks since boot: a later process of the same id has another value."""
    plane: str
    state_dir: str
    mirror: str
    """The interface that podwire reads, inside the switch's namespace."""
    kubeconfig: str
    """Of the read-only account, by token."""
    kubeconfig_cert: str
    """Of the read-only account, by client certificate."""
    kubeconfig_admin: str
    """Of the administrator, by client certificate."""
    server: str
    """The API server's URL: the same inside the switch's namespace and outside."""
    namespaces: dict[str, str] = field(default_factory=dict)
    """Paths for setns(2) and `nsenter --net=`: `switch`, the nodes, the Pods."""

    @property
    def switch_ns(self) -> str:
        return self.namespaces["switch"]


def default_dir(name: str) -> Path:
    """The folder of the lab of that name; LabError for a malformed name."""
    if not _NAME.fullmatch(name):
        raise LabError(f"A lab's name is made of a-z, 0-9 and -, 32 characters at most, not {name!r}.")
    if os.access("/run", os.W_OK):
        return Path("/run/podwire-lab") / name
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "podwire-lab" / name
    return Path(tempfile.gettempdir()) / f"podwire-lab-{os.getuid()}" / name


def start_of(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


class StateDir:
    """A lab's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def control(self) -> Path:
        return self.path / "control.sock"

    @property
    def log(self) -> Path:
        return self.path / "lab.log"

    @property
    def _file(self) -> Path:
        return self.path / "state.json"

    def claim(self) -> None:
        """Makes the folder, private to its owner; LabError where a lab lives in it."""
        if self.running() is not None:
            raise LabError(
                f"A lab runs in {self.path} already; end it with `podwire-lab down`, or choose another --name."
            )
        if len(os.fsencode(self.control)) > SOCKET_LIMIT:
            raise LabError(f"{self.path} is too long a path for a socket; choose a shorter --state-dir.")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._unlink()
        except OSError as error:
            raise LabError(
                f"The folder {self.path} cannot be made: {error.strerror}; choose another --state-dir."
            ) from error

    def save(self, state: LabState) -> None:
        fresh = self.path / "state.json.new"
        fresh.write_text(json.dumps(asdict(state), indent=2) + "\n")
        fresh.replace(self._file)

    def running(self) -> LabState | None:
        """The lab that lives here; None where there is none, or its process died."""
        try:
            state = LabState(**json.loads(self._file.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return state if start_of(state.pid) == state.started else None

    def require(self) -> LabState:
        """The lab that lives here; LabError where there is none."""
        state = self.running()
        if state is None:
            raise LabError(f"No lab runs in {self.path}; start one with `podwire-lab up`.")
        return state

    def _unlink(self) -> None:
        names = ("state.json", "state.json.new", "control.sock", "lab.log", "server.pem")
        for name in (*names, "kubeconfig", "kubeconfig-cert", "kubeconfig-admin"):
            (self.path / name).unlink(missing_ok=True)

    def clean(self) -> None:
        """Removes the files that a lab makes, and the folder if nothing else is in it."""
        self._unlink()
        for folder in (self.path, self.path.parent):
            if folder == self.path or folder.name.startswith("podwire-lab"):
                try:
                    folder.rmdir()
                except OSError:  # not empty, or gone already
                    return
