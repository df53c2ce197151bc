"""Wide tables on terminals: nothing is lost, nothing is wider than the terminal, and files see none of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from podwire.catalog import NOUNS
from podwire.cli.render import render
from podwire.cli.screen import Screen, screen_of
from podwire.cli.transport import Answer
from podwire.cli.view import View

VPORT = next(noun for noun in NOUNS if noun.name == "vport")
CONNECTION = next(noun for noun in NOUNS if noun.name == "connection")
COLUMNS = ["owner", "mac", "ip", "svc-name", "entity"]


def answer(rows: int) -> Answer:
    made = [
        {"owner": "leaf1", "mac": "88:88:88:bf:5d:be", "ip": f"10.0.0.{at}", "svc-name": "pluribus", "entity": f"p{at}"}
        for at in range(rows)
    ]
    return Answer(made, COLUMNS, rows)


def test_a_folded_table() -> None:
    text = render(VPORT, answer(2), View(), Screen(width=44, height=40))
    blocks = text.split("\n\n")
    assert len(blocks) > 1
    assert all(block.startswith("ip ") for block in blocks)
    assert {word for block in blocks for word in block.split("\n")[0].split()} == set(COLUMNS)


@given(st.integers(1, 60), st.integers(1, 200), st.integers(1, 50))
def test_every_cell_is_there_and_no_line_is_too_long(rows: int, width: int, height: int) -> None:
    text = render(VPORT, answer(rows), View(), Screen(width=width, height=height))
    printed = text.split()
    for at in range(rows):
        assert printed.count(f"p{at}") >= 1
        assert printed.count(f"10.0.0.{at}") >= 1
    widest = max(len("88:88:88:bf:5d:be"), width)
    assert all(len(line) <= widest for line in text.splitlines())


def test_a_table_that_fits_is_left_alone() -> None:
    assert render(VPORT, answer(3), View(), Screen(width=80)) == render(VPORT, answer(3), View())


def test_colours_change_no_text() -> None:
    made = Answer([{"src-ip": "10.0.0.1", "cur-state": state} for state in ("est", "rst", "")], ["src-ip", "cur-state"])
    plain = render(CONNECTION, made, View())
    coloured = render(CONNECTION, made, View(), Screen(width=80, has_colour=True))
    assert "\x1b[32mest\x1b[0m" in coloured
    assert coloured.startswith("\x1b[1m")
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


class _Stream:
    def __init__(self, *, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def test_what_can_be_drawn_on() -> None:
    terminal, pipe = _Stream(is_terminal=True), _Stream(is_terminal=False)
    assert screen_of(terminal, {"TERM": "xterm"}).has_colour  # type: ignore[arg-type]
    assert not screen_of(terminal, {"TERM": "xterm", "NO_COLOR": "1"}).has_colour  # type: ignore[arg-type]
    assert screen_of(terminal, {"TERM": "xterm", "NO_COLOR": "1"}).width  # type: ignore[arg-type]
    for stream, environment in ((terminal, {"TERM": "dumb"}), (terminal, {}), (pipe, {"TERM": "xterm"})):
        assert screen_of(stream, environment) == Screen()  # type: ignore[arg-type]
