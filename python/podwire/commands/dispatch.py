"""Takes a noun, a verb and plain values from outside, checks them against the catalog, and has them carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

from podwire.catalog import Flag, Noun, Parameter, Verb
from podwire.catalog.types import INTERFACES, VLANS
from podwire.commands.answer import Answer
from podwire.commands.handlers import ActingHandler, Handler, Values
from podwire.commands.query import option_name, parse_query
from podwire.support.clock import Clock
from podwire.support.errors import NotFoundError, UsageError

Maker = Callable[[], Handler]


class Commands:
    """Every command of this switch.

    `later` makes handlers by the names of their nouns, each when it is first asked for.
    """

    def __init__(
        self, handlers: Iterable[Handler], *, clock: Clock, later: Mapping[str, Maker] = MappingProxyType({})
    ) -> None:
        self._handlers = {handler.noun.name: handler for handler in handlers}
        self._later = later
        self._clock = clock

    async def show(self, noun: Noun, params: Iterable[tuple[str, str]]) -> Answer:
        """Answer a show command given as (keyword, text) pairs."""
        query = parse_query(noun, params, now_ns=self._clock.now_ns())
        return await self._handler(noun).show(query)

    async def act(self, noun: Noun, verb_name: str, values: Mapping[str, Any]) -> Answer:
        """Carry out a verb given its raw values by option name."""
        verb = noun.verb(verb_name)
        if verb is None:
            msg = f"There is no {noun.name}-{verb_name}."
            raise NotFoundError(msg)
        checked = check_values(noun, verb, values)
        handler = cast("ActingHandler", self._handler(noun))
        return Answer(notes=list(await handler.act(verb_name, checked)))

    def _handler(self, noun: Noun) -> Handler:
        if noun.name not in self._handlers:
            if noun.name not in self._later:
                msg = f"{noun.name} is not available here: it needs the daemon (podwire serve)."
                raise NotFoundError(msg)
            self._handlers[noun.name] = self._later[noun.name]()
        return self._handlers[noun.name]


def check_values(noun: Noun, verb: Verb, values: Mapping[str, Any]) -> Values:
    """Return `values` with each one of its type. Raises UsageError for what is unknown, missing or ill-formed."""
    command = f"{noun.name}-{verb.name}"
    options = {option_name(option): option for option in verb.options}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        option = options.get(name)
        if option is None:
            msg = f"{command}: unknown option '{name}'"
            raise UsageError(msg)
        checked[name] = (
            _flag(command, option, value) if isinstance(option, Flag) else _parameter(command, option, value)
        )
    for name, option in options.items():
        if option.is_required and name not in checked:
            msg = f"{command}: {name} is required"
            raise UsageError(msg)
    keys = {column.name for column in noun.columns if column.is_key}
    if verb.needs_one and not checked.keys() - keys:
        msg = f"{command}: give at least one of {', '.join(name for name in options if name not in keys)}"
        raise UsageError(msg)
    return checked


def _flag(command: str, flag: Flag, value: Any) -> bool:
    words = {flag.yes: True, flag.no: False, "true": True, "false": False}
    found = value if isinstance(value, bool) else words.get(str(value))
    if found is None:
        msg = f"{command}: {flag.name} is {flag.yes} or {flag.no}"
        raise UsageError(msg)
    return found


def _parameter(command: str, parameter: Parameter, value: Any) -> Any:
    """Check a value by its own type's reading; numbers may come as numbers or as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        msg = f"{command}: {parameter.keyword} takes {parameter.value_help}"
        raise UsageError(msg)
    if value == "" and parameter.type in (INTERFACES, VLANS):
        # What the console makes of `any`.
        return ""
    if value == "":
        msg = f"{command}: {parameter.keyword} must not be empty"
        raise UsageError(msg)
    # Text may carry a unit ("5m"); a number is already raw, in the unit of the type.
    if isinstance(value, int) and parameter.type.is_scaled and 0 <= value < 1 << 63:
        return value
    try:
        return parameter.type.parse(str(value))
    except ValueError as error:
        given = "what is given" if parameter.type.is_secret else f"'{value}'"
        msg = f"{command}: {parameter.keyword}: {given} is not {error}"
        raise UsageError(msg) from None
