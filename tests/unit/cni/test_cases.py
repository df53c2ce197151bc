"""Every detector on every case: the right one answers as the case expects, the others are silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podwire import cni
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding

Load = Callable[..., Evidence]
CASES = sorted((Path(__file__).parents[2] / "cases" / "cni").iterdir())


def summary(finding: CniFinding) -> dict[str, Any]:
    """The finding as expected.json writes it."""
    overlays = [{"kind": str(each.kind), "port": each.port, "vni": each.vni} for each in finding.overlays]
    built: dict[str, Any] = msgspec.to_builtins(finding)
    return {**built, "overlays": overlays, "pod_cidrs": list(finding.pod_cidrs)}


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_right_detector_answers_alone(folder: Path, load_evidence: Load) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    evidence = load_evidence(folder / "objects.yaml")
    evidence = msgspec.structs.replace(evidence, denied=frozenset(expected.get("denied", ())))
    answers = [finding for detect in cni.DETECTORS if (finding := detect(evidence)) is not None]
    wanted = [] if expected["finding"] is None else [expected["finding"]["plugin"]]
    assert [finding.plugin for finding in answers] == wanted
    for judged in cni.judge(evidence):
        seen = summary(judged)
        said = seen.pop("because")
        assert seen == expected["finding"]
        for part in expected["because"]:
            assert any(part in sentence for sentence in said), said


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_finding_is_the_same_twice_and_tells_no_secret(folder: Path, load_evidence: Load) -> None:
    evidence = load_evidence(folder / "objects.yaml")
    findings = cni.judge(evidence)
    assert findings == cni.judge(evidence)
    assert all("not-to-be-shown" not in sentence for finding in findings for sentence in finding.because)
