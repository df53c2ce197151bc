"""What is asked of a table: columns, filters, time window, order, sums, limit. Made of the words of a show command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from podwire.catalog.nouns import Column, Flag, Noun, Option
from podwire.catalog.show_options import COUNT_COLUMN, OUTPUT_OPTIONS, TIME_OPTIONS
from podwire.catalog.window import Window, make_window
from podwire.commands.conditions import NOT, Condition, parse_condition
from podwire.support.errors import UsageError
from podwire.support.words import advice, quoted

__all__ = ["Query", "Window", "option_name", "parse_query"]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed show command."""

    noun: Noun
    columns: tuple[Column, ...]
    """What is shown, in order; with `sum_by` the groups' columns, `count`, and the sums."""
    conditions: tuple[Condition, ...] = ()
    window: Window = field(default_factory=Window)
    sort: tuple[tuple[str, bool], ...] = ()
    """(column, descending), most important first."""
    limit: int = 0
    """0 is no limit."""
    sum_by: tuple[str, ...] = ()
    """The columns whose equal values make one row."""
    shows_dups: bool = False
    """Whether rows that are equal in every column are all shown."""
    wants_count: bool = False
    """Whether the number of all matching rows is asked for, also of those behind the limit."""
    wants_sums: bool = False
    """Whether the sums of the additive columns over all matching rows are asked for."""
    own: frozenset[str] = frozenset()
    """Those of the noun's own flags that are asked for."""

    @property
    def is_narrowed(self) -> bool:
        """True where filters or a window leave rows out."""
        return bool(self.conditions) or self.window != Window()

    @property
    def source_limit(self) -> int:
        """How many matching rows are enough for the answer, from the first on; 0 where all are needed."""
        needs_all = self.sort or self.sum_by or self.wants_count or self.wants_sums
        return 0 if needs_all else self.limit

    @property
    def needed(self) -> frozenset[str]:
        """The columns that an answer takes: shown, sorted and filtered by, those of the window and of equal rows."""
        names = {column.name for column in self.columns} | {name for name, _ in self.sort} | set(self.sum_by)
        names |= {condition.column.name for condition in self.conditions}
        names |= set(self.noun.times or ()) | {column.name for column in self.noun.columns if column.is_key}
        if self.wants_sums:
            names |= {column.name for column in self.noun.columns if column.is_additive}
        return frozenset(names)


def parse_query(noun: Noun, params: Iterable[tuple[str, str]], *, now_ns: int) -> Query:
    """Make a Query of (keyword, text) pairs. Raises UsageError for the first word that does not fit."""
    options = {option_name(option): option for option in _options(noun)}
    given: dict[str, Any] = {}
    conditions = []
    for keyword, text in params:
        name = keyword.removeprefix(f"{NOT} ")
        column = noun.filter(name)
        if column is not None:
            conditions.append(parse_condition(column, text, is_negated=name != keyword))
        elif keyword in options:
            given[keyword] = _option_value(options[keyword], text)
        else:
            known = [*options, *(column.name for column in noun.columns + noun.filters)]
            hint = advice(name, known, otherwise=f"see {noun.show_command} ?")
            msg = f"{noun.show_command}: unknown option {quoted(keyword)}; {hint}"
            raise UsageError(msg)
    if "interval" in given and noun.column("time") is None:
        msg = f"{noun.show_command}: interval samples tables that keep findings over time; this one has no samples"
        raise UsageError(msg)
    query = Query(
        noun,
        _columns(noun, given.get("format"), sampled="interval" in given, summed=bool(given.get("sum-by"))),
        tuple(conditions),
        make_window(given, now_ns),
        limit=given.get("limit-output", 0),
        shows_dups=given.get("show-dups", False),
        wants_count=given.get("count-output", False),
        wants_sums=given.get("count-output-sum", False),
        own=frozenset(name for name in map(option_name, noun.options) if given.get(name)),
    )
    if given.get("sum-by"):
        query = _summed(query, given["sum-by"], has_format="format" in given)
    return replace(query, sort=_sort(query, given))


def option_name(option: Option) -> str:
    """The name under which an option's value travels."""
    return option.name if isinstance(option, Flag) else option.keyword


def _options(noun: Noun) -> tuple[Option, ...]:
    return noun.options + OUTPUT_OPTIONS + (TIME_OPTIONS if noun.has_times else ())


def _option_value(option: Option, text: str) -> Any:
    if isinstance(option, Flag):
        return text.lower() in ("", "true", "yes", "on", option.yes)
    try:
        return option.type.parse(text)
    except ValueError as error:
        msg = f"{option.keyword}: {quoted(text)} is not {error}"
        raise UsageError(msg) from None


def names_in(text: str) -> list[str]:
    """Split a list of columns; blanks around commas and empty members say nothing, as with NetVisor."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _columns(noun: Noun, wanted: str | None, *, sampled: bool, summed: bool) -> tuple[Column, ...]:
    if wanted is None:
        time = noun.column("time") if sampled else None
        return noun.default_columns + ((time,) if time else ())
    if wanted.strip() == "all":
        return noun.columns
    # Sums have their count whether it is named or not.
    left_out = {COUNT_COLUMN.name} if summed and noun.column(COUNT_COLUMN.name) is None else set()
    return tuple(_known(noun, "format", name) for name in names_in(wanted) if name not in left_out)


def _summed(query: Query, wanted: str, *, has_format: bool) -> Query:
    """Turn the query into one for groups: their columns, how many rows each has, and the sums."""
    noun = query.noun
    keys = tuple(dict.fromkeys(_known(noun, "sum-by", name) for name in names_in(wanted)))
    shown = [column for column in query.columns if column not in keys]
    if has_format:
        lost = next((column.name for column in shown if not column.is_additive), None)
        if lost is not None:
            msg = f"{noun.show_command}: sum-by: {lost} can neither be added up nor is it one of the columns to sum by"
            raise UsageError(msg)
    else:
        shown = list(noun.columns)
    sums = tuple(column for column in shown if column.is_additive and column not in keys)
    count = noun.column(COUNT_COLUMN.name) or COUNT_COLUMN
    sums = tuple(column for column in sums if column != count)
    return replace(query, columns=(*keys, count, *sums), sum_by=tuple(column.name for column in keys))


def _sort(query: Query, given: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    keys = []
    for keyword, descending in (("sort-asc", False), ("sort-desc", True)):
        for name in names_in(given.get(keyword, "")):
            if query.sum_by and name not in [column.name for column in query.columns]:
                known = ", ".join(column.name for column in query.columns)
                msg = f"{query.noun.show_command}: {keyword}: sums have the columns {known}, not {quoted(name)}"
                raise UsageError(msg)
            keys.append((name if query.sum_by else _known(query.noun, keyword, name).name, descending))
    return tuple(keys)


def _known(noun: Noun, keyword: str, name: str) -> Column:
    column = noun.column(name)
    if column is None:
        hint = advice(name, [each.name for each in noun.columns], otherwise=f"see {noun.show_command} ?")
        msg = f"{noun.show_command}: {keyword}: there is no column {quoted(name)}; {hint}"
        raise UsageError(msg)
    return column
