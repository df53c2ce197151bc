"""Every option of the show engine on every noun of the catalog: a new noun is tested by being declared.

Each answer is compared with one that is worked out here in the plainest way, over dictionaries and over Arrow tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from podwire.catalog import NOUNS, Noun
from podwire.catalog.nouns import Column
from podwire.catalog.show_options import COUNT_COLUMN
from podwire.commands.answer import Answer
from podwire.commands.query import parse_query
from podwire.commands.show import answer_rows, sort_key
from podwire.support.errors import UsageError

from .made_rows import NOW, SECOND, rows_of

Row = dict[str, Any]
Params = list[tuple[str, str]]

every_noun = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
every_column = pytest.mark.parametrize(
    ("noun", "column"),
    [(noun, column) for noun in NOUNS for column in noun.columns],
    ids=lambda each: each.name,
)
both_forms = pytest.mark.parametrize("form", [list, "table"], ids=["rows", "table"])


def as_table(noun: Noun, rows: list[Row]) -> pa.Table:
    """Return the rows as the packet core and the history hand them over: dictionary-encoded texts, typed columns."""
    text = pa.dictionary(pa.int32(), pa.string())
    kinds = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "string": text}
    arrays = [pa.array([row[column.name] for row in rows], kinds[column.type.json_type]) for column in noun.columns]
    return pa.table(arrays, names=[column.name for column in noun.columns])


def ask(noun: Noun, rows: list[Row], params: Params, form: Any = list) -> Answer:
    given = rows if form is list else as_table(noun, rows)
    return answer_rows(parse_query(noun, params, now_ns=NOW), given, now_ns=NOW)


def shown(noun: Noun, rows: list[Row], params: Params, form: Any = list) -> list[Row]:
    return ask(noun, rows, params, form).as_rows()


ALL = ("format", "all")


def typed(column: Column, value: Any) -> str:
    """Write a raw value so that it is read as exactly that value."""
    if column.type.name in ("duration", "latency"):
        return f"{value}ns"
    if column.type.name == "time":
        return f"{column.type.show(value)}.0"
    return column.type.show_raw(value)


@both_forms
@every_noun
def test_format(noun: Noun, form: Any) -> None:
    rows = rows_of(noun)
    assert shown(noun, rows, [ALL], form) == rows
    assert list(shown(noun, rows, [], form)[0]) == [column.name for column in noun.default_columns]
    for column in noun.columns:
        assert shown(noun, rows, [("format", column.name + ",")], form) == [
            {column.name: row[column.name]} for row in rows
        ]


@both_forms
@every_column
def test_sorting(noun: Noun, column: Column, form: Any) -> None:
    rows = rows_of(noun)
    for option, descending in (("sort-asc", False), ("sort-desc", True)):
        expected = sorted(rows, key=lambda row: sort_key(row[column.name]), reverse=descending)
        assert shown(noun, rows, [ALL, (option, column.name)], form) == expected


@both_forms
@every_column
def test_every_column_is_a_filter(noun: Noun, column: Column, form: Any) -> None:
    rows = rows_of(noun)
    values = [row[column.name] for row in rows]
    value = next(each for each in values if each is not None and "," not in str(each) and "*" not in str(each))
    text = typed(column, value)
    equal = [row for row in rows if row[column.name] == value]
    if column.type.is_list:
        equal = [row for row in rows if value in str(row[column.name]).split(",")]
    assert shown(noun, rows, [ALL, (column.name, text)], form) == equal
    others = [row for row in rows if row not in equal]
    assert shown(noun, rows, [ALL, (f"not {column.name}", text)], form) == others
    if column.type.name != "list":
        wanted = list(dict.fromkeys(str(each) for each in values if each is not None))[:2]
        both = ",".join(typed(column, each) for each in values if each is not None and str(each) in wanted)
        if "," not in "".join(wanted):
            found = [row for row in rows if str(row[column.name]) in wanted]
            assert shown(noun, rows, [ALL, (column.name, both)], form) == found


@both_forms
@every_column
def test_ranges_and_patterns(noun: Noun, column: Column, form: Any) -> None:
    rows = rows_of(noun)
    if not column.type.is_number:
        if column.type.json_type == "string":
            found = [row for row in rows if str(row[column.name] or "").casefold().startswith("p")]
            assert shown(noun, rows, [ALL, (column.name, "P*")], form) == found
        return
    low, middle, *_, high = sorted({row[column.name] for row in rows if row[column.name] is not None})

    def between(first: int, last: int) -> list[Row]:
        return [row for row in rows if row[column.name] is not None and first <= row[column.name] <= last]

    texts = [typed(column, each) for each in (low, middle, high)]
    asked: list[tuple[str, list[Row]]] = [
        (f"{texts[1]}..{texts[2]}", between(middle, high)),
        (f"{texts[1]}..", between(middle, high)),
        (f"..{texts[1]}", between(low, middle)),
        (f">{texts[1]}", between(middle + 1, high)),
        (f">={texts[1]}", between(middle, high)),
        (f"<{texts[1]}", between(low, middle - 1)),
        (f"<={texts[1]}", between(low, middle)),
    ]
    if column.type.name != "time":
        asked += [(f"{texts[1]}-", between(middle, high)), (f"-{texts[1]}", between(low, middle))]
        asked.append((f"{texts[0]},{texts[2]}-{texts[2]}", between(low, low) + between(high, high)))
    for text, expected in asked:
        found = shown(noun, rows, [ALL, (column.name, text)], form)
        assert sorted(map(str, found)) == sorted(map(str, expected)), text


@both_forms
@every_noun
def test_limit_and_count(noun: Noun, form: Any) -> None:
    rows = rows_of(noun)
    answer = ask(noun, rows, [ALL, ("limit-output", "3"), ("count-output", "true")], form)
    assert (answer.as_rows(), answer.count) == (rows[:3], len(rows))
    assert shown(noun, rows, [ALL, ("limit-output", "0")], form) == rows


@both_forms
@every_noun
def test_equal_rows_are_shown_once_unless_asked_for(noun: Noun, form: Any) -> None:
    rows = rows_of(noun, 10)
    twice = [*rows[:5], *rows]
    distinct = list({str(row): row for row in twice}.values())
    assert shown(noun, twice, [ALL], form) == distinct
    assert shown(noun, twice, [ALL, ("show-dups", "true")], form) == twice


@both_forms
@every_noun
def test_sums(noun: Noun, form: Any) -> None:
    rows = rows_of(noun)
    names = [column.name for column in noun.columns if column.is_additive]
    expected = {name: sum(row[name] or 0 for row in rows) for name in names}
    assert ask(noun, rows, [("count-output-sum", "true")], form).sums == expected
    assert ask(noun, rows, [("count-output-sum", "true"), ("limit-output", "1")], form).sums == expected


@both_forms
@every_column
def test_sum_by(noun: Noun, column: Column, form: Any) -> None:
    rows = rows_of(noun)
    names = [each.name for each in noun.columns if each.is_additive and each is not column and each.name != "count"]
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column.name], []).append(row)

    def added(group: list[Row], name: str) -> int | None:
        known = [row[name] for row in group if row[name] is not None]
        return sum(known) if known else None

    expected = [
        {column.name: value, COUNT_COLUMN.name: len(group)} | {name: added(group, name) for name in names}
        for value, group in groups.items()
    ]
    if noun.column("count") is None:
        assert shown(noun, rows, [("sum-by", column.name)], form) == expected
        most = max(len(group) for group in groups.values())
        first = shown(noun, rows, [("sum-by", column.name), ("sort-desc", "count"), ("limit-output", "1")], form)
        assert first[0]["count"] == most


_WINDOWS: list[tuple[Params, Callable[[int, int], bool]]] = [
    ([("within-last", "30m")], lambda first, last: last >= NOW - 1800 * SECOND),
    ([("older-than", "30m")], lambda first, last: first <= NOW - 1800 * SECOND),
    ([("duration", "1h")], lambda first, last: last >= NOW - 3600 * SECOND),
    ([("since-start", "true")], lambda first, last: True),
    ([("start-time", "2026-01-01T11:00:00Z")], lambda first, last: last >= 1_767_265_200 * SECOND),
    ([("end-time", "2026-01-01T11:00:00Z")], lambda first, last: first <= 1_767_265_200 * SECOND),
]


@both_forms
@every_noun
def test_the_time_window(noun: Noun, form: Any) -> None:
    rows = rows_of(noun)
    for params, holds in _WINDOWS:
        if noun.times is None:
            with pytest.raises(UsageError, match="unknown option"):
                shown(noun, rows, params, form)
            continue
        first, last = noun.times
        expected = [row for row in rows if holds(row[first], row[last])]
        assert shown(noun, rows, [ALL, *params], form) == expected


@every_noun
def test_wrong_words_get_the_nearest_right_one(noun: Noun) -> None:
    # A mistake in a word of two letters is another word.
    column = next(each.name for each in noun.columns if len(each.name) > 2)
    with pytest.raises(UsageError, match=f"did you mean '{column}'"):
        parse_query(noun, [("format", column[:-1] + "_")], now_ns=NOW)
    with pytest.raises(UsageError, match="did you mean 'limit-output'"):
        parse_query(noun, [("limit-ouput", "1")], now_ns=NOW)
