"""The nouns agree with themselves and with each other."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from itertools import chain

import pytest

from podwire.catalog import NOUNS, Flag, Noun, Option, Parameter
from podwire.catalog.show_options import OUTPUT_OPTIONS, SWITCHES, TIME_OPTIONS
from podwire.cli.grammar import parse
from podwire.cli.keywords import COMMANDS

WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
BUILT_IN = {"exit", "help", "pager", "quit", "switch", "switch-local"}
each_noun = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)


def words(options: tuple[Option, ...]) -> list[str]:
    return [word for option in options for word in _words(option)]


def _words(option: Option) -> tuple[str, ...]:
    return (option.yes, option.no) if isinstance(option, Flag) else (option.keyword,)


def twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def is_sentence(text: str) -> bool:
    return bool(text) and text.endswith(".") and text == " ".join(text.split())


def test_names_are_unique() -> None:
    assert not twice([noun.name for noun in NOUNS])
    assert not twice([noun.plural for noun in NOUNS])
    assert [noun.name for noun in NOUNS] == sorted(noun.name for noun in NOUNS)
    assert len(COMMANDS) == sum(1 + len(noun.verbs) for noun in NOUNS)
    assert not BUILT_IN & set(COMMANDS)


@each_noun
def test_words_are_words_and_mean_one_thing(noun: Noun) -> None:
    columns = [column.name for column in noun.columns]
    show = words(noun.options + OUTPUT_OPTIONS + (TIME_OPTIONS if noun.has_times else ()))
    assert not twice(columns + show)
    for verb in noun.verbs:
        assert not twice(words(verb.options))
    every = [noun.name, noun.plural, *columns, *show, *chain(*(words(verb.options) for verb in noun.verbs))]
    assert [word for word in every if not WORD.fullmatch(word)] == []


@each_noun
def test_every_help_is_a_sentence(noun: Noun) -> None:
    texts = [noun.show_help, *(each.help for each in SWITCHES), *(column.help for column in noun.columns)]
    for verb in noun.verbs:
        texts += [verb.help, *(option.help for option in verb.options)]
    texts += [option.help for option in noun.options + OUTPUT_OPTIONS + TIME_OPTIONS]
    assert [text for text in texts if not is_sentence(text)] == []
    assert noun.title


@each_noun
def test_rows_can_be_told_apart_and_shown(noun: Noun) -> None:
    assert noun.default_columns
    assert noun.is_singleton or any(column.is_key for column in noun.columns)
    for name in noun.times or ():
        found = noun.column(name)
        assert found is not None
        assert found.type.name == "time"


@each_noun
def test_keys_of_verbs_are_columns(noun: Noun) -> None:
    keys = {column.name for column in noun.columns if column.is_key}
    for verb in noun.verbs:
        settable = set(words(verb.options)) | {option.name for option in verb.options if isinstance(option, Flag)}
        assert not verb.needs_one or settable - keys
        for option in verb.options:
            if verb.name == "delete":
                assert isinstance(option, Parameter)
                assert option.keyword in keys
            elif verb.name in ("create", "modify"):
                name = option.name if isinstance(option, Flag) else option.keyword
                is_secret = isinstance(option, Parameter) and option.type.is_secret
                assert is_secret or noun.column(name) is not None, f"{name} can be set, and not be shown"


@each_noun
def test_the_examples_parse(noun: Noun) -> None:
    assert noun.examples
    for example in noun.examples:
        request = parse(shlex.split(example))
        assert request.noun is noun
        assert request.help_status is None


@each_noun
def test_help_says_how_a_value_is_written(noun: Noun) -> None:
    for column in noun.columns:
        assert column.value_help
        assert "{" not in column.value_help
    assert noun.column("no-such-column") is None
    assert noun.verb("no-such-verb") is None
