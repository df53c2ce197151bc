"""Detectors of other packages are found by their entry points; a broken one is named and breaks nothing."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from podwire.cni import DETECTORS
from podwire.engine.detectors import GROUP, GuardedDetector, load
from podwire.model.evidence import Evidence, Node
from podwire.model.findings import CniFinding, NetworkType

MODULE = """
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay

def detect(evidence):
    if not any("acme.example/net" in node.annotations for node in evidence.nodes):
        return None
    tunnel = Overlay(Encapsulation.VXLAN, 4790, 9)
    return CniFinding("acme", "vxlan", NetworkType.OVERLAY, (tunnel,), because=("annotated",), confidence=90)

def wrong(evidence):
    return "acme"

def raising(evidence):
    raise KeyError("acme")
"""
POINTS = """[podwire.cni]
acme = podwire_acme:detect
b-wrong = podwire_acme:wrong
c-raising = podwire_acme:raising
d-missing = podwire_nowhere:detect
e-missing = podwire_acme:nothing
"""
OBJECTS = """
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "annotations": {"acme.example/net": "1"}}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a package as pip would install it."""
    info = tmp_path / "podwire_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: podwire-acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "podwire_acme.py").write_text(MODULE)
    return tmp_path


def test_what_is_installed_is_asked_and_what_is_broken_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    found = load(importlib.metadata.entry_points(group=GROUP))
    assert [each.name for each in found] == ["acme", "b-wrong", "c-raising", "d-missing", "e-missing"]
    evidence = Evidence(nodes=(Node("n", annotations={"acme.example/net": "1"}),))
    answers = [each(evidence) for each in found]
    assert [each.plugin for each in answers if each] == ["acme"]
    faults = [each.fault for each in found]
    assert faults[0] == ""
    assert "b-wrong answers a str where a whole CniFinding is expected" in faults[1]
    assert "c-raising raises KeyError" in faults[2]
    assert "d-missing raises ModuleNotFoundError" in faults[3]
    assert "e-missing raises AttributeError" in faults[4]


def test_a_detector_that_works_again_is_not_named_any_more() -> None:
    answers: list[object] = [
        CniFinding("acme", "vxlan", cast("NetworkType", "x"), because=cast("tuple[str]", 7)),
        CniFinding("acme", "vxlan", NetworkType.OVERLAY),
    ]
    detector = GuardedDetector("acme", lambda _evidence: answers.pop(0))
    assert detector(Evidence()) is None
    assert detector.fault
    assert detector(Evidence()) is not None
    assert detector.fault == ""


def test_the_commands_find_it_too(site: Path) -> None:
    objects = site / "node.json"
    objects.write_text(OBJECTS)
    code = "import sys; from podwire.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "k8s-check", "--objects", str(objects), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
    )
    assert '"acme"' in done.stdout, done.stderr
    assert "d-missing" in done.stderr


def test_podwires_own_are_no_entry_points() -> None:
    assert not importlib.metadata.entry_points(group=GROUP)
    assert len(DETECTORS) == len(set(DETECTORS))
