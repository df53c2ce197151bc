"""Whatever is typed, the console says one sentence: no line ends in a traceback."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.catalog import NOUNS
from podwire.cli.complete import complete
from podwire.cli.grammar import Request, parse
from podwire.cli.help import command_help
from podwire.cli.keywords import COMMANDS, keywords
from podwire.cli.render import render
from podwire.cli.transport import Answer
from podwire.cli.words import split
from podwire.support.errors import UsageError

_WORDS = sorted(
    {word for name in COMMANDS for word in keywords(name)} | set(COMMANDS) | {"?", "switch", "switch-local"}
)
_VALUES = (
    "10.0.0.1",
    "10.0.0.0/8",
    "1..5",
    "a,b",
    "1h",
    "2026-01-01",
    "9" * 400,
    "-1",
    "1e400",
    "0001-01-01",
    "~x",
    "",
)
_LINES = st.lists(st.one_of(st.sampled_from(_WORDS), st.sampled_from(_VALUES), st.text(max_size=8)), max_size=12)


def check(words: list[str]) -> None:
    try:
        request = parse(words)
    except UsageError as error:
        assert str(error)
    else:
        assert isinstance(request, Request)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text(line: str) -> None:
    complete(line, lambda *_: [])
    try:
        words = split(line)
    except UsageError:
        return
    check(words)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(COMMANDS)), _LINES)
def test_any_words(command: str, words: list[str]) -> None:
    check([command, *words])
    complete(" ".join([command, *words]), lambda *_: ["pluribus"])


@settings(deadline=None)
@given(st.sampled_from(sorted(COMMANDS)))
def test_any_help(command: str) -> None:
    assert command_help(COMMANDS[command]).startswith(command)


_CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=3))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_rows_are_printed_safely(data: st.DataObject) -> None:
    noun = data.draw(st.sampled_from(NOUNS))
    names = [column.name for column in noun.columns]
    rows = data.draw(st.lists(st.dictionaries(st.sampled_from(names), _CELLS), max_size=3))
    words = data.draw(st.sampled_from([[], ["layout", "vertical"], ["parsable-delim", "|"], ["--json"], ["unscaled"]]))
    view = parse([noun.show_command, *words]).view
    printed = render(noun, Answer(rows, names, len(rows)), view)
    assert all(character.isprintable() or character == "\n" for character in printed)
