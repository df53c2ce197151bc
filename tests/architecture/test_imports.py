"""The layout shows the architecture: imports run one way, and each outside world has one home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "python" / "podwire"
ROOMS = sorted(path for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py")))


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_says_what_enters(room: Path) -> None:
    text = (room / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""'), f"{room.name}/__init__.py has no first words"


SOURCES = sorted((*PACKAGE.rglob("*.py"), *(ROOT / "lab").rglob("*.py")))
HEAVY = ("litestar", "aiohttp", "pyarrow", "kubernetes_asyncio", "prompt_toolkit", "podwire.commands", "podwire.kube")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_has_outgrown_its_purpose(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines, f"{path} is empty"
    assert len(lines) <= 400, f"{path} has {len(lines)} lines: is it one thing?"


def test_a_one_shot_command_imports_neither_daemon_nor_shell() -> None:
    code = (
        "import sys; from podwire.__main__ import main; main(['cli', '--socket', '/nonexistent', 'vport-show']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_replay_imports_neither_event_loop_nor_arrow() -> None:
    case = ROOT / "tests" / "cases" / "pcap" / "both-open" / "capture.pcap"
    heavy = ("asyncio", "logging", "duckdb", *(name for name in HEAVY if name != "podwire.commands"))
    code = (
        f"import sys; from podwire.__main__ import main; main(['replay', {str(case)!r}]);"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
