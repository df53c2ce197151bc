"""However a lab ends, it leaves no process, no namespace and no file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podwire_lab import Lab, LabError

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-m", "podwire_lab"]


def _namespaces() -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(entry.stat().st_ino)
        except OSError:
            continue
    return found


def _inodes(lab: Lab) -> set[int]:
    return {Path(path).stat().st_ino for path in lab.status()["namespaces"].values()}


def _gone(pid: int) -> bool:
    """Waits for a process that is no child of this one; it is bounded, not measured."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_lab_takes_everything_with_it():
    mounted = Path("/proc/mounts").read_text()
    with Lab() as lab:
        own, pid, folder = _inodes(lab), lab.pid, Path(lab.state.state_dir)
        sleeper = lab.run_in_switch(["sleep", "1000"])
        stubborn = lab.run_in("pod-A", ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
        assert own & _namespaces()
    assert sleeper.returncode is not None
    assert stubborn.returncode is not None
    assert _gone(pid)
    assert not folder.exists()
    assert not folder.parent.exists()
    assert not own & _namespaces()
    assert Path("/proc/mounts").read_text() == mounted


def test_a_lab_ends_with_its_parent():
    program = (
        "import time\nfrom podwire_lab import Lab\nlab = Lab(); lab.start()\n"
        "p = lab.run_in_switch(['sleep', '1000'])\nprint(lab.pid, p.pid, lab.state.state_dir, flush=True)\n"
        "time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid, inside, folder = parent.stdout.readline().split()
        parent.kill()
    assert _gone(int(pid))
    assert _gone(int(inside))
    assert not Path(folder).exists()


def test_up_down_and_what_is_left_of_a_killed_lab(tmp_path):
    where = ["--state-dir", str(tmp_path / "lab")]
    up = [*COMMAND, "up", "--detach", "--json", *where]
    state = json.loads(subprocess.run(up, capture_output=True, text=True, check=True).stdout)
    again = subprocess.run(up, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "runs in" in again.stderr
    os.kill(state["pid"], signal.SIGKILL)
    assert _gone(state["pid"])
    second = json.loads(subprocess.run(up, capture_output=True, text=True, check=True).stdout)
    assert second["pid"] != state["pid"]
    for _ in range(2):  # ending none is no error
        subprocess.run([*COMMAND, "down", *where], check=True)
    assert _gone(second["pid"])
    assert not (tmp_path / "lab").exists()


def test_ctrl_c_ends_a_lab_in_the_foreground(tmp_path):
    command = [*COMMAND, "up", "--json", "--state-dir", str(tmp_path / "lab")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert json.loads(running.stdout.readline())["mirror"] == "mirror0"
        running.send_signal(signal.SIGINT)
        assert running.wait() == 0
    assert not (tmp_path / "lab").exists()


def test_two_labs_live_side_by_side():
    with Lab("flannel-vxlan") as one, Lab("calico-bgp") as other:
        assert one.traffic.short()[0].result == "answered"
        assert other.traffic.short()[0].result == "answered"
        assert not _inodes(one) & _inodes(other)


def test_a_user_namespace_will_do():
    script = 'set -e; "$@" up --detach --json; "$@" traffic --scenario short; "$@" down'
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", script, "sh", *COMMAND]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in ran.stderr:
        pytest.skip("this kernel gives no user namespaces")
    assert ran.returncode == 0, ran.stderr
    assert '"answered"' in ran.stdout


def test_unknown_planes_are_named(tmp_path):
    with pytest.raises(LabError, match="invalid choice"):
        Lab("weave").start()
