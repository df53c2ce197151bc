"""Rows of any noun, made from the types of its columns: what the tests of the show engine are run on."""

from __future__ import annotations

import random
from typing import Any

from podwire.catalog import Noun
from podwire.catalog.nouns import Column

NOW = 1_767_268_809_000_000_000
SECOND = 1_000_000_000
_WORDS = ("pod-A", "pod-b", "web-1", "web-2", "a,b", "10", "x|y", "Zulu", "\\", "=1")


def rows_of(noun: Noun, number: int = 40) -> list[dict[str, Any]]:
    """Return `number` rows with all columns, some values unknown, some rows alike but for their keys."""
    chance = random.Random(noun.name)  # noqa: S311 - test data
    rows = []
    for at in range(number):
        row = {column.name: _value(column, chance, at) for column in noun.columns}
        if noun.times is not None:
            first, last = noun.times
            row[first] = NOW - chance.randrange(1, 10_000) * SECOND
            row[last] = row[first] + chance.randrange(500) * SECOND
        rows.append(row)
    # Settings have no keys: equal rows, which the engine shows once, would be chance's doing.
    return list({str(row): row for row in rows}.values())


def _value(column: Column, chance: random.Random, at: int) -> Any:
    if column.is_key and not column.type.choices:
        return _key(column, at)
    if chance.random() < 0.15:
        return None
    if column.type.choices:
        return chance.random() < 0.5 if column.type.name == "boolean" else chance.choice(column.type.choices)
    if column.type.name == "time":
        return NOW - chance.randrange(100_000) * SECOND
    if column.type.is_number:
        number = chance.choice((0, 1, 7, 53, 80, 100))
        return float(number) if column.type.json_type == "number" else number
    return chance.choice(_TEXTS.get(column.type.name, _WORDS))


def _key(column: Column, at: int) -> Any:
    if column.type.name == "time":
        return NOW - at * SECOND
    if column.type.is_number:
        return at
    return f"10.0.0.{at}" if column.type.is_address else f"key-{at:03}"


_TEXTS = {
    "address": ("10.10.2.1", "10.10.10.1", "192.168.0.7", "fd00::1"),
    "mac": ("88:88:88:00:00:01", "88:88:88:00:00:02", "02:00:00:00:00:01"),
}
