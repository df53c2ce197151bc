"""The page on CNI detection names every plugin, and every backend that the cases show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "cases" / "cni").glob("*/expected.json"))
ROWS = [
    line
    for line in (ROOT / "docs" / "explanation" / "cni-detection.md").read_text().splitlines()
    if line.startswith("| `")
]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_the_page_has_it(path: Path) -> None:
    finding = json.loads(path.read_text())["finding"]
    if finding is None or finding["backend"] == "unknown":
        return
    row = next(line for line in ROWS if f"`{finding['plugin']}`" in line.split("|")[1])
    for backend in finding["backend"].split("+"):
        assert f"`{backend}`" in row.split("|")[2]


def test_the_support_matrix_is_current() -> None:
    script = ROOT / "scripts" / "write-support"
    done = subprocess.run([sys.executable, script, "--check"], check=False)
    assert done.returncode == 0, "run scripts/write-support"
