"""The stories of `tests/cases/pcap`, and a core to read them with."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.model.overlays import Encapsulation, Overlay

CASES = Path(__file__).parents[2] / "cases" / "pcap"


@dataclass(frozen=True)
class Case:
    """One story on disk."""

    folder: Path
    known: dict[str, Any]

    @property
    def capture_file(self) -> str:
        return str(self.folder / "capture.pcap")

    def prepare(self, capture: Capture) -> None:
        """Tell the core what the story says is known."""
        capture.set_nodes([(address, cluster) for address, cluster in self.known["nodes"]])
        overlays = [
            (Overlay(Encapsulation(kind), port=port, vni=vni, vni_is_identity=identity), cluster)
            for kind, port, vni, identity, cluster in self.known["overlays"]
        ]
        assert capture.set_overlays(overlays) == []


def _cases() -> list[Case]:
    return [Case(path.parent, json.loads(path.read_text())) for path in sorted(CASES.glob("*/case.json"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = _cases()
        metafunc.parametrize("case", cases, ids=[case.folder.name for case in cases])
    if "form" in metafunc.fixturenames:
        forms = _module("make_files").FORMS
        metafunc.parametrize("form", forms, ids=[form.name for form in forms])


@pytest.fixture
def capture() -> Iterator[Capture]:
    core = Capture(keeps_ended=True)
    yield core
    core.close()


@pytest.fixture(scope="session")
def packets() -> ModuleType:
    """The builder of frames and traces."""
    return _module("packets")


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """The writer of the stories."""
    return _module("make")


@pytest.fixture(scope="session")
def forms() -> ModuleType:
    """The writer of captures in every form."""
    return _module("make_files")


def _module(name: str) -> ModuleType:
    sys.path.insert(0, str(CASES))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(CASES))
