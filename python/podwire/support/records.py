"""Rows as lines of text for programs: JSON objects and comma-separated values, free of what a terminal would obey."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podwire.support.words import clean

_QUOTED = frozenset(',"')
_encode = json.JSONEncoder().encode


def json_line(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Print a row as JSON; ASCII only, so that what JSON itself would pass on raw is escaped as well."""
    return json_text({name: row.get(name) for name in columns})


def json_text(value: Any) -> str:
    """Print a value as JSON, as `json_line` does."""
    return _encode(value).replace("\x7f", "\\u007f")


def csv_line(values: Iterable[Any]) -> str:
    """Print values as RFC 4180 has them; unknown ones are empty, truths are `true` and `false`."""
    return ",".join(map(csv_cell, values))


def csv_cell(value: Any) -> str:
    """Print one value; control characters, line ends among them, are made visible, so that a row is one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = clean(str(value))
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if not _QUOTED.isdisjoint(text) else text
