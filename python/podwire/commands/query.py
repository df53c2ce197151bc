"""What is asked of a table: columns, filters, time window, order, limit. Made from the words of a show command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from podwire.catalog.nouns import Column, Flag, Noun, Option
from podwire.catalog.show_options import OUTPUT_OPTIONS, TIME_OPTIONS
from podwire.commands.conditions import Condition, parse_condition
from podwire.support.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """A closed span of time in nanoseconds since the epoch; None is open. A row is in it if it overlaps."""

    start_ns: int | None = None
    end_ns: int | None = None
    interval_ns: int | None = None
    """Where set: sample the window at this interval, one row a sample."""

    def overlaps(self, first_ns: int | None, last_ns: int | None) -> bool:
        """Say whether something that lasted from first to last was there during the window."""
        after_start = self.start_ns is None or (last_ns is not None and last_ns >= self.start_ns)
        before_end = self.end_ns is None or (first_ns is not None and first_ns <= self.end_ns)
        return after_start and before_end


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed show command."""

    noun: Noun
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...] = ()
    window: Window = Window()
    sort: tuple[tuple[str, bool], ...] = ()
    """(column, descending), most important first."""
    limit: int = 0
    """0 is no limit."""

    @property
    def is_narrowed(self) -> bool:
        """True where filters or a window leave rows out."""
        return bool(self.conditions) or self.window != Window()


def parse_query(noun: Noun, params: Iterable[tuple[str, str]], *, now_ns: int) -> Query:
    """Make a Query of (keyword, text) pairs. Raises UsageError for the first word that does not fit."""
    options = {option_name(option): option for option in _options(noun)}
    given: dict[str, Any] = {}
    conditions = []
    for keyword, text in params:
        column = noun.column(keyword)
        if column is not None:
            conditions.append(parse_condition(column, text))
        elif keyword in options:
            given[keyword] = _option_value(options[keyword], text)
        else:
            msg = f"{noun.show_command}: unknown option '{keyword}'"
            raise UsageError(msg)
    if "interval" in given and noun.column("time") is None:
        msg = f"{noun.show_command}: interval samples tables that keep findings over time; this one has no samples"
        raise UsageError(msg)
    return Query(
        noun,
        _columns(noun, given.get("format"), sampled="interval" in given),
        tuple(conditions),
        _window(given, now_ns),
        _sort(noun, given),
        given.get("limit-output", 0),
    )


def option_name(option: Option) -> str:
    """The name under which an option's value travels."""
    return option.name if isinstance(option, Flag) else option.keyword


def _options(noun: Noun) -> tuple[Option, ...]:
    return OUTPUT_OPTIONS + (TIME_OPTIONS if noun.has_times else ())


def _option_value(option: Option, text: str) -> Any:
    if isinstance(option, Flag):
        return text.lower() in ("", "true", "yes", "on", option.yes)
    try:
        return option.type.parse(text)
    except ValueError as error:
        msg = f"{option.keyword}: '{text}' is not {error}"
        raise UsageError(msg) from None


def _columns(noun: Noun, wanted: str | None, *, sampled: bool) -> tuple[Column, ...]:
    if wanted is None:
        time = noun.column("time") if sampled else None
        return noun.default_columns + ((time,) if time else ())
    if wanted == "all":
        return noun.columns
    return tuple(_known(noun, "format", name) for name in wanted.split(",") if name)


def _sort(noun: Noun, given: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    keys = []
    for keyword, descending in (("sort-asc", False), ("sort-desc", True)):
        names = [name for name in given.get(keyword, "").split(",") if name]
        keys += [(_known(noun, keyword, name).name, descending) for name in names]
    return tuple(keys)


def _known(noun: Noun, keyword: str, name: str) -> Column:
    column = noun.column(name)
    if column is None:
        msg = f"{noun.show_command}: {keyword}: there is no column '{name}'"
        raise UsageError(msg)
    return column


def _window(given: dict[str, Any], now_ns: int) -> Window:
    """Work out the window; where several options speak of the same end, the narrower one holds."""
    starts = [given.get("start-time"), 0 if given.get("since-start") else None]
    ends = [given.get("end-time")]
    duration = given.get("duration")
    if duration is not None and starts[0] is not None:
        ends.append(starts[0] + duration)
    elif duration is not None:
        starts.append((ends[0] if ends[0] is not None else now_ns) - duration)
    if "within-last" in given:
        starts.append(now_ns - given["within-last"])
    if "older-than" in given:
        ends.append(now_ns - given["older-than"])
    if given.get("interval") == 0:
        msg = "interval: it must be longer than 0"
        raise UsageError(msg)
    start = max((start for start in starts if start is not None), default=None)
    end = min((end for end in ends if end is not None), default=None)
    if start is not None and end is not None and start > end:
        msg = "The time options leave no time: the window would start after its end"
        raise UsageError(msg)
    return Window(start, end, given.get("interval"))
