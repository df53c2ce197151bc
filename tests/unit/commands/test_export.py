"""Rows for programs: each form is read back by a reader of its own, for every noun, over rows and over tables."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.catalog import NOUNS, Noun
from podwire.catalog.switch_info import SWITCH_INFO
from podwire.commands.answer import Answer
from podwire.commands.export import export

from .made_rows import rows_of
from .test_every_noun import ALL, ask, both_forms, every_noun


def exported(noun: Noun, kind: str, form: Any) -> bytes:
    return b"".join(export(noun, ask(noun, rows_of(noun), [ALL], form), kind))


@both_forms
@every_noun
def test_json(noun: Noun, form: Any) -> None:
    assert [json.loads(line) for line in exported(noun, "json", form).splitlines()] == rows_of(noun)


@both_forms
@every_noun
def test_csv(noun: Noun, form: Any) -> None:
    header, *rows = csv.reader(io.StringIO(exported(noun, "csv", form).decode()))
    assert header == [column.name for column in noun.columns]
    words = {None: "", True: "true", False: "false"}
    plain = [
        [words[value] if value is None or isinstance(value, bool) else str(value) for value in row.values()]
        for row in rows_of(noun)
    ]
    assert rows == plain


@both_forms
@every_noun
def test_parquet(noun: Noun, form: Any) -> None:
    assert pq.read_table(io.BytesIO(exported(noun, "parquet", form))).to_pylist() == rows_of(noun)


@pytest.mark.parametrize("noun", NOUNS[:1])
def test_no_rows(noun: Noun) -> None:
    nothing = Answer([], [column.name for column in noun.columns])
    assert list(export(noun, nothing, "json")) == []
    assert b"".join(export(noun, nothing, "csv")).count(b"\n") == 1
    assert pq.read_table(io.BytesIO(b"".join(export(noun, nothing, "parquet")))).num_rows == 0


def test_nothing_that_a_terminal_would_obey() -> None:
    answer = Answer([{"name": '\x1b[2J"\r\n\u202e', "version": "a,b"}], ["name", "version"])
    assert b"".join(export(SWITCH_INFO, answer, "csv")) == (b'name,version\n"\\x1b[2J""\\x0d\\x0a\\u202e","a,b"\n')
    assert b"".join(export(SWITCH_INFO, answer, "json")).isascii()


@pytest.mark.parametrize("kind", ["json", "csv"])
@given(st.lists(st.tuples(st.none() | st.text(max_size=5), st.none() | st.sampled_from(["web-1", "10.0.0.1", "::1"]))))
@settings(deadline=None)
def test_whole_columns_are_written_as_rows_are(kind: str, cells: list[tuple[str | None, str | None]]) -> None:
    names = ["name", "version"]
    rows = [dict(zip(names, each, strict=True)) for each in cells]
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))
    wanted = b"".join(export(SWITCH_INFO, Answer(rows, names), kind))
    assert b"".join(export(SWITCH_INFO, Answer([], names, table=table), kind)) == wanted
    coded = pa.table([column.dictionary_encode() for column in table.columns], names=names)
    assert b"".join(export(SWITCH_INFO, Answer([], names, table=coded), kind)) == wanted
