"""Every example of the command reference, run against a real daemon in the order of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from podwire.catalog import NOUNS, Flag
from podwire.catalog.option_examples import EXAMPLES
from podwire.catalog.show_options import OUTPUT_OPTIONS, SWITCHES, TIME_OPTIONS
from podwire.cli.main import run_cli

from .conftest import Switch

NEED_A_CLUSTER = ("k8s-connection-", "k8s-path-")
"""Their examples name a kubeconfig, a cluster and Pods that are not here: they are understood, and may be refused."""


@pytest.fixture(autouse=True)
def _one_answer_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What would ask again and again is interrupted when it waits for the first time."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("podwire.cli.execute.time.sleep", interrupt)
    monkeypatch.chdir(tmp_path)


def test_every_option_has_its_example() -> None:
    options = {each.name if isinstance(each, Flag) else each.keyword for each in (*OUTPUT_OPTIONS, *TIME_OPTIONS)}
    assert set(EXAMPLES) == options | {each.word for each in SWITCHES} | {"not"}
    assert all(f" {name} " in f"{line} " for name, line in EXAMPLES.items())


@pytest.mark.parametrize("line", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_of_options(switch: Switch, line: str, capsys: Any, tmp_path: Path) -> None:
    status = run_cli(["--socket", str(switch.folder / "s"), "-c", line])
    assert status == 0, capsys.readouterr().err
    assert (tmp_path / "connections.parquet").exists() == ("--parquet" in line)


@pytest.mark.parametrize("line", [line for noun in NOUNS for line in noun.examples])
def test_examples_of_nouns(switch: Switch, line: str, capsys: Any) -> None:
    status = run_cli(["--socket", str(switch.folder / "s"), "-c", line])
    error = capsys.readouterr().err
    if line.startswith(NEED_A_CLUSTER) and status:
        assert error.count("\n") == 1
        assert not any(text in error for text in ("unknown", "is not", "did you mean", "exclude"))
        return
    assert status == 0, error
