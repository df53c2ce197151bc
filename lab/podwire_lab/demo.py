"""The demonstration: a lab, podwire reading its mirror port, traffic between two Pods, and the tables that tell it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from podwire_lab.errors import LabError
from podwire_lab.lab import Lab
from podwire_lab.objects.truth import PLANES, Plane

DEMO_PLANES = ("flannel-host-gw", "flannel-vxlan")
"""The reference page's example, and the one that it says to enable overlay-vxlan-analytics for."""
CLUSTER = "pluribus"
PROMPT = "CLI (network-admin@switch) > "
_READY_SECONDS = 30.0
_LATE_SECONDS = 0.5
"""For so long SYNs are lost: the client's second one, a second after the first, gets through."""
_DROPPED_SECONDS = 3.5
"""How long the client of a port whose packets are dropped goes on trying."""
_POLL_SECONDS = 0.2
_PAIR = r"10\.10\.1\.1 +10\.10\.2\.1 +"
_ROWS = (f"{_PAIR}8080 +est", f"{_PAIR}8080 +fin", f"{_PAIR}8081 +rst", f"{_PAIR}8082 +syn", f"{_PAIR}8083 +fin +1")
"""The connections that the demonstration makes, as connection-show must tell them."""


class Console:
    """Runs podwire's one-shot commands, shows them as they would look on the switch, and remembers their output."""

    def __init__(self, podwire: str, socket: Path) -> None:
        self._podwire = podwire
        self._environment = {**os.environ, "PODWIRE_SOCKET": str(socket)}

    def quiet(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command without showing it."""
        arguments = [self._podwire, "cli", *command.split()]
        return subprocess.run(arguments, env=self._environment, capture_output=True, text=True, check=False)  # noqa: S603

    def show(self, command: str) -> str:
        """Runs and shows a command; LabError where it fails."""
        _say(f"\n{PROMPT}{command}")
        ran = self.quiet(command)
        if ran.returncode != 0:
            raise LabError(f"podwire refused `{command}`: {ran.stderr.strip() or ran.stdout.strip()}")
        for text in (ran.stdout, ran.stderr):
            if text.strip():
                _say(text.rstrip())
        return ran.stdout

    def wait_for(self, command: str, patterns: tuple[str, ...] = ()) -> None:
        """Waits until a command's output matches all patterns; LabError where that takes too long."""
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            ran = self.quiet(command)
            if ran.returncode == 0 and all(re.search(pattern, ran.stdout) for pattern in patterns):
                return
            if time.monotonic() > deadline:
                last = ran.stderr.strip() or ran.stdout.strip() or "nothing"
                raise LabError(
                    f"`{command}` did not show {' and '.join(patterns) or 'anything'} in time; it last said: {last}"
                )
            time.sleep(_POLL_SECONDS)


def demo(podwire: str, plane: str) -> None:
    """Shows everything once; LabError where a table does not hold what the wire carried."""
    with Lab(plane) as lab:
        folder = Path(lab.state.state_dir).parent
        _say(f"\n=== {plane}: two nodes on a switch, pod-A and pod-B on them, podwire on the switch's {lab.mirror} ===")
        log = folder / "podwire.log"
        with log.open("w") as output:
            serve = _serve(podwire, lab, folder, output.fileno())
        try:
            _tables(Console(podwire, folder / "podwire.sock"), lab, PLANES[plane])
        except LabError as error:
            lines = log.read_text().splitlines()[-20:]
            raise LabError("\n".join((str(error), "", "podwire's last words:", *lines))) from error
        finally:
            serve.terminate()
            serve.wait()
            _remove(folder)


def _serve(podwire: str, lab: Lab, folder: Path, output: int) -> subprocess.Popen[bytes]:
    command = [podwire, "serve", "--interface", lab.mirror, "--switch-name", "switch"]
    command += ["--state-dir", str(folder / "podwire"), "--socket", str(folder / "podwire.sock")]
    return lab.run_in_switch(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)


def _tables(console: Console, lab: Lab, plane: Plane) -> None:
    """The reference page's commands, in its order."""
    console.wait_for("switch-info-show")
    console.show(f"k8s-connection-create cluster-name {CLUSTER} kube-config {lab.kubeconfig} enable")
    console.show("k8s-connection-modify create-vport")
    console.show("k8s-cni-show")
    console.show(f"vport-show svc-name {CLUSTER}")
    console.show("connection-stats-settings-modify enable")
    if plane.has_port:
        _before_analytics(console, lab)
        console.show(f"k8s-connection-modify cluster-name {CLUSTER} overlay-vxlan-analytics")
        console.show("k8s-cni-show format cluster-name,cni-plugin,backend,udp-port,vxlan,network-type")
    _say("\nNow the Pods talk: a request, a connection that stays open, one to a closed port, one to a port whose")
    _say("packets are dropped on the way, and one whose first SYN is lost.")
    _talk(lab)
    console.wait_for("connection-show", _ROWS)
    console.show("connection-show")
    console.show(
        "connection-show format src-pod,src-node,dst-pod,dst-node,dst-port,cur-state,latency,syn-resends,total-bytes"
    )
    lab.traffic.stop()


def _before_analytics(console: Console, lab: Lab) -> None:
    """Without overlay-vxlan-analytics the packets pass, and make no connections."""
    lab.traffic.short()
    console.wait_for("capture-show", (r"mirror0 +up +[1-9]",))
    if console.show("connection-show").strip():
        raise LabError("connection-show has rows though overlay-vxlan-analytics is off.")


def _talk(lab: Lab) -> None:
    late = threading.Thread(target=lab.traffic.late, kwargs={"seconds": _LATE_SECONDS})
    late.start()
    lab.traffic.long()
    lab.traffic.short()
    lab.traffic.refused()
    lab.traffic.dropped(seconds=_DROPPED_SECONDS)
    late.join()


def _remove(folder: Path) -> None:
    """podwire's files; the lab removes the folder with its own."""
    for path in sorted(folder.glob("podwire*/**/*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for path in folder.glob("podwire*"):
        path.rmdir() if path.is_dir() else path.unlink()


def as_root(arguments: list[str]) -> None:
    """Without root, starts over inside a user namespace; does nothing where root is there."""
    if os.geteuid() == 0:
        return
    inside = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--fork"]
    try:
        tried = subprocess.run([*inside, "true"], capture_output=True, check=False)  # noqa: S603
        if tried.returncode != 0:
            raise LabError("The demonstration needs root, or a kernel that allows unprivileged user namespaces.")
        os.execvp(inside[0], [*inside, sys.executable, "-m", "podwire_lab", *arguments])  # noqa: S606
    except OSError as error:
        raise LabError(f"Without root the demonstration needs unshare(1): {error.strerror}.") from error


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the console
