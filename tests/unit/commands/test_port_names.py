"""Ports by name: in filters, and printed, whether rows are made one by one or whole columns at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podwire.__main__ import main
from podwire.commands import connection

CAPTURE = Path(__file__).parents[2] / "cases" / "pcap"
CASES = sorted(str(path) for path in CAPTURE.glob("*/capture.pcap"))


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["replay", *CASES, "connection-show", *words, "parsable-delim", ","]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("single_rows", [5_000, 0])
@pytest.mark.parametrize("words", [[], ["sort-desc", "dst-port"], ["sort-asc", "id", "limit-output", "7"]], ids=str)
def test_names_take_the_place_of_numbers(
    words: list[str], single_rows: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_SINGLE_ROWS", single_rows)
    both = [line.split(",") for line in shown(capsys, "format", "id,dst-port,app", *words)]
    assert both
    named = shown(capsys, "format", "id,dst-port", *words, "port-names")
    assert named == [f"{number},{app or port}" for number, port, app in both]
    assert shown(capsys, "format", "app,id,dst-port", *words, "port-names") == [
        f"{app},{number},{app or port}" for number, port, app in both
    ]
    assert shown(capsys, "format", "id", *words, "port-names") == [number for number, *_ in both]


def test_filters_take_names(capsys: pytest.CaptureFixture[str]) -> None:
    by_name = shown(capsys, "dst-port", "http,http-alt,1-52")
    assert by_name
    assert by_name == shown(capsys, "dst-port", "80,8080,1-52")
    assert shown(capsys, "not", "dst-port", "domain") == shown(capsys, "not", "dst-port", "53")


def test_what_programs_read_has_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("--json", "--csv"):
        assert main(["replay", CASES[0], "connection-show", "port-names", word]) == 1
        assert f"port-names and {word} exclude each other" in capsys.readouterr().err
    assert main(["replay", CASES[0], "connection-show", "no-port-names", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out.splitlines()[0])["dst-port"], int)


def test_a_name_that_nobody_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", CASES[0], "connection-show", "dst-port", "htttp"]) == 1
    assert "dst-port: 'htttp' is not a number from 0 to 65535" in capsys.readouterr().err
