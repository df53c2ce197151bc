"""The commands, and the words that each one takes: made from the catalog, for grammar, help and completion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from podwire.catalog import NOUNS, Flag, Noun, Option, Verb
from podwire.catalog.filters import NOT
from podwire.catalog.show_options import OUTPUT_OPTIONS, SWITCH_TYPE, SWITCHES, TIME_OPTIONS
from podwire.catalog.types import ValueType

NOT_HELP = "Show the rows that the filter behind this word would leave out."


@dataclass(frozen=True, slots=True)
class Command:
    """One command: a noun and a verb."""

    name: str
    help: str
    noun: Noun
    verb: Verb | None
    """None for show."""

    @property
    def needs_words(self) -> bool:
        """True where the command alone asks for too little: it prints its help then."""
        if self.verb is None:
            return False
        return self.verb.needs_one or any(option.is_required for option in self.verb.options)


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word that a command knows."""

    text: str
    name: str
    """The field that it sets; the two words of a flag set the same one."""
    help: str
    type: ValueType | None = None
    """The type of the value that follows; None for words that stand alone."""
    value_help: str = ""
    choices: tuple[str, ...] = ()
    says: bool = True
    """What a word that stands alone sets its field to."""
    is_filter: bool = False
    is_required: bool = False


def _commands() -> Iterator[Command]:
    for noun in NOUNS:
        yield Command(noun.show_command, noun.show_help, noun, None)
        for verb in noun.verbs:
            yield Command(f"{noun.name}-{verb.name}", verb.help, noun, verb)


COMMANDS: dict[str, Command] = {command.name: command for command in sorted(_commands(), key=lambda each: each.name)}
"""Every command by its name, in alphabetical order."""


@cache
def keywords(name: str) -> dict[str, Keyword]:
    """Return the words that the command called `name` takes, in the order of its help."""
    command = COMMANDS[name]
    words = _show_words(command.noun) if command.verb is None else _option_words(command.verb.options)
    return {word.text: word for word in words}


def _show_words(noun: Noun) -> Iterator[Keyword]:
    """Yield the leading keys, the time window, the other columns, and how to print: the reference page's order."""
    columns = [
        Keyword(
            column.name, column.name, column.help, column.type, column.value_help, column.type.choices, is_filter=True
        )
        for column in noun.columns + noun.filters
    ]
    leading = next((at for at, column in enumerate(noun.columns) if not column.is_key), len(columns))
    yield from columns[:leading]
    yield from _option_words(TIME_OPTIONS if noun.has_times else ())
    yield from columns[leading:]
    yield from _option_words(noun.options + OUTPUT_OPTIONS)
    for switch in SWITCHES:
        value_type = SWITCH_TYPE if switch.type_word else None
        yield Keyword(switch.word, switch.word, switch.help, value_type, switch.type_word)
    yield Keyword(NOT, NOT, NOT_HELP, value_help="column value")


def _option_words(options: Iterable[Option]) -> Iterator[Keyword]:
    for option in options:
        needed = option.is_required
        if isinstance(option, Flag):
            yield Keyword(option.yes, option.name, option.help, is_required=needed)
            yield Keyword(option.no, option.name, option.help, says=False, is_required=needed)
            continue
        yield Keyword(
            option.keyword,
            option.keyword,
            option.help,
            option.type,
            option.value_help,
            option.choices or option.type.choices,
            is_required=needed,
        )
