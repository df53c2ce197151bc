"""The help of a command in NetVisor's layout: its words on the left, what they do on the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from podwire.catalog import Flag
from podwire.catalog.show_options import TIME_OPTIONS
from podwire.cli.keywords import COMMANDS, Command, Keyword, keywords

_WITHOUT_OPPOSITE = frozenset(option.name for option in TIME_OPTIONS if isinstance(option, Flag))
"""Flags whose second word says no more than leaving them out; the reference page does not print it."""

BUILT_IN = (
    ("exit", "Leave the console."),
    ("help", "List the commands; help COMMAND, or COMMAND ?, tells of one."),
    ("pager on|off", "Show long output a page at a time, or all at once."),
    ("quit", "Leave the console."),
    ("switch switch-name", "Run the following command on that switch."),
    ("switch-local", "Run the following command on this switch."),
)
"""What the console does by itself."""

_Pair = tuple[str, str]


def general_help(beginning: str = "") -> str:
    """Return the list of commands that begin with `beginning`, each with one line."""
    commands = [(command.name, command.help) for command in COMMANDS.values()]
    return _two_columns(pair for pair in sorted([*commands, *BUILT_IN]) if pair[0].startswith(beginning))


def command_help(command: Command) -> str:
    """Return the help of one command."""
    return _two_columns([(command.name, command.help), *_words(command)])


def words_help(command: Command, beginning: str) -> str:
    """Return the help of those words of a command that begin with `beginning`."""
    words = keywords(command.name).values()
    return _two_columns(_pairs(word for word in words if word.text.startswith(beginning)))


def value_help(keyword: Keyword) -> str:
    """Return the help of one word, whose value is to come: what it takes."""
    return _two_columns(_pairs([keyword]))


def _words(command: Command) -> Iterator[_Pair]:
    words = list(keywords(command.name).values())
    if command.verb is None:
        yield from _pairs(words)
        return
    keys = {column.name for column in command.noun.columns if column.is_key}
    first = [word for word in words if word.is_required or (command.verb.needs_one and word.name in keys)]
    others = [word for word in words if word not in first]
    yield from _pairs(first)
    if others:
        yield (
            "one or more of the following options:" if command.verb.needs_one else "any of the following options:",
            "",
        )
    yield from _pairs(others)


def _pairs(words: Iterable[Keyword]) -> Iterator[_Pair]:
    """Yield a line for each word; the two words of a flag share one."""
    fields: dict[str, list[Keyword]] = {}
    for word in words:
        fields.setdefault(word.name, []).append(word)
    for name, (word, *opposite) in fields.items():
        if word.value_help:
            yield (f"{word.text} {word.value_help}", word.help)
        elif opposite and name not in _WITHOUT_OPPOSITE:
            yield (f"{word.text}|{opposite[0].text}", word.help)
        else:
            yield (word.text, word.help)


def _two_columns(pairs: Iterable[_Pair]) -> str:
    lines = list(pairs)
    # A line that introduces a group is as long as it likes.
    widest = max((len(left) for left, right in lines if right), default=0)
    return "".join(f"{left:{widest}}  {right}".rstrip() + "\n" for left, right in lines)
