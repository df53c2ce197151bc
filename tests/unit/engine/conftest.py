"""A real packet core, and the builder of the frames that it reads."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from podwire.capture import Capture

CASES = Path(__file__).parents[2] / "cases" / "pcap"


@pytest.fixture
def capture() -> Iterator[Capture]:
    core = Capture()
    core.set_collecting(True)
    yield core
    core.close()


@pytest.fixture(scope="session")
def packets() -> ModuleType:
    """The builder of frames and traces."""
    sys.path.insert(0, str(CASES))
    try:
        return importlib.import_module("packets")
    finally:
        sys.path.remove(str(CASES))
