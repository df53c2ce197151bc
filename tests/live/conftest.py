"""A podwire daemon in a lab: started as a user starts it, asked through `podwire cli` as a user asks it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.live.cable import Wire, builder

from podwire_lab import Lab

collect_ignore = [] if "PODWIRE_TEST_PROGRAMS" in os.environ else ["test_real_cluster.py"]
"""A part of `make test-real` alone: what it runs beside has to be built first."""

PODWIRE = Path(sys.executable).with_name("podwire")
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.1

Row = dict[str, Any]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A cable with both ends plugged in."""
    made = Wire()
    try:
        made.plug()
        yield made
    finally:
        made.near.close()
        made.far.close()


@pytest.fixture
def packets() -> ModuleType:
    """The builder of frames and traces."""
    return builder()


class Switch:
    """One running `podwire serve`."""

    def __init__(self, folder: Path, start: Callable[..., subprocess.Popen[Any]], *words: str) -> None:
        self.folder = folder
        self._start = start
        self._words = words
        self.process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        """Run the daemon and wait until it answers."""
        command = [str(PODWIRE), "serve", "--switch-name", "switch", "--socket", str(self.socket)]
        command += ["--state-dir", str(self.folder / "state"), *self._words]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = self._start(command, stdout=log, stderr=log)
        eventually(lambda: self.run("switch-info-show").returncode == 0)

    def stop(self) -> None:
        """End the daemon as a service manager does; it must leave by itself."""
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(DEADLINE_SECONDS) == 0
            self.process = None

    @property
    def socket(self) -> Path:
        return self.folder / "podwire.sock"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one command in a process of its own."""
        words = [str(PODWIRE), "cli", "--socket", str(self.socket), *shlex.split(command)]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)

    def cli(self, command: str) -> str:
        """Run a command that must work; return what it prints."""
        done = self.run(command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, command: str) -> str:
        """Run a command that must be refused; return its one sentence."""
        done = self.run(command)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        return done.stderr.strip()

    def note(self, command: str) -> str:
        """Run a command that must work; return what it says beside its rows."""
        done = self.run(command)
        assert done.returncode == 0, done.stderr
        return done.stderr.strip()

    def rows(self, command: str) -> list[Row]:
        """Run a show command; return its rows with all columns."""
        return [json.loads(line) for line in self.cli(f"{command} --json").splitlines()]


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until it is so; fail where it does not come about."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail("what was waited for did not come about")
        time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def running_switch(switch: Switch) -> Iterator[Switch]:
    """Run the daemon, and show its log where the test fails."""
    try:
        switch.start()
        yield switch
    finally:
        try:
            switch.stop()
        finally:
            sys.stderr.write(switch.log)


@pytest.fixture
def lab_switch(tmp_path: Path) -> Callable[[Lab], contextlib.AbstractContextManager[Switch]]:
    """Starts a daemon on a lab's mirror port."""

    def start(lab: Lab) -> contextlib.AbstractContextManager[Switch]:
        return running_switch(Switch(tmp_path, lab.run_in_switch, "--interface", lab.mirror))

    return start
