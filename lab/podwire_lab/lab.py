"""The lab for programs: `with Lab("flannel-vxlan") as lab: …` runs one in a process of its own, and talks to it."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from podwire_lab.errors import LabError
from podwire_lab.namespaces import popen_in
from podwire_lab.objects.truth import PLANE_NAMES
from podwire_lab.state import LabState, StateDir
from podwire_lab.traffic import Outcome

Object = dict[str, Any]
_TIMEOUT = 120.0
"""Seconds to wait for any answer of the lab's process."""
_END_SECONDS = 15.0


class ControlClient:
    """Calls the actions of a running lab over its unix socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def call(self, action: str, **body: Any) -> Any:
        """The action's JSON answer; LabError with its sentence where it fails."""
        connection = http.client.HTTPConnection("localhost", timeout=_TIMEOUT)
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(_TIMEOUT)
            connection.sock.connect(str(self._path))
            connection.request("POST", f"/{action}", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LabError(f"The lab does not answer on {self._path}: {error}.") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise LabError(found["error"])
        return found


class TrafficClient:
    """The scenarios of `traffic.Traffic`; keywords are the fields of `traffic.Order`."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def run(self, scenario: str, count: int = 1, **order: Any) -> list[Outcome]:
        found = self._control.call("traffic", scenario=scenario, count=count, **order)
        return [Outcome(**item) for item in found]

    def short(self, count: int = 1, **order: Any) -> list[Outcome]:
        return self.run("short", count, **order)

    def refused(self, count: int = 1, **order: Any) -> list[Outcome]:
        return self.run("refused", count, **order)

    def dropped(self, count: int = 1, **order: Any) -> list[Outcome]:
        return self.run("dropped", count, **order)

    def late(self, count: int = 1, seconds: float = 0.5, **order: Any) -> list[Outcome]:
        return self.run("late", count, seconds=seconds, **order)

    def long(self, count: int = 1, seconds: float = 600.0, **order: Any) -> list[Outcome]:
        return self.run("long", count, seconds=seconds, **order)

    def stop(self) -> list[Outcome]:
        """Ends the long-lived connections; what they sent and received."""
        return [Outcome(**item) for item in self._control.call("traffic-stop")]


class ApiClient:
    """Writes to the lab's API server past all faults and rights, and the faults themselves."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def get(self, kind: str, name: str, **where: Any) -> Object:
        """One object; keywords: api_version, namespace."""
        found: Object = self._control.call("object", verb="get", kind=kind, name=name, **where)
        return found

    def list(self, kind: str, **where: Any) -> list[Object]:
        found: list[Object] = self._control.call("object", verb="list", kind=kind, **where)
        return found

    def create(self, kind: str, body: Object, **where: Any) -> Object:
        found: Object = self._control.call("object", verb="create", kind=kind, body=body, **where)
        return found

    def patch(self, kind: str, name: str, body: Any, **where: Any) -> Object:
        """A merge patch, or what `format` says (json, strategic, apply); keywords also: subresource="status"."""
        found: Object = self._control.call("object", verb="patch", kind=kind, name=name, body=body, **where)
        return found

    def delete(self, kind: str, name: str, grace: int | None = None, **where: Any) -> Object:
        body = {} if grace is None else {"gracePeriodSeconds": grace}
        found: Object = self._control.call("object", verb="delete", kind=kind, name=name, body=body, **where)
        return found

    def load(self, objects: Iterable[Object]) -> None:
        """Stores objects as they are, thousands of them if need be; they get no network."""
        self._control.call("load", objects=list(objects))

    def fault(self, code: int = 0, **fault: Any) -> None:
        """Gets something wrong from now on; keywords are the fields of `apiserver.faults.Fault`."""
        self._control.call("fault", code=code, **fault)

    def clear_faults(self) -> None:
        self._control.call("faults-clear")

    def down(self) -> None:
        """Cuts all connections and refuses new ones."""
        self._control.call("api", do="down")

    def up(self) -> None:
        self._control.call("api", do="up")

    def drop_streams(self) -> int:
        """Cuts all watches; how many there were."""
        return int(self._control.call("api", do="drop-streams")["dropped"])

    def compact(self) -> None:
        """Forgets history: older resourceVersions and continue tokens are answered with 410."""
        self._control.call("api", do="compact")

    def watches(self) -> int:
        """How many watches are open."""
        return int(self._control.call("status")["api"]["watches"])


class Lab:
    """A lab in a process of its own, which ends with this one. Keywords: see `podwire-lab up --help`."""

    def __init__(self, plane: str = PLANE_NAMES[0], name: str | None = None, options: Sequence[str] = ()) -> None:
        self.plane = plane
        self.name = name or f"t{secrets.token_hex(4)}"
        self._options = list(options)
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._started: list[subprocess.Popen[Any]] = []
        self._state: LabState | None = None

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Brings the lab up; LabError with its reason where it cannot be."""
        self._folder = tempfile.TemporaryDirectory(prefix="podwire-lab-")
        folder = Path(self._folder.name) / "lab"
        command = [sys.executable, "-m", "podwire_lab", "up", "--plane", self.plane, "--name", self.name, "--json"]
        command += ["--state-dir", str(folder), "--with-parent", *self._options]
        self._process = subprocess.Popen(  # noqa: S603 - this very package
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            _, reason = self._process.communicate()
            self.close()
            raise LabError(reason.strip() or "The lab's process ended before it was up.")
        self._state = LabState(**json.loads(line))
        control = ControlClient(StateDir(folder).control)
        self.control = control
        self.traffic = TrafficClient(control)
        self.api = ApiClient(control)

    def close(self) -> None:
        """Ends what was started in the lab, and the lab; calling it again does nothing."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
        process_, self._process = self._process, None
        if process_ is not None:
            if process_.stdin:
                process_.stdin.close()  # the lab takes the end of its input for the end of its parent
            try:
                process_.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process_.kill()
                process_.wait()
            for stream in (process_.stdout, process_.stderr):
                if stream:
                    stream.close()
        for process in self._started:
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def state(self) -> LabState:
        """What the lab told when it came up; LabError before that."""
        if self._state is None:
            raise LabError("The lab is not up: use it in a `with` statement, or call start().")
        return self._state

    @property
    def pid(self) -> int:
        return self.state.pid

    @property
    def kubeconfig(self) -> Path:
        return Path(self.state.kubeconfig)

    @property
    def kubeconfig_cert(self) -> Path:
        return Path(self.state.kubeconfig_cert)

    @property
    def kubeconfig_admin(self) -> Path:
        return Path(self.state.kubeconfig_admin)

    @property
    def switch_ns(self) -> str:
        return self.state.switch_ns

    @property
    def mirror(self) -> str:
        return self.state.mirror

    def status(self) -> Object:
        """The lab's present state, with its API server's and its Pods."""
        found: Object = self.control.call("status")
        return found

    def namespace(self, name: str) -> str:
        """The path of the namespace of `switch`, a node or a Pod, also of one that came later."""
        found: dict[str, str] = self.status()["namespaces"]
        if name not in found:
            raise LabError(f"The lab has no {name!r}; it has {', '.join(found)}.")
        return found[name]

    def run_in(self, name: str, command: Sequence[str | os.PathLike[str]], **options: Any) -> subprocess.Popen[Any]:
        """Starts a command in a namespace; it ends with the lab. Options as for subprocess.Popen."""
        process = popen_in(self.namespace(name), [os.fspath(part) for part in command], **options)
        self._started.append(process)
        return process

    def run_in_switch(self, command: Sequence[str | os.PathLike[str]], **options: Any) -> subprocess.Popen[Any]:
        """Starts a command where podwire belongs."""
        return self.run_in("switch", command, **options)

    def change_plane(self, plane: str) -> None:
        """Another CNI data plane, in the network and in the API."""
        self.control.call("plane", plane=plane)

    def tune(self, vni: int | None = None, port: int | None = None) -> None:
        """Another VNI or UDP port, in the network and in the API."""
        self.control.call("tune", vni=vni, port=port)
