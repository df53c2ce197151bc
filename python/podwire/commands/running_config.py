"""`running-config-show`: the configuration as commands that rebuild it on an empty switch.

What a noun's handler does not say by itself (`running_config`) is worked out from the catalog: a noun with the verb
create gives a command a row, settings with the verb modify one command, with those options that are columns too.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podwire.catalog.nouns import Flag, Noun, Parameter
from podwire.catalog.running_config import RUNNING_CONFIG
from podwire.catalog.units import NS_PER_SECOND
from podwire.commands.answer import Answer
from podwire.commands.handlers import ConfigCommand, Handler
from podwire.commands.query import Query, option_name, parse_query
from podwire.commands.show import answer_rows
from podwire.support.clock import Clock


class RunningConfigHandler:
    """Asks every noun that can be changed for its commands."""

    noun = RUNNING_CONFIG

    def __init__(self, handlers: Sequence[Handler], *, clock: Clock) -> None:
        self._handlers = [each for each in handlers if each.noun.verb("create") or each.noun.verb("modify")]
        self._clock = clock

    async def show(self, query: Query) -> Answer:
        """Return a row a command, in an order in which they can be given."""
        found: list[tuple[int, str]] = []
        for handler in self._handlers:
            commands = await self._commands(handler)
            found.extend((command.stage, _line(handler.noun, command)) for command in commands)
        rows = [{"command": line} for _, line in sorted(found, key=lambda each: each[0])]
        return answer_rows(query, rows, now_ns=self._clock.now_ns())

    async def _commands(self, handler: Handler) -> Sequence[ConfigCommand]:
        own = getattr(handler, "running_config", None)
        if own is not None:
            commands: Sequence[ConfigCommand] = own()
            return commands
        verb = "create" if handler.noun.verb("create") else "modify"
        query = parse_query(handler.noun, [("format", "all")], now_ns=self._clock.now_ns())
        rows = (await handler.show(query)).as_rows()
        # Settings come before what they may allow.
        stage = 1 if verb == "create" else 0
        return [ConfigCommand(verb, _known(handler.noun, verb, row), stage) for row in rows]


def _known(noun: Noun, verb: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row that are options of the verb, in the order of the options."""
    declared = noun.verb(verb)
    assert declared is not None
    names = [option_name(option) for option in declared.options]
    return {name: row[name] for name in names if row.get(name) is not None}


def _line(noun: Noun, command: ConfigCommand) -> str:
    """Write a command as it is typed, each value so that it is read as exactly that value."""
    verb = noun.verb(command.verb)
    assert verb is not None
    options = {option_name(option): option for option in verb.options}
    words = [f"{noun.name}-{command.verb}"]
    for name, value in command.values.items():
        words += _words(options[name], value)
    return shlex.join(words)


def _words(option: Parameter | Flag, value: Any) -> Iterable[str]:
    if isinstance(option, Flag):
        return [option.yes if value else option.no]
    if option.type.name in ("duration", "latency"):
        seconds, rest = divmod(value, NS_PER_SECOND)
        return [option.keyword, f"{value}ns" if rest else f"{seconds}s"]
    return [option.keyword, option.type.show_raw(value)]
