"""The bar: on a terminal alone, only after a while, and gone in the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from podwire.capture import Progress
from podwire.replay.bar import line

Written = Callable[[str], str]


@pytest.mark.parametrize(
    ("progress", "wanted"),
    [
        (Progress(0, 1000, 0), f"[{'.' * 30}]   0% of 1000  0 packets"),
        (Progress(512 << 20, 1 << 30, 5_000_000), f"[{'#' * 15}{'.' * 15}]  50% of 1.00G  5.00M packets"),
        (Progress(2000, 1000, 7), f"[{'#' * 30}] 100% of 1000  7 packets"),
        (Progress(3 << 20, None, 70_000), "3.00M  70.0K packets"),
        (Progress(0, 0, 0), "0  0 packets"),
    ],
    ids=str,
)
def test_a_moment_of_it(progress: Progress, wanted: str) -> None:
    assert line(progress) == wanted


def test_it_comes_and_goes_on_a_terminal(written: Written, tmp_path: Path) -> None:
    """A pipe that is slow to end stands for a long capture."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = Path(written("handshake")).read_bytes()
    podwire = str(Path(sys.executable).with_name("podwire"))
    child = pexpect.spawn(podwire, ["replay", str(pipe)], encoding="utf-8", timeout=60, dimensions=(24, 100))
    # Opened for both, it does not wait for the reader, who may have failed.
    with pipe.open("r+b", buffering=0) as end:
        end.write(data)
        child.expect(r"\r\S+  \d+ packets\x1b\[K")
    child.expect(r"\r\x1b\[K")
    assert "packets\x1b" not in child.read().partition("switch")[2]
    child.close()
    assert child.exitstatus == 0


def test_an_interrupt_ends_it_while_a_pipe_is_silent(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    podwire = str(Path(sys.executable).with_name("podwire"))
    child = pexpect.spawn(podwire, ["replay", str(pipe)], encoding="utf-8", timeout=60, dimensions=(24, 100))
    child.expect("0 packets")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in str(child.before)
