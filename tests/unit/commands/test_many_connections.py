"""A long table is answered whole columns at a time, and says the same as one that is answered row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from podwire.__main__ import main
from podwire.commands import connection

CASES = Path(__file__).parents[2] / "cases" / "pcap"
CAPTURES = sorted(CASES.glob("*/capture.pcap"))[:12]
COMMANDS = (
    "connection-show --json",
    "connection-show --json not dst-port 80 src-ip *1",
    "connection-show --json sort-asc src-port limit-output 3",
    "connection-show --json sort-asc src-ip,dst-ip sort-desc id limit-output 5",
    "connection-show --json sort-desc app,cur-state limit-output 4",
    "connection-show format src-ip,app,cur-state sort-asc app limit-output 4 count-output",
    "connection-show sum-by dst-ip count-output",
    "connection-show sum-by dst-ip format dst-ip,count sort-asc count,dst-ip",
    "connection-show sum-by proto,dst-port format proto,dst-port,obytes sort-desc count,dst-port limit-output 3",
    "connection-show sum-by cur-state sort-asc cur-state count-output-sum limit-output 1",
    "connection-show count-output-sum limit-output 1 dst-port 1-1000",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.parent.name)
def test_both_ways_agree(
    capture: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["replay", str(capture), *command.split()]
    assert main(words) == 0
    rows = capsys.readouterr().out
    monkeypatch.setattr(connection, "MOST_SINGLE_ROWS", 0)
    assert main(words) == 0
    assert capsys.readouterr().out == rows
