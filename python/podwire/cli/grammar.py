"""From words to a request: `vport-show svc-name pluribus layout vertical`, checked against the catalog.

An error is one sentence that begins with the command and names the word that does not fit.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podwire.catalog import Noun, Verb
from podwire.catalog.show_options import JSON_SWITCH
from podwire.catalog.types import PATH, ValueType
from podwire.cli.keywords import COMMANDS, Command, Keyword, keywords
from podwire.cli.text import quoted
from podwire.cli.words import advice, check_words
from podwire.support.errors import UsageError

HELP_WORD = "?"

_VIEW_WORDS = frozenset({"layout", "parsable-delim", "show-headers", "count-output", "unscaled", JSON_SWITCH})
"""Options of show commands that stay at the console: how to print."""
_NOT_WITH_JSON = ("layout", "parsable-delim", "show-headers", "count-output")
_COLUMN_LISTS = ("format", "sort-asc", "sort-desc")

_Given = Mapping[str, tuple[Keyword, str]]


@dataclass(frozen=True, slots=True)
class View:
    """How a show command's rows are printed."""

    is_vertical: bool = False
    delimiter: str | None = None
    """What separates the values of parsable output; None for a table."""
    has_headers: bool | None = None
    """None where it was not said: a table has them, parsable output has not."""
    has_count: bool = False
    is_unscaled: bool = False
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One command, understood and checked."""

    command: Command
    params: tuple[tuple[str, str], ...] = ()
    """For show: what the server is asked, as typed."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """For other verbs: raw values by option name."""
    view: View = View()
    help_status: int | None = None
    """Set where help is to be printed instead: the exit status that goes with it."""

    @property
    def noun(self) -> Noun:
        """The noun of the command."""
        return self.command.noun

    @property
    def verb(self) -> Verb | None:
        """The verb of the command; None for show."""
        return self.command.verb


def parse(words: Sequence[str]) -> Request:
    """Make a request of the words of one command. Raises UsageError for the first word that does not fit."""
    check_words(words)
    if not words:
        msg = "no command is given; help lists them"
        raise UsageError(msg)
    command = find_command(words[0])
    rest = words[1:]
    if rest and rest[-1] == HELP_WORD:
        return Request(command, help_status=0)
    if not rest and command.needs_words:
        return Request(command, help_status=1)
    try:
        given = _collect(command, rest)
        if command.verb is None:
            return Request(command, params=_show_params(command.noun, given), view=_view(command.noun, given))
        return Request(command, values=_values(command, command.verb, given))
    except UsageError as error:
        msg = f"{command.name}: {error}"
        raise UsageError(msg) from None


def find_command(name: str) -> Command:
    """Return the command called `name`. Raises UsageError with the nearest one."""
    command = COMMANDS.get(name)
    if command is None:
        msg = f"unknown command {quoted(name)}; {advice(name, COMMANDS, otherwise='help lists them')}"
        raise UsageError(msg)
    return command


def _collect(command: Command, words: Sequence[str]) -> dict[str, tuple[Keyword, str]]:
    """Sort the words into fields, each with its word and the text of its value."""
    known = keywords(command.name)
    given: dict[str, tuple[Keyword, str]] = {}
    rest = iter(words)
    for word in rest:
        keyword = known.get(word)
        if keyword is None:
            msg = f"unknown option {quoted(word)}; {advice(word, known, otherwise=f'see {command.name} ?')}"
            raise UsageError(msg)
        _check_first(keyword, given)
        text = next(rest, None) if keyword.type else ""
        if text is None:
            msg = f"{keyword.text} needs a value: {keyword.value_help}"
            raise UsageError(msg)
        if keyword.type and not text:
            msg = f"{keyword.text} must not be empty"
            raise UsageError(msg)
        given[keyword.name] = (keyword, text)
    return given


def _check_first(keyword: Keyword, given: _Given) -> None:
    if keyword.name not in given:
        return
    before = given[keyword.name][0].text
    if before != keyword.text:
        msg = f"'{keyword.text}' contradicts '{before}'"
    elif keyword.is_filter:
        msg = f"{keyword.text} is given twice; separate several values with commas"
    else:
        msg = f"{keyword.text} is given twice"
    raise UsageError(msg)


def _show_params(noun: Noun, given: _Given) -> tuple[tuple[str, str], ...]:
    """Check the values of a show command; return those that the server is to see."""
    params = []
    for name, (keyword, text) in given.items():
        if keyword.is_filter:
            _check_filter(keyword, text)
        elif name in _COLUMN_LISTS:
            _check_columns(noun, name, text)
        elif keyword.type:
            _read(keyword, text)
        if name not in _VIEW_WORDS:
            params.append((name, text if keyword.type else _truth(says=keyword.says)))
    if JSON_SWITCH in given and "format" not in given:
        params.append(("format", "all"))
    return tuple(params)


def _truth(*, says: bool) -> str:
    return "true" if says else "false"


def _view(noun: Noun, given: _Given) -> View:
    def says(name: str) -> bool | None:
        return given[name][0].says if name in given else None

    if JSON_SWITCH in given:
        other = next((given[name][0].text for name in _NOT_WITH_JSON if name in given), None)
        if other is not None:
            msg = f"{JSON_SWITCH} and {other} exclude each other"
            raise UsageError(msg)
    layout = given["layout"][1] if "layout" in given else "vertical" if noun.is_singleton else "horizontal"
    return View(
        is_vertical=layout == "vertical",
        delimiter=given["parsable-delim"][1] if "parsable-delim" in given else None,
        has_headers=says("show-headers"),
        has_count=says("count-output") is True,
        is_unscaled=says("unscaled") is True,
        is_json=JSON_SWITCH in given,
    )


def _values(command: Command, verb: Verb, given: _Given) -> dict[str, Any]:
    """Check the values of a verb; return them raw."""
    values = {name: _read(keyword, text) if keyword.type else keyword.says for name, (keyword, text) in given.items()}
    known = keywords(command.name).values()
    missing = next((word.name for word in known if word.is_required and word.name not in values), None)
    if missing is not None:
        msg = f"{missing} is required"
        raise UsageError(msg)
    keys = {column.name for column in command.noun.columns if column.is_key}
    if verb.needs_one and not values.keys() - keys:
        msg = f"give at least one of {', '.join(dict.fromkeys(word.name for word in known if word.name not in keys))}"
        raise UsageError(msg)
    return values


def _check_columns(noun: Noun, option: str, text: str) -> None:
    """Check a list of columns; a trailing comma is tolerated, as NetVisor does."""
    if option == "format" and text == "all":
        return
    names = [name for name in text.split(",") if name]
    if not names:
        msg = f"{option}: {quoted(text)} names no column"
        raise UsageError(msg)
    known = [column.name for column in noun.columns]
    for name in names:
        if name not in known:
            hint = advice(name, known, otherwise=f"see {noun.show_command} ?")
            msg = f"{option}: there is no column {quoted(name)}; {hint}"
            raise UsageError(msg)


def _check_filter(keyword: Keyword, text: str) -> None:
    """Check a filter: one value, a list with commas, a network (addresses), or `low..high` (numbers)."""
    assert keyword.type is not None
    if keyword.type.is_list:
        return
    if keyword.type.is_number and ".." in text:
        for bound in text.split("..", 1):
            _read(keyword, bound)
        return
    parts = [part for part in text.split(",") if part]
    if not parts:
        msg = f"{keyword.text}: {quoted(text)} holds no value"
        raise UsageError(msg)
    is_network = keyword.type.is_address and "/" in text
    for part in parts:
        if is_network:
            _check_network(keyword, part)
        else:
            _read(keyword, part)


def _check_network(keyword: Keyword, text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{keyword.text}: {quoted(text)} is not an address or a network such as 10.10.0.0/16"
        raise UsageError(msg) from None


def _read(keyword: Keyword, text: str) -> Any:
    """Return the raw value of `text`. Raises UsageError with what is expected."""
    assert keyword.type is not None
    if keyword.choices and text not in keyword.choices and not keyword.type.choices:
        msg = f"{keyword.text}: {quoted(text)} is not one of {', '.join(keyword.choices)}"
        raise UsageError(msg)
    try:
        return _absolute(text) if keyword.type is PATH and not keyword.is_filter else keyword.type.parse(text)
    except ValueError as error:
        msg = f"{keyword.text}: {quoted(text)} is not {_expected(keyword.type, error)}"
        raise UsageError(msg) from None


def _expected(value_type: ValueType, error: ValueError) -> str:
    """Say what is expected: a range as help writes it, else in the type's own words."""
    return value_type.word if ".." in value_type.word else str(error)


def _absolute(text: str) -> str:
    """Make a path absolute, since the daemon stands in another folder than the person who types."""
    try:
        return str(Path(text).expanduser().absolute())
    except (RuntimeError, OSError):
        msg = "a path that can be followed from here"
        raise ValueError(msg) from None
