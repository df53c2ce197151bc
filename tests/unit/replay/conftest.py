"""The real command over captures that the tests write."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

CASES = Path(__file__).parents[2] / "cases" / "pcap"
PODWIRE = Path(sys.executable).with_name("podwire")

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """The writer of the stories."""
    return _module("make")


@pytest.fixture(scope="session")
def packets() -> ModuleType:
    """The builder of frames and traces."""
    return _module("packets")


def _module(name: str) -> ModuleType:
    sys.path.insert(0, str(CASES))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(CASES))


@pytest.fixture
def written(make: ModuleType, tmp_path: Path) -> Callable[[str], str]:
    """Writes a story to a file and returns its path."""

    def write(story: str) -> str:
        path = tmp_path / f"{story}.pcap"
        getattr(make, story)().trace.write(path)
        return str(path)

    return write


@pytest.fixture
def replay() -> Callable[..., Done]:
    """Runs `podwire replay` with these words; `stdin` is what comes on standard input."""

    def run(*words: str, stdin: bytes = b"") -> Done:
        done = subprocess.run([PODWIRE, "replay", *words], input=stdin, capture_output=True, check=False, timeout=120)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
