"""From words to a request: `vport-show svc-name pluribus layout vertical`, checked against the catalog.

An error is one sentence that begins with the command and names the word that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podwire.catalog import Noun, Verb
from podwire.catalog.filters import NOT, parse_condition
from podwire.catalog.show_options import COUNT_COLUMN, SWITCHES
from podwire.catalog.types import PATH, ValueType
from podwire.cli.keywords import COMMANDS, Command, Keyword, keywords
from podwire.cli.secrets import check_line, takes_secret
from podwire.cli.view import View, read_view
from podwire.support.errors import UsageError
from podwire.support.words import advice, nearest, quoted

HELP_WORD = "?"

_COLUMN_LISTS = ("format", "sort-asc", "sort-desc", "sum-by")
_AT_CONSOLE = frozenset({"layout", "parsable-delim", "show-headers", "unscaled", "raw-int-values"})
_AT_CONSOLE |= {"show-interval", "follow", *(switch.word for switch in SWITCHES)}
"""Options of show commands that the switch need not know: how to print, and how often to ask."""

_Given = Mapping[str, tuple[Keyword, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """One command, understood and checked."""

    command: Command
    params: tuple[tuple[str, str], ...] = ()
    """For show: what the server is asked, as typed."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """For other verbs: raw values by option name."""
    view: View = field(default_factory=View)
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
    check_line(words)
    if not words:
        msg = "no command is given; help lists them"
        raise UsageError(msg)
    rest = words[1:]
    command = find_command(words[0], *rest[:1])
    if rest and rest[-1] == HELP_WORD:
        return Request(command, help_status=0)
    if not rest and command.needs_words:
        return Request(command, help_status=1)
    try:
        given = _collect(command, rest)
        if command.verb is None:
            return Request(command, params=_show_params(command.noun, given), view=read_view(command.noun, given))
        return Request(command, values=_values(command, command.verb, given))
    except UsageError as error:
        msg = f"{command.name}: {error}"
        raise UsageError(msg) from None


def find_command(name: str, following: str = "") -> Command:
    """Return the command called `name`. Raises UsageError with the nearest one.

    `following` is the word behind it: elsewhere a command is two words, as in `show vport`.
    """
    command = COMMANDS.get(name)
    if command is None:
        # A whole line that came as one word may hold a password, so that it is not repeated.
        is_line = len(name.split()) > 1
        what = "a command has no blanks in its name" if is_line else f"unknown command {quoted(name)}"
        hint = "write its words apart, without quotes around all" if is_line else _hint(name, following)
        msg = f"{what}; {hint}"
        raise UsageError(msg)
    return command


OUTSIDE = ("serve", "cli", "replay", "report", "k8s-check", "kubeconfig-for", "version")
"""The subcommands of podwire, which are typed in a shell and not here."""


def _hint(name: str, following: str) -> str:
    word = following if name == "podwire" else name
    if word in OUTSIDE:
        return f"in a shell it is 'podwire {word}'"
    near = _meant(name, following)
    return f"did you mean '{near}'?" if near else "help lists them"


def _meant(name: str, following: str) -> str:
    joined = (f"{following}-{name}", f"{name}-{following}") if following else ()
    exact = next((each for each in joined if each in COMMANDS), "")
    is_verb = any(each.endswith(f"-{name}") for each in COMMANDS)
    near = (nearest(each, COMMANDS) for each in (joined if is_verb else (*joined, name)))
    return exact or next(filter(None, near), "")


def _collect(command: Command, words: Sequence[str]) -> dict[str, tuple[Keyword, str]]:
    """Sort the words into fields, each with its word and the text of its value."""
    known = keywords(command.name)
    given: dict[str, tuple[Keyword, str]] = {}
    rest = iter(words)
    before = ""
    try:
        for word in rest:
            name, keyword = _keyword(command, known, word, rest, given)
            _check_first(name, keyword, given)
            before, text = _value_text(keyword, rest, before)
            given[name] = (keyword, text)
    except UsageError as error:
        if before.endswith(","):
            msg = f"{error}; the list {quoted(before)} ends with its comma: write lists without blanks, as in a,b"
            raise UsageError(msg) from None
        raise
    return given


def _keyword(
    command: Command, known: Mapping[str, Keyword], word: str, rest: Iterator[str], given: _Given
) -> tuple[str, Keyword]:
    """Return the field that `word` sets, taking the filter behind a `not` along, and its keyword."""
    negation = word == NOT and word in known
    if negation:
        word = next(rest, "")
    keyword = known.get(word)
    if negation and (keyword is None or not keyword.is_filter):
        columns = [each.text for each in known.values() if each.is_filter]
        hint = advice(word, columns, otherwise=f"see {command.name} ?")
        if not word:
            msg = f"{NOT} needs a column and a value behind it, as in: {NOT} {columns[-1]} VALUE; see {command.name} ?"
            raise UsageError(msg)
        msg = f"{NOT} stands before a column's filter, and {quoted(word)} is none; {hint}"
        raise UsageError(msg)
    if keyword is None:
        raise UsageError(_unknown_option(command, known, word, given))
    return (f"{NOT} {keyword.name}" if negation else keyword.name), keyword


def _unknown_option(command: Command, known: Mapping[str, Keyword], word: str, given: _Given) -> str:
    if not takes_secret(command):
        return f"unknown option {quoted(word)}; {advice(word, known, otherwise=f'see {command.name} ?')}"
    # The word may be a password behind a slip, or a part of one: it is not repeated.
    last = list(given.values())[-1][0].text if given else ""
    place = f"behind the value of {last}" if last else f"behind {command.name}"
    hint = advice(word.partition("=")[0], known, otherwise=f"a value with blanks needs quotes; see {command.name} ?")
    return f"unknown option {place}; {hint}"


def _value_text(keyword: Keyword, rest: Iterator[str], before: str) -> tuple[str, str]:
    """Return the last text that was a value and may be repeated, and the text of this keyword's value."""
    if not keyword.type:
        return before, ""
    text = next(rest, None)
    if text is None:
        msg = f"{keyword.text} needs a value: {keyword.value_help}"
        raise UsageError(msg)
    if not text:
        msg = f"{keyword.text} must not be empty"
        raise UsageError(msg)
    return ("" if keyword.type.is_secret else text), text


def _check_first(name: str, keyword: Keyword, given: _Given) -> None:
    if name not in given:
        return
    before = given[name][0].text
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
            _check_filter(noun, keyword, text)
        elif name in _COLUMN_LISTS:
            _check_columns(noun, name, text, has_sums="sum-by" in given)
        elif keyword.type:
            _read(keyword, text)
        if name not in _AT_CONSOLE:
            params.append((name, text if keyword.type else _truth(says=keyword.says)))
    if any(switch.word in given for switch in SWITCHES) and not given.keys() & {"format", "sum-by"}:
        params.append(("format", "all"))
    return tuple(params)


def _truth(*, says: bool) -> str:
    return "true" if says else "false"


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


def _check_columns(noun: Noun, option: str, text: str, *, has_sums: bool) -> None:
    """Check a list of columns; a trailing comma is tolerated, as NetVisor does."""
    if option == "format" and text.strip() == "all":
        return
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        msg = f"{option}: {quoted(text)} names no column"
        raise UsageError(msg)
    known = [column.name for column in noun.columns]
    if has_sums and option != "sum-by":
        known.append(COUNT_COLUMN.name)
    for name in names:
        if name not in known:
            hint = advice(name, known, otherwise=f"see {noun.show_command} ?")
            msg = f"{option}: there is no column {quoted(name)}; {hint}"
            raise UsageError(msg)


def _check_filter(noun: Noun, keyword: Keyword, text: str) -> None:
    """Check a filter as the switch will read it."""
    column = noun.filter(keyword.name)
    assert column is not None
    parse_condition(column, text)


def _read(keyword: Keyword, text: str) -> Any:
    """Return the raw value of `text`. Raises UsageError with what is expected."""
    assert keyword.type is not None
    if keyword.choices and text not in keyword.choices and not keyword.type.choices:
        msg = f"{keyword.text}: {quoted(text)} is not one of {', '.join(keyword.choices)}"
        raise UsageError(msg)
    try:
        return _absolute(text) if keyword.type is PATH and not keyword.is_filter else keyword.type.parse(text)
    except ValueError as error:
        if keyword.type.is_secret:
            msg = f"{keyword.text}: what is given is not {error}"
            raise UsageError(msg) from None
        near = advice(text, keyword.type.choices, otherwise="")
        msg = f"{keyword.text}: {quoted(text)} is not {_expected(keyword.type, error)}{'; ' * bool(near)}{near}"
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
